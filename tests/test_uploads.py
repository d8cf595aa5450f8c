from pathlib import Path

import pytest
from collections_pipeline import PIPELINE

from data_hub.errors import DataHubError
from hub_cli import uploads


def keys(*paths: Path) -> list[str]:
    return [upload.key for upload in uploads.plan(paths, PIPELINE.source, now=77).uploads]


def file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return path


def test_a_bare_file_arrives_now(tmp_path: Path) -> None:
    assert keys(file(tmp_path / "a.csv")) == ["collections-data/ingest_ts=77/a.csv"]


def test_a_path_with_a_time_keeps_it(tmp_path: Path) -> None:
    assert keys(file(tmp_path / "ingest_ts=5" / "a.csv.gz")) == ["collections-data/ingest_ts=5/a.csv.gz"]


def test_a_directory_gives_all_files_that_fit(tmp_path: Path) -> None:
    file(tmp_path / "ingest_ts=5" / "a.csv")
    file(tmp_path / "b.csv")
    readme = file(tmp_path / "README.md")
    assert uploads.plan([tmp_path], PIPELINE.source, now=77).left_out == [readme]
    assert keys(tmp_path) == ["collections-data/ingest_ts=5/a.csv", "collections-data/ingest_ts=77/b.csv"]


def test_paths_inside_a_directory_with_a_time_keep_it(tmp_path: Path) -> None:
    file(tmp_path / "ingest_ts=5" / "a.csv")
    assert keys(tmp_path / "ingest_ts=5") == ["collections-data/ingest_ts=5/a.csv"]


@pytest.mark.parametrize("name", ["a.txt", "ingest_ts=5/deep/a.csv"])
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataHubError, match="no file fits the pipeline's pattern collections-data/ingest_ts"):
        keys(file(tmp_path / name))


def test_missing_empty_and_doubled_paths_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataHubError, match="no such file"):
        keys(tmp_path / "none.csv")
    with pytest.raises(DataHubError, match="nothing in it"):
        keys(tmp_path)
    with pytest.raises(DataHubError, match="would both be uploaded as"):
        keys(file(tmp_path / "x" / "a.csv"), file(tmp_path / "y" / "a.csv"))
