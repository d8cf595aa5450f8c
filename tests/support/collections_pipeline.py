"""The committed pipeline file, for tests that need one that is right."""

from pathlib import Path

from data_hub.pipelines import pipeline_file

ROOT = Path(__file__).parent.parent.parent
PIPELINE_FILE = ROOT / "dags" / "pipelines" / "collections.yaml"
PIPELINE_TEXT = PIPELINE_FILE.read_text()
PIPELINE = pipeline_file.load(PIPELINE_FILE)
SAMPLE = ROOT / "examples" / "collections-data"
HEADER_V1 = b"seriesid,aod,rssdid,submissionts,key,value\n"
HEADER_V2 = (
    b"seriesid,aod,rssdid,submission_ts,item_mdrm,item_desc,item_value,"
    b"context_level1_mdrm,context_level1_desc,context_level1_value,"
    b"context_level2_mdrm,context_level2_desc,context_level2_value,"
    b"context_level3_mdrm,context_level3_desc,context_level3_value\n"
)


def row_v1(item: str = "BHCK2170", value: str = "1", *, aod: str = "20251231", rssdid: str = "1234567") -> bytes:
    """Return one good line of a v1 file."""
    return f"FRY9C,{aod},{rssdid},1770609249,{item},{value}\n".encode()
