from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from report_rows import Reports, report_row

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.dialects import SPARK
from data_hub.sql_views.views import create_views
from local_aws.athena import Athena
from local_aws.athena_statement import parse_statement

if TYPE_CHECKING:
    from local_aws.process import LocalAws


@pytest.fixture(scope="module")
def reports(aws: "LocalAws") -> Reports:
    reports = Reports.deploy(aws)
    reports.add(report_row(), report_row(rssdid=7, item_value="9"), report_row(seriesid="FRY15", item_mdrm="RISK1"))
    reports.add(report_row(item_mdrm="BHCK4397", item_value="488859"))
    create_views(reports.pipeline, reports.deployment)
    return reports


@pytest.fixture
def athena(aws: "LocalAws", reports: Reports) -> Athena:
    return Athena(open_catalog(), aws.client("glue"), reports.deployment.database)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT BHCK2170 FROM fry9c_report_view WHERE rssdid = 7",
        'select v."bhck2170" from {database}.FRY9C_Report_View v where rssdid = 7;',
        "SELECT bhck2170 FROM AwsDataCatalog.{database}.fry9c_report_view WHERE rssdid = 7",
        "SELECT item_value AS bhck2170 FROM collections_data_staging WHERE rssdid = 7",
        "WITH fry9c_report_view AS (SELECT * FROM fry9c_report_view) "
        "SELECT bhck2170 FROM fry9c_report_view WHERE rssdid = 7",
        "SELECT bhck2170 FROM fry9c_report_view WHERE rssdid IN "
        "(SELECT rssdid FROM collections_data_view WHERE item_value = '9')",
        "(SELECT bhck2170 FROM fry9c_report_view WHERE rssdid = 7 UNION SELECT '9')",
    ],
)
def test_names_may_be_qualified_and_in_any_case(athena: Athena, reports: Reports, sql: str) -> None:
    assert athena.query(sql.format(database=reports.deployment.database)).to_pylist() == [{"bhck2170": "9"}]


def test_athena_functions_are_understood(athena: Athena) -> None:
    month = "date_format(submission_ts, '%Y-%m')"
    sql = f"SELECT {month} AS m, approx_distinct(rssdid) AS n FROM fry9c_report_view GROUP BY 1"  # noqa: S608
    assert athena.query(sql).to_pylist() == [{"m": "2026-02", "n": 2}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT `bhck2170` FROM `fry9c_report_view` WHERE rssdid = 7",
        'SELECT bhck2170 FROM {database}.fry9c_report_view WHERE aod = "2025-12-31" AND bhck2170 = "9"',
        "SELECT element_at(split(concat(bhck2170, '|'), '[|]'), 1) bhck2170 FROM FRY9C_report_view WHERE rssdid <=> 7",
    ],
)
def test_spark_s_sql_reads_spark_s_text_of_the_views(aws: "LocalAws", reports: Reports, sql: str) -> None:
    database = reports.deployment.database
    spark = Athena(open_catalog(), aws.client("glue"), database, SPARK)
    assert spark.query(sql.format(database=database)).to_pylist() == [{"bhck2170": "9"}]


def test_a_view_without_a_text_for_the_dialect_is_named(aws: "LocalAws", reports: Reports) -> None:
    glue, database = aws.client("glue"), reports.deployment.database
    table = glue.get_table(DatabaseName=database, Name="fry15_report_view")["Table"]
    [athena_text] = [each for each in table["ViewDefinition"]["Representations"] if each["Dialect"] == "ATHENA"]
    only_athena = {"Name": "only_athena_view", "ViewDefinition": {"Representations": [athena_text]}}
    glue.create_table(
        DatabaseName=database,
        TableInput=only_athena | {"StorageDescriptor": {"Columns": table["StorageDescriptor"]["Columns"]}},
    )
    try:
        spark = Athena(open_catalog(), glue, database, SPARK)
        with pytest.raises(DataHubError, match="View only_athena_view has no valid text for Spark"):
            spark.query("SELECT * FROM only_athena_view")
        assert (spark.count("only_athena_view"), spark.count("fry15_report_view")) == (None, 1)
    finally:
        glue.delete_table(DatabaseName=database, Name="only_athena_view")


def test_every_relation_has_its_columns(athena: Athena) -> None:
    columns = athena.columns()
    assert columns["collections_data_staging"]["rssdid"] == "bigint"
    assert list(columns["fry15_report_view"]) == ["aod", "rssdid", "submission_ts", "risk1"]


