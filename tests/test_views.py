from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from report_rows import CONTRACT, SCHEMA, SUBMITTED, Reports, report_row

from data_hub.errors import DataHubError
from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.views import create_views
from hub_cli.athena import Athena

if TYPE_CHECKING:
    from local_aws.process import LocalAws


@pytest.fixture
def reports(aws: "LocalAws") -> Reports:
    return Reports.deploy(aws)


def publish(reports: Reports) -> dict[str, str]:
    return {view.name: view.outcome for view in create_views(reports.pipeline, reports.deployment)}


def stored(aws: "LocalAws", reports: Reports, view: str) -> dict[str, Any]:
    table: dict[str, Any] = aws.client("glue").get_table(DatabaseName=reports.deployment.database, Name=view)["Table"]
    return table


def select(aws: "LocalAws", reports: Reports, sql: str) -> list[dict[str, Any]]:
    deployment = reports.deployment
    rows: list[dict[str, Any]] = Athena(open_catalog(), aws.client("glue"), deployment.database).query(sql).to_pylist()
    return rows


def test_a_view_for_all_rows_and_one_for_each_series(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row(), report_row(seriesid="FRY15", item_mdrm="RISK0001"))
    assert publish(reports) == {
        "collections_data_view": "created",
        "fry15_report_view": "created",
        "fry9c_report_view": "created",
    }
    table = stored(aws, reports, "fry9c_report_view")
    account = stored(aws, reports, "collections_data_staging")["CatalogId"]
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
    unified = stored(aws, reports, "collections_data_view")
    assert [column["Name"] for column in unified["StorageDescriptor"]["Columns"]] == SCHEMA.names


def test_unchanged_views_are_not_written(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    publish(reports)
    before = stored(aws, reports, "fry9c_report_view")
    reports.add(report_row(item_value="5", rssdid=7))
    assert set(publish(reports).values()) == {"unchanged"}
    assert stored(aws, reports, "fry9c_report_view") == before


def test_a_new_item_replaces_both_texts_at_once(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    publish(reports)
    before = stored(aws, reports, "fry9c_report_view")
    reports.add(report_row(item_mdrm="BHCK4397"))
    assert publish(reports) == {"collections_data_view": "unchanged", "fry9c_report_view": "replaced"}
    after = stored(aws, reports, "fry9c_report_view")
    assert int(after["VersionId"]) == int(before["VersionId"]) + 1
    texts = [text["ViewOriginalText"] for text in after["ViewDefinition"]["Representations"]]
    assert [text["Dialect"] for text in after["ViewDefinition"]["Representations"]] == ["SPARK", "ATHENA"]
    assert all("BHCK4397" in text for text in texts)


def test_a_correction_shows_as_a_further_row(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    reports.add(report_row(submission_ts=SUBMITTED + timedelta(days=42), item_value="715291"))
    publish(reports)
    rows = select(aws, reports, "SELECT submission_ts, BHCK2170 FROM fry9c_report_view ORDER BY submission_ts")
    assert [row["bhck2170"] for row in rows] == ["702118", "715291"]
    assert rows[0]["submission_ts"] == SUBMITTED.replace(tzinfo=None)


def test_only_contexts_that_a_series_uses_are_columns(aws: "LocalAws", reports: Reports) -> None:
    reports.add(
        report_row(),
        report_row(seriesid="FR2004A", item_mdrm="GSWA0001", context_level1_value="1", item_value="long"),
        report_row(seriesid="FR2004A", item_mdrm="GSWA0001", context_level1_value="2", item_value="short"),
    )
    publish(reports)
    rows = select(aws, reports, "SELECT * FROM fr2004a_report_view")
    assert sorted((row["context_level1_value"], row["gswa0001"]) for row in rows) == [("1", "long"), ("2", "short")]
    assert "context_level1_mdrm" not in rows[0]
    assert "context_level1_value" not in select(aws, reports, "SELECT * FROM fry9c_report_view")[0]


def test_hostile_names_are_reported_and_stop_nobody_else(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    reports.add(
        report_row(),
        report_row(item_mdrm="x'; DROP TABLE t; --"),
        report_row(seriesid="'; DROP"),
        report_row(seriesid="fry9c"),
    )
    views = {view.name: view for view in create_views(reports.pipeline, reports.deployment)}
    assert {name: view.outcome for name, view in views.items()} == {
        "collections_data_view": "created",
        "'; DROP": "refused",
        "fry9c_report_view": "created",
        "fry9c": "refused",
    }
    assert "DROP TABLE" in views["fry9c_report_view"].note
    assert "differs from 'FRY9C' only in case" in views["fry9c"].note
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(view) for view in views.values()]
    assert printed[0] == "collections_data_view: created, 12 columns"
    assert printed[1].startswith('refused: Series "\'; DROP" gets no report view')


def test_without_the_table_the_error_says_what_to_do(reports: Reports) -> None:
    with pytest.raises(DataHubError, match=r"collections_data_staging does not exist yet: run the ingestion"):
        publish(reports)


def test_an_empty_table_has_its_unified_view(aws: "LocalAws", reports: Reports) -> None:
    reports.add()
    assert publish(reports) == {"collections_data_view": "created"}
    assert select(aws, reports, "SELECT * FROM collections_data_view") == []


def test_a_pipeline_without_report_columns_gets_only_the_unified_view(aws: "LocalAws") -> None:
    reports = Reports.deploy(aws, CONTRACT.replace("collections_data_staging", "things"))
    reports.add({"name": "a"}, schema=pa.schema([("name", pa.string())]))
    assert publish(reports) == {"things_view": "created"}
