"""Folders of view files, and the bundles that the views job is given."""

from pathlib import Path

import pytest

from data_hub.errors import DataHubError
from data_hub.view_files import view_bundle


def test_a_folder_becomes_a_bundle_and_texts_again(tmp_path: Path) -> None:
    (tmp_path / "b_view.sql").write_text("-- B\nnonsense", encoding="utf-8")
    (tmp_path / "a_view.sql").write_text("-- Éléments 😀", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no view")
    texts = view_bundle.read(tmp_path)
    assert list(texts.items()) == [("a_view.sql", "-- Éléments 😀"), ("b_view.sql", "-- B\nnonsense")]
    assert view_bundle.parse(view_bundle.bundle(tmp_path), "s3://scripts/views/x.json") == texts


def test_a_bundle_is_in_order_however_it_was_made() -> None:
    assert list(view_bundle.parse('{"b_view.sql": "", "a_view.sql": ""}', "x")) == ["a_view.sql", "b_view.sql"]


def test_a_folder_that_is_missing_has_no_view_files(tmp_path: Path) -> None:
    assert view_bundle.read(tmp_path / "none") == {}
    assert view_bundle.bundle(tmp_path / "none") == "{}"
    assert view_bundle.parse("{}", "x") == {}


@pytest.mark.parametrize("text", ["", "[]", '{"a_view.sql": 1}', "nonsense"])
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(DataHubError, match=r"s3://x is no JSON object.*deploy the pipeline again"):
        view_bundle.parse(text, "s3://x")


def test_every_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a_view.sql").write_bytes(b"-- \xff\nSELECT item FROM rows")
    (tmp_path / "b_view.sql").mkdir()
    with pytest.raises(DataHubError) as caught:
        view_bundle.read(tmp_path)
    first, second = str(caught.value).splitlines()
    assert first == "a_view.sql: is not UTF-8 (byte 3); save it as UTF-8"
    assert second.startswith("b_view.sql: cannot be read: ")
