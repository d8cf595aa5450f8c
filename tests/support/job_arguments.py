"""What Glue passes to the scripts, for a test that runs a job in its own process."""

import uuid

import pytest
from collections_pipeline import PIPELINE_FILE, ROOT
from lake import Lake

RUN_ID = "jr_1"


def arguments_of(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Deploy the pipeline file of the lake's pipeline, and return ``sys.argv`` of its jobs."""
    monkeypatch.syspath_prepend(str(ROOT / "local_aws"))
    bucket = f"scripts-{uuid.uuid4().hex[:12]}"
    lake.aws.client("s3").create_bucket(Bucket=bucket)
    lake.aws.client("s3").put_object(Bucket=bucket, Key="p.yaml", Body=PIPELINE_FILE.read_bytes())
    values = {
        **lake.deployment.to_arguments(),
        "--pipeline_file": f"s3://{bucket}/p.yaml",
        "--view_definer": "arn:aws:iam::123456789012:role/definer",
    }
    return ["script.py", "--JOB_NAME", "j", "--JOB_RUN_ID", RUN_ID, *(word for pair in values.items() for word in pair)]