def test_one_instance_answers_many_queries(athena: Athena) -> None:
    counts = [athena.query("SELECT count(*) AS n FROM collections_data_view").to_pylist() for _ in range(2)]
    assert counts == [[{"n": 4}], [{"n": 4}]]


def test_show_and_describe(athena: Athena) -> None:
    views = ["collections_data_current_view", "collections_data_view", "fry15_report_view", "fry9c_report_view"]
    assert athena.query("SHOW TABLES")["name"].to_pylist() == sorted(["collections_data_staging", *views])
    assert athena.query("show views;")["name"].to_pylist() == views
    assert athena.query("DESCRIBE FRY15_report_view").to_pylist() == [
        {"column": "aod", "type": "date"},
        {"column": "rssdid", "type": "bigint"},
        {"column": "submission_ts", "type": "timestamp"},
        {"column": "risk1", "type": "string"},
    ]


def test_summaries(athena: Athena) -> None:
    tables, views = athena.tables(), athena.views()
    assert list(tables) == ["collections_data_staging"]
    assert (tables["collections_data_staging"].rows, tables["collections_data_staging"].snapshots) == (4, 2)
    assert tables["collections_data_staging"].columns["rssdid"] == "bigint"
    assert {view.name: athena.count(view.name) for view in views} == {
        "collections_data_current_view": 4,
        "collections_data_view": 4,
        "fry15_report_view": 1,
        "fry9c_report_view": 2,
    }
    assert tuple(views[-1].texts) == ("SPARK", "ATHENA")
    assert list(views[-1].columns)[-2:] == ["bhck2170", "bhck4397"]


def test_an_unknown_table_is_answered_with_what_there_is(athena: Athena) -> None:
    with pytest.raises(
        DataHubError, match=r"no table or view nope; it has: collections_data_current_view, collections_data_staging"
    ):
        athena.query("SELECT * FROM nope")


def test_an_unknown_column_is_named(athena: Athena) -> None:
    with pytest.raises(DataHubError, match=r"query failed.*nonsense"):
        athena.query("SELECT nonsense FROM fry9c_report_view")


def test_an_unknown_database_is_an_error(aws: "LocalAws", reports: Reports) -> None:
    athena = Athena(open_catalog(), aws.client("glue"), "nowhere")
    with pytest.raises(DataHubError, match="Database nowhere does not exist"):
        athena.query("SHOW TABLES")


def test_neither_python_variables_nor_files_are_tables(athena: Athena) -> None:
    variable = pa.table({"x": [1]})
    for name in ("variable", __file__):
        with pytest.raises(DataHubError, match="has no table or view"):
            athena.query(f'TABLE "{name}"')
    assert variable.num_rows == 1


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DROP TABLE t", "DROP is refused"),
        ("drop view v", "DROP is refused"),
        ("INSERT INTO t SELECT 1", "INSERT is refused"),
        ("DELETE FROM t", "DELETE is refused"),
        ("CREATE TABLE t AS SELECT 1 AS a", "CREATE is refused"),
        ("ALTER VIEW v DROP DIALECT", "ALTER is refused"),
        ("UNLOAD (SELECT 1) TO 's3://b/'", "UNLOAD is refused"),
        ("COPY t TO 'x'", "COPY is refused"),
        ("SET TimeZone = 'UTC'", "SET is refused"),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "Only queries are answered"),
        ("SELECT 1 INTO t", "Only queries are answered"),
        ("SELECT 1; DROP TABLE t", "2 statements were given"),
        ("SELECT * FROM read_csv('/etc/hostname')", "is a table function"),
        ("SELECT * FROM other.t", "other.t is in another database; only hub can be read"),
        ("DESCRIBE other.t", "another database"),
        ("SELECT sum(", "cannot be read"),
        ("SELECT 'open", "cannot be read"),
        ("  ", "No SQL was given"),
    ],
)
def test_everything_but_reading_is_refused(sql: str, message: str) -> None:
    with pytest.raises(DataHubError, match=message):
        parse_statement(sql, "hub")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CACHE TABLE t", "CACHE is refused"),
        ("REFRESH TABLE t", "REFRESH is refused"),
        ("FROM t INSERT INTO x SELECT *", "FROM is refused"),
        ("SELECT * FROM parquet.`/etc/hostname`", "in another database"),
        ("SELECT * FROM range(3)", "is a table function"),
        ("SELECT `open", "cannot be read"),
    ],
)
def test_everything_but_reading_is_refused_in_spark_s_sql_too(sql: str, message: str) -> None:
    with pytest.raises(DataHubError, match=message):
        parse_statement(sql, "hub", SPARK)
