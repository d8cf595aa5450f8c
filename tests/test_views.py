from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import boto3
import pyarrow as pa
import pytest
from report_rows import CONTRACT, SCHEMA, SUBMITTED, Reports, report_row

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views import view_definition, views_summary
from data_hub.sql_views.athena_workgroup import AthenaWorkgroup
from data_hub.sql_views.base_table import Database
from data_hub.sql_views.view_definitions import define_views
from data_hub.sql_views.view_parameters import CHECK, MISFITS
from data_hub.sql_views.views import create_views
from local_aws.faults import Fault

if TYPE_CHECKING:
    from local_aws.process import LocalAws


@pytest.fixture
def reports(aws: "LocalAws") -> Reports:
    return Reports.deploy(aws)


def test_a_view_for_all_rows_and_one_for_each_series(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row(), report_row(seriesid="FRY15", item_mdrm="RISK0001"))
    assert reports.publish() == {
        "collections_data_view": "created",
        "collections_data_current_view": "created",
        "fry15_report_view": "created",
        "fry9c_report_view": "created",
    }
    table = reports.stored(aws, "fry9c_report_view")
    account = reports.stored(aws, "collections_data_staging")["CatalogId"]
    assert table["ViewDefinition"]["SubObjects"] == [
        f"arn:aws:glue:us-east-1:{account}:table/{reports.deployment.database}/collections_data_staging"
    ]
    assert table["ViewDefinition"]["Definer"] == reports.deployment.view_definer
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == [
        "aod",
        "rssdid",
        "submission_ts",
        "bhck2170",
    ]
    unified = reports.stored(aws, "collections_data_view")
    assert [column["Name"] for column in unified["StorageDescriptor"]["Columns"]] == SCHEMA.names


