"""Views are always there: whoever reads one while it is published anew sees one version of it, whole."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from report_rows import SCHEMA, Reports, report_row
from view_readers import Answer, Readers, by_athena, by_catalog, by_engine

from data_hub.iceberg.catalog import open_catalog
from data_hub.sql_views.view_publication import ViewPublication
from data_hub.sql_views.views import ViewOptions, create_views

if TYPE_CHECKING:
    from local_aws.process import LocalAws

VIEW = "fry9c_report_view"
KEYS = ["aod", "rssdid", "submission_ts"]
TIMES = 50
# Publishing goes on only when each reader has got through another question, once in so many versions.
EACH_READS = 5


@pytest.fixture
def reports(aws: "LocalAws") -> Reports:
    return Reports.deploy(aws)


def items(version: int) -> list[str]:
    """The item columns of a version: every other one has a new item."""
    return [f"bhck{number:04}" for number in range(0, version + 1, 2)]


def write_version(reports: Reports, version: int) -> None:
    """Write every institution's report anew in one commit: with each version there is one more of them."""
    rows = [
        report_row(rssdid=institution, item_mdrm=item.upper(), item_value=str(institution))
        for institution in range(version + 1)
        for item in items(institution)
    ]
    if version == 0:
        reports.add(*rows)
    else:  # appended files would make each question slower than the last one
        table = open_catalog().load_table((reports.deployment.database, reports.pipeline.table.name))
        table.overwrite(pa.Table.from_pylist(rows, schema=SCHEMA))


def judge(answer: Answer, published: int, begun: int) -> str:
    """Say what is wrong with an answer; an empty text when nothing is."""
    columns, rows = answer
    if columns not in [KEYS + items(version) for version in range(published, begun + 1)]:
        return f"columns {columns} after version {published}, before {begun}"
    if not rows:  # of the definition alone
        return ""
    institutions = sorted(int(row["rssdid"]) for row in rows)
    if institutions not in [list(range(version + 1)) for version in range(published, begun + 1)]:
        return f"rows of {institutions} after version {published}, before {begun}"
    wrong = [row for row in rows if any(row[item] != expected(row, item) for item in columns[len(KEYS) :])]
    return f"wrong values {wrong}" if wrong else ""


def expected(row: dict[str, Any], item: str) -> str | None:
    """Return what an institution reports for an item: nothing for those that came after it."""
    return str(row["rssdid"]) if item in items(int(row["rssdid"])) else None


def readers_of(aws: "LocalAws", reports: Reports) -> Readers:
    database = reports.deployment.database
    query = "SELECT * FROM fry9c_report_view"
    return Readers(
        {
            "engine": partial(by_engine, aws, database, query),
            "Athena": partial(by_athena, aws, database, query),
            "catalogue": partial(by_catalog, aws, database, VIEW),
        },
        judge,
    )


def republish(reports: Reports, readers: Readers, times: int, publish: Callable[[int], object]) -> None:
    """Publish version 0, then more of them while everybody reads."""
    write_version(reports, 0)
    publish(0)
    with readers.reading():
        for version in range(1, times + 1):
            readers.begun = version
            write_version(reports, version)
            publish(version)
            readers.published = version
            if version % EACH_READS == 0 or version == times:
                readers.wait()


def publish_all(reports: Reports, version: int) -> None:
    """Publish as the job does; what the check says is a part of the definition, and it changes too."""
    workgroup = None if version % EACH_READS else "primary"
    create_views(reports.pipeline, reports.deployment, ViewOptions(athena_workgroup=workgroup))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_readers_never_see_a_view_missing_stale_or_half(aws: "LocalAws", reports: Reports) -> None:
    readers = readers_of(aws, reports)
    republish(reports, readers, TIMES, partial(publish_all, reports))
    assert readers.faults == []
    assert min(readers.answers.values()) >= 2 * TIMES // EACH_READS
    table = aws.client("glue").get_table(DatabaseName=reports.deployment.database, Name=VIEW)["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == KEYS + items(TIMES)


def test_readers_of_a_view_that_is_deleted_to_be_made_again_see_that_it_is_missing(
    aws: "LocalAws", reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = readers_of(aws, reports)

    def delete_and_create(publication: ViewPublication, table_input: Any, existing: Any) -> None:
        assert existing["Name"] == table_input["Name"]
        publication.drop(table_input["Name"])
        if readers.answers:
            readers.wait()
        publication._create(table_input)

    monkeypatch.setattr(ViewPublication, "_replace", delete_and_create)
    republish(reports, readers, 2, partial(publish_all, reports))
    assert {fault.partition(":")[0] for fault in readers.faults} == readers.ask.keys()
    assert any(f"has no table or view {VIEW}" in fault for fault in readers.faults)


def test_readers_of_a_view_that_is_published_late_see_that_it_is_stale(aws: "LocalAws", reports: Reports) -> None:
    readers = readers_of(aws, reports)

    def publish_at_first(version: int) -> None:
        if version == 0:
            publish_all(reports, version)

    republish(reports, readers, 2, publish_at_first)
    assert any("after version 2, before 2" in fault for fault in readers.faults)


def test_readers_of_a_view_whose_texts_follow_its_columns_see_a_half(
    aws: "LocalAws", reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = readers_of(aws, reports)
    replace = ViewPublication._replace

    def columns_first(publication: ViewPublication, table_input: Any, existing: Any) -> None:
        old_texts = {name: existing["ViewDefinition"][name] for name in ("IsProtected", "Definer", "Representations")}
        publication.glue.update_table(
            DatabaseName=publication.database, TableInput={**table_input, "ViewDefinition": old_texts}
        )
        if readers.answers:
            readers.wait()
        replace(publication, table_input, existing)

    monkeypatch.setattr(ViewPublication, "_replace", columns_first)
    republish(reports, readers, 2, partial(publish_all, reports))
    assert any(fault.startswith("catalogue: AssertionError: SPARK has") for fault in readers.faults)
