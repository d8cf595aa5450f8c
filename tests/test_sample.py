import runpy
from pathlib import Path

from collections_pipeline import ROOT, SAMPLE


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*.csv")}


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "examples" / "generate_collections.py"))["main"](tmp_path)
    assert contents(tmp_path) == contents(SAMPLE)
    assert len(contents(SAMPLE)) == 4
