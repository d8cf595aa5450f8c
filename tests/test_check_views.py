"""``hub check`` of view files."""

import io
from pathlib import Path

import pytest
from collections_pipeline import ROOT
from rich.console import Console

from hub_cli import check, locations

VIEW = "-- Items by name.\nSELECT item_mdrm FROM collections_data_staging\n"


class Checkout:
    """Pipeline files of the test's own, and what a check of them prints."""

    def __init__(self, folder: Path) -> None:
        self.pipelines = folder / "dags" / "pipelines"
        self.pipelines.mkdir(parents=True)
        self.pipeline("collections")

    def pipeline(self, name: str) -> None:
        text = (ROOT / "dags" / "pipelines" / "collections.yaml").read_text()
        for job in ("csv-to-iceberg-ingestion", "create-views-dual-engine", "dual-engine-views-trigger"):
            text = text.replace(job, f"{name}-{job}")
        (self.pipelines / f"{name}.yaml").write_text(text.replace("collections", name))
        (self.pipelines.parent / f"{name}.py").write_text("")

    def view(self, name: str, text: str = VIEW, pipeline: str = "collections") -> Path:
        path = self.pipelines / "views" / pipeline / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check(self, *paths: Path | str) -> tuple[bool, str]:
        printed = io.StringIO()
        right = check.check(Console(file=printed, width=400), tuple(map(Path, paths)), "collections")
        return right, printed.getvalue().replace(f"{self.pipelines}/", "")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path)
    for module in (check, locations):
        monkeypatch.setattr(module, "PIPELINES", made.pipelines)
    monkeypatch.setattr(locations, "DAGS", made.pipelines.parent)
    return made


def test_view_files_are_checked_along_with_their_pipeline(checkout: Checkout) -> None:
    checkout.view("items_view.sql")
    checkout.view("b_view.sql")
    for paths in ((), ("collections",), (checkout.pipelines / "collections.yaml",)):
        right, text = checkout.check(*paths)
        assert right
        assert text.splitlines()[-2:] == [
            "✔ views/collections/b_view.sql: 1 column of collections_data_staging",
            "✔ views/collections/items_view.sql: 1 column of collections_data_staging",
        ]


def test_one_view_file_is_checked_by_its_path(checkout: Checkout) -> None:
    path = checkout.view("items_view.sql")
    checkout.view("wrong_view.sql", "nonsense")
    assert checkout.check(path) == (
        True,
        "✔ views/collections/items_view.sql: 1 column of collections_data_staging\n",
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("collections_data_staging", "source_line"),
        ("collections_data_staging", "_rescued_data"),
        ("collections_data_staging_rejects", "reason"),
        ("collections_data_staging_ledger", "rows_rejected"),
        ("others_data_staging", "aod"),
    ],
)
def test_a_view_may_read_the_tables_of_every_pipeline(checkout: Checkout, table: str, column: str) -> None:
    checkout.pipeline("others")
    right, text = checkout.check(checkout.view("a_view.sql", f"-- x\nSELECT {column} FROM {table}"))
    assert (right, text) == (True, f"✔ views/collections/a_view.sql: 1 column of {table}\n")


def test_a_wrong_column_is_found(checkout: Checkout) -> None:
    checkout.view("a_view.sql", "-- x\nSELECT\n  item_mdrn\nFROM collections_data_staging")
    right, text = checkout.check()
    assert not right
    assert text.splitlines()[-2:] == [
        "✘ views/collections/a_view.sql",
        "  a_view.sql: line 3: there is no column item_mdrn: did you mean item_mdrm?",
    ]


def test_a_table_that_nobody_makes_is_told_with_those_that_there_are(checkout: Checkout) -> None:
    right, text = checkout.check(checkout.view("a_view.sql", "-- x\nSELECT a FROM nothing"))
    assert not right
    tables = "collections_data_staging, collections_data_staging_ledger, collections_data_staging_rejects"
    assert f"there is no table nothing: there are: {tables}" in text


def test_two_pipelines_with_a_view_of_the_same_name(checkout: Checkout) -> None:
    checkout.pipeline("others")
    checkout.view("items_view.sql")
    checkout.view("items_view.sql", pipeline="others")
    problem = "views/others/items_view.sql: 'items_view' is a name that views/collections/items_view.sql has; rename"
    for paths in ((), ("others",)):
        right, text = checkout.check(*paths)
        assert not right
        assert text.count(problem) == 1


@pytest.mark.parametrize("name", ["collections_data_view", "collections_data_current_view"])
def test_a_name_of_a_view_that_the_pipeline_makes_itself(checkout: Checkout, name: str) -> None:
    right, text = checkout.check(checkout.view(f"{name}.sql"))
    assert not right
    assert f"'{name}' is a name that pipeline collections makes itself; rename the file" in text


def test_what_lies_in_the_wrong_place_is_told(checkout: Checkout) -> None:
    checkout.view("items_view.sql", pipeline="nobody")
    checkout.view("notes.txt")
    (checkout.pipelines / "views" / "lost_view.sql").write_text(VIEW)
    right, text = checkout.check()
    assert not right
    assert "views/nobody/: there is no pipeline file nobody.yaml" in text
    assert text.count("views/collections/notes.txt: is no view file") == 1
    assert "views/lost_view.sql: belongs to no pipeline" in text


def test_a_view_file_outside_the_folders_of_view_files(checkout: Checkout, tmp_path: Path) -> None:
    path = tmp_path / "a_view.sql"
    path.write_text(VIEW)
    right, text = checkout.check(path)
    assert not right
    assert "move it to dags/pipelines/views/<pipeline>/" in text
    assert not checkout.check("/a_view.sql")[0]


def test_a_view_file_that_is_not_there(checkout: Checkout) -> None:
    right, text = checkout.check(checkout.pipelines / "views" / "collections" / "a_view.sql")
    assert not right
    assert "a_view.sql: cannot be read: No such file or directory" in text
