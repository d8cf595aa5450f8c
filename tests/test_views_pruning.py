"""Views that nothing asks for any more: told, and dropped when somebody wants that."""

from typing import TYPE_CHECKING, Any

import pytest
from report_rows import Reports, report_row

from data_hub.errors import DataHubError
from data_hub.sql_views import catalog_view, view_definition
from data_hub.sql_views.view_parameters import PIPELINE

if TYPE_CHECKING:
    from local_aws.process import LocalAws


@pytest.fixture
def reports(aws: "LocalAws") -> Reports:
    return Reports.deploy(aws)


def test_a_view_whose_series_is_gone_is_told_and_dropped_only_when_asked(aws: "LocalAws", reports: Reports) -> None:
    table = reports.add(report_row(), report_row(seriesid="FRY15"))
    reports.publish()
    table.refresh()
    table.delete("seriesid = 'FRY15'")
    assert reports.publish()["fry15_report_view"] == "gone"
    assert reports.select(aws, "SELECT * FROM fry15_report_view") == []
    assert reports.publish(prune=True)["fry15_report_view"] == "dropped"
    assert "fry15_report_view" not in reports.publish(prune=True)
    with pytest.raises(DataHubError, match="fry15_report_view"):
        reports.select(aws, "SELECT * FROM fry15_report_view")


def test_a_view_is_not_dropped_when_the_table_has_changed_meanwhile(
    aws: "LocalAws", reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = reports.add(report_row(), report_row(seriesid="FRY15"))
    reports.publish()
    table.refresh()
    table.delete("seriesid = 'FRY15'")
    read = catalog_view.read

    def read_late(*arguments: Any) -> Any:
        reports.add(report_row(seriesid="FRY15"))
        return read(*arguments)

    monkeypatch.setattr(catalog_view, "read", read_late)
    assert reports.publish(prune=True)["fry15_report_view"] == "gone"
    assert len(reports.select(aws, "SELECT * FROM fry15_report_view")) == 1


def test_a_part_that_the_report_no_longer_has_goes_with_the_others(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_definition, "MAX_COLUMNS", 13)
    table = reports.add(*(report_row(item_mdrm=f"B{number:02}") for number in range(21)))
    assert reports.publish()["fry9c_report_3_view"] == "created"
    table.refresh()
    table.delete("item_mdrm = 'B20'")
    assert reports.publish() == {
        "collections_data_view": "unchanged",
        "collections_data_current_view": "unchanged",
        "fry9c_report_2_view": "replaced",
        "fry9c_report_view": "replaced",
        "fry9c_report_3_view": "dropped",
    }


def test_pruning_leaves_views_of_other_pipelines_and_of_people_alone(aws: "LocalAws", reports: Reports) -> None:
    reports.add(report_row())
    for name, parameters in (("others_view", {PIPELINE: "others"}), ("mine_view", {})):
        aws.client("glue").create_table(
            DatabaseName=reports.deployment.database,
            TableInput={"Name": name, "TableType": "VIRTUAL_VIEW", "Parameters": parameters},
        )
    assert set(reports.publish(prune=True).values()) == {"created"}
    assert reports.stored(aws, "others_view")["Name"] == "others_view"
    assert reports.stored(aws, "mine_view")["Name"] == "mine_view"