def test_unchanged_views_are_not_written(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.publish()
    before = reports.stored(aws, "fry9c_report_view")
    reports.add(report_row(item_value="5", rssdid=7))
    assert set(reports.publish().values()) == {"unchanged"}
    assert reports.stored(aws, "fry9c_report_view") == before


def test_a_new_item_replaces_both_texts_at_once(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.publish()
    reports.add(report_row(item_mdrm="BHCK4397"))
    assert reports.publish() == {
        "collections_data_view": "unchanged",
        "collections_data_current_view": "unchanged",
        "fry9c_report_view": "replaced",
    }
    versions = aws.client("glue").get_table_versions(
        DatabaseName=reports.deployment.database, TableName="fry9c_report_view"
    )["TableVersions"]
    for version in versions:
        texts = [text["ViewOriginalText"] for text in version["Table"]["ViewDefinition"]["Representations"]]
        columns = {column["Name"] for column in version["Table"]["StorageDescriptor"]["Columns"]}
        assert {"BHCK4397" in text for text in texts} == {"bhck4397" in columns}
    assert "bhck4397" in {
        column["Name"] for column in reports.stored(aws, "fry9c_report_view")["StorageDescriptor"]["Columns"]
    }


def test_a_correction_shows_as_a_further_row(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.add(report_row(submission_ts=SUBMITTED + timedelta(days=42), item_value="715291"))
    reports.publish()
    rows = reports.select(aws, "SELECT submission_ts, BHCK2170 FROM fry9c_report_view ORDER BY submission_ts")
    assert [row["bhck2170"] for row in rows] == ["702118", "715291"]
    assert rows[0]["submission_ts"] == SUBMITTED.replace(tzinfo=None)


def test_only_contexts_that_a_series_uses_are_columns(aws: "LocalAws", reports: Reports) -> None:
    reports.add(
        report_row(),
        report_row(seriesid="FR2004A", item_mdrm="GSWA0001", context_level1_value="1", item_value="long"),
        report_row(seriesid="FR2004A", item_mdrm="GSWA0001", context_level1_value="2", item_value="short"),
    )
    reports.publish()
    rows = reports.select(aws, "SELECT * FROM fr2004a_report_view")
    assert sorted((row["context_level1_value"], row["gswa0001"]) for row in rows) == [("1", "long"), ("2", "short")]
    assert "context_level1_mdrm" not in rows[0]
    assert "context_level1_value" not in reports.select(aws, "SELECT * FROM fry9c_report_view")[0]


def test_hostile_names_are_reported_and_stop_nobody_else(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    reports.add(
        report_row(),
        report_row(item_mdrm="x'; DROP TABLE t; --"),
        report_row(seriesid="'; DROP"),
        report_row(seriesid="fry9c"),
    )
    views = {view.name: view for view in create_views(reports.pipeline, reports.deployment)}
    assert {name: view.outcome for name, view in views.items()} == {
        "'; DROP": "left out",
        "fry9c": "left out",
        "collections_data_view": "created",
        "collections_data_current_view": "created",
        "fry9c_report_view": "created",
    }
    assert (
        views["collections_data_view"].note
        == "series without a report view, because they make no distinct name (2): \"'; DROP\", 'fry9c'"
    )
    assert "DROP TABLE" in views["fry9c_report_view"].note
    assert "fry9c_report_view is already a view of series 'FRY9C'" in views["fry9c"].note
    printed = capsys.readouterr().out.splitlines()
    assert printed == [*map(str, views.values()), views_summary.line(list(views.values()))]
    assert printed[0].startswith('left out: Series "\'; DROP" gets no report view')
    assert printed[2].startswith("collections_data_view: created, 12 columns, check not checked")
    assert views_summary.line(list(views.values())).startswith("3 views: 3 created; 2 series without a view")


def test_without_the_table_the_error_says_what_to_do(reports: Reports) -> None:
    with pytest.raises(DataHubError, match=r"collections_data_staging does not exist yet: run the ingestion"):
        reports.publish()


def test_an_empty_table_has_the_views_of_its_rows(aws: "LocalAws", reports: Reports) -> None:
    reports.add()
    assert reports.publish() == {"collections_data_view": "created", "collections_data_current_view": "created"}
    assert reports.select(aws, "SELECT * FROM collections_data_view") == []


def test_a_pipeline_without_report_columns_gets_only_the_unified_view(aws: "LocalAws") -> None:
    reports = Reports.deploy(aws, CONTRACT.replace("collections_data_staging", "things"))
    reports.add(
        {"name": "a", "source_file": "a.csv"}, schema=pa.schema([("name", pa.string()), ("source_file", pa.string())])
    )
    assert reports.publish() == {"things_view": "created"}


def test_values_that_their_column_cannot_hold_are_counted_and_stay_in_the_unified_view(
    aws: "LocalAws", reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = reports.with_report({"TEXT*": "string", "*": "decimal(38,6)"})
    typed.add(
        report_row(item_mdrm="TEXT0001", item_value="free text"),
        report_row(item_mdrm="no-column", item_value="n/a"),
        report_row(item_value="n/a"),
        report_row(item_value="n/a", rssdid=7),
        report_row(item_value="1.12345678", rssdid=8),
        report_row(item_value="12.50", rssdid=9),
        report_row(item_value="", rssdid=10),
        report_row(item_value=None, rssdid=11),
    )
    views = {view.name: view for view in create_views(typed.pipeline, typed.deployment)}
    told = "3 reported values do not fit their columns' types, e.g. BHCK2170 '1.12345678'"
    assert views["fry9c_report_view"].misfits == told
    assert typed.stored(aws, "fry9c_report_view")["Parameters"][MISFITS] == told
    assert "values that do not fit their column in fry9c_report_view" in capsys.readouterr().out.splitlines()[-1]
    rows = typed.select(aws, "SELECT rssdid, bhck2170, text0001 FROM fry9c_report_view ORDER BY rssdid")
    assert [row["bhck2170"] for row in rows] == [None, None, Decimal("12.5"), None, None, None]
    assert rows[-1]["text0001"] == "free text"
    kept = typed.select(
        aws,
        "SELECT count(*) AS n FROM collections_data_view "
        "WHERE item_mdrm = 'BHCK2170' AND item_value IN ('n/a', '1.12345678')",
    )
    assert kept == [{"n": 3}]


def test_a_refused_view_stops_no_other_and_fails_the_job_with_the_reason(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    aws.client("glue").create_table(
        DatabaseName=reports.deployment.database, TableInput={"Name": "collections_data_view", "TableType": "OTHER"}
    )
    with pytest.raises(DataHubError, match=r"^View collections_data_view cannot be published: .* a table of that name"):
        reports.publish()
    assert [row["bhck2170"] for row in reports.select(aws, "SELECT bhck2170 FROM fry9c_report_view")] == ["702118"]


def test_all_refusals_are_told_at_once(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    for name in ("collections_data_view", "fry9c_report_view"):
        aws.client("glue").create_table(
            DatabaseName=reports.deployment.database, TableInput={"Name": name, "TableType": "OTHER"}
        )
    with pytest.raises(
        DataHubError, match=r"(?s)^2 views failed:\nView collections_data_view .*\nView fry9c_report_view"
    ):
        reports.publish()


def test_throttled_calls_are_made_again(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    aws.faults.plan(Fault("throttle", at=1, times=2, service="glue", operation="CreateTable"))
    assert set(reports.publish().values()) == {"created"}
    assert len(aws.faults.end()[1]) == 2


def test_a_view_file_is_published_with_the_others(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row(), report_row(rssdid=7))
    file = {"big_view.sql": "-- RSSD ids.\nSELECT DISTINCT rssdid FROM collections_data_staging WHERE rssdid > 7"}
    assert reports.publish(files=file)["big_view"] == "created"
    assert reports.select(aws, "SELECT * FROM big_view") == [{"rssdid": 1234567}]
    assert reports.stored(aws, "big_view")["Description"] == "RSSD ids."


def test_a_view_file_that_is_wrong_fails_the_job_after_all_others(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    files = {
        "a_view.sql": "-- Nothing.\nSELECT nonsense FROM collections_data_staging",
        "b_view.sql": "-- Nothing.\nSELECT x FROM nowhere",
        "c_view.sql": "-- Ids.\nSELECT rssdid FROM collections_data_staging",
        "d_view.sql": "DROP TABLE collections_data_staging",
        "e_view.sql": "-- A view.\nSELECT rssdid FROM collections_data_view",
        "collections_data_view.sql": "-- Taken.\nSELECT rssdid FROM collections_data_staging",
    }
    reports.publish()
    reasons = (
        r"(?s)^5 views failed:\na_view.sql: .*nonsense.*\nb_view.sql: .*nowhere.*"
        r"\ncollections_data_view.sql: the pipeline makes a view of that name itself.*\nd_view.sql: .*\ne_view.sql: "
    )
    with pytest.raises(DataHubError, match=reasons):
        reports.publish(files=files)
    assert reports.select(aws, "SELECT * FROM c_view") == [{"rssdid": 1234567}]


def test_a_view_whose_file_is_wrong_just_now_is_not_gone(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.publish(files={"a_view.sql": "-- Ids.\nSELECT rssdid FROM collections_data_staging"})
    with pytest.raises(DataHubError, match="this is no SQL"):
        reports.publish(files={"a_view.sql": "-- Ids.\nSELEC rssdid FROM collections_data_staging"}, prune=True)
    assert reports.select(aws, "SELECT * FROM a_view") == [{"rssdid": 1234567}]


def test_what_glue_refuses_at_once_stops_no_other_view(
    aws: "LocalAws", reports: Reports, capsys: pytest.CaptureFixture[str]
) -> None:
    reports.add(report_row())
    aws.faults.plan(Fault("refuse", at=1, service="glue", operation="CreateTable"))
    with pytest.raises(DataHubError, match=r"^Glue refused view collections_data_view: AccessDenied"):
        reports.publish()
    aws.faults.end()
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 views: 1 failed, 2 created")
    assert set(reports.publish().values()) == {"created", "unchanged"}


def test_parts_of_a_report_that_grows_never_lack_an_item(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is published on its own: after each of them the parts that are there have every item."""
    monkeypatch.setattr(view_definition, "MAX_COLUMNS", 6)
    database = Database(boto3.client("glue"), open_catalog(), reports.deployment.database)

    def parts(*items: str) -> dict[str, set[str]]:
        reports.add(*(report_row(item_mdrm=item) for item in items))
        views = define_views(reports.pipeline, database, {}).views
        return {view.name: set(view.columns) for view in views if "_report_" in view.name}

    there = parts("B1", "B2", "B3", "B5", "B6", "B7", "B9")
    wanted = set().union(*there.values())
    assert len(there) == 3
    for name, columns in parts("A1", "B4", "B8", "C1").items():
        there[name] = columns
        assert wanted <= set().union(*there.values())


def test_a_check_that_fails_fails_the_job_and_stands_in_the_parameters(
    aws: "LocalAws", reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports.add(report_row())
    answers = {"collections_data_view": ["2", "1", "0", "1"], "fry9c_report_view": None}

    def first_row(_: AthenaWorkgroup, sql: str) -> list[str]:
        [view] = [name for name in ("collections_data_view", "current_view", "fry9c_report_view") if name in sql]
        if (answer := answers.get(view, ["1", "1", "0", "0"])) is None:
            raise DataHubError("Athena has no time")
        return answer

    monkeypatch.setattr(AthenaWorkgroup, "first_row", first_row)
    with pytest.raises(
        DataHubError, match=r"(?s)2 views failed:.*_view: check failed: it has 2 rows .*not checked: Ath"
    ):
        reports.publish(athena_workgroup="hub")
    verdicts = {
        name: reports.stored(aws, name)["Parameters"][CHECK]
        for name in ("collections_data_view", "fry9c_report_view", "collections_data_current_view")
    }
    assert verdicts["collections_data_view"].startswith("failed: it has 2 rows where the table has 1; by source_file")
    assert verdicts["fry9c_report_view"] == "not checked: Athena has no time"
    assert verdicts["collections_data_current_view"] == "passed"


def test_a_column_that_is_called_like_the_rank_does_no_harm(aws: "LocalAws") -> None:
    reports = Reports.deploy(aws)
    schema = SCHEMA.append(pa.field("precedence", pa.string()))
    reports.add(report_row(precedence="mine"), report_row(precedence="mine", source_line=1), schema=schema)
    reports.publish()
    assert reports.select(aws, "SELECT precedence, source_line FROM collections_data_current_view") == [
        {"precedence": "mine", "source_line": 2}
    ]


def test_a_series_cannot_take_the_name_of_the_tables_view(aws: "LocalAws") -> None:
    reports = Reports.deploy(aws, CONTRACT.replace("collections_data_staging", "call_report_staging"))
    reports.add(report_row(seriesid="CALL"))
    assert reports.publish() == {
        "CALL": "left out",
        "call_report_view": "created",
        "call_report_current_view": "created",
    }
    assert "seriesid" in reports.select(aws, "SELECT * FROM call_report_view")[0]


def test_a_series_has_its_view_from_the_pipeline_that_was_first(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.publish()
    contract = CONTRACT.replace("collections_data_staging", "trials").replace(
        "pipeline: collections", "pipeline: trials"
    )
    trials = replace(Reports.deploy(aws, contract), deployment=reports.deployment)
    trials.add(report_row(item_value="5"), report_row(seriesid="FRY15"))
    views = {view.name: view for view in create_views(trials.pipeline, trials.deployment)}
    assert {name: view.outcome for name, view in views.items()} == {
        "FRY9C": "left out",
        "trials_view": "created",
        "trials_current_view": "created",
        "fry15_report_view": "created",
    }
    assert "fry9c_report_view is already a view of pipeline collections" in views["FRY9C"].note
    assert "'FRY9C'" in views["trials_view"].note
    assert [row["bhck2170"] for row in reports.select(aws, "SELECT bhck2170 FROM fry9c_report_view")] == ["702118"]
    assert set(reports.publish().values()) == {"unchanged"}
