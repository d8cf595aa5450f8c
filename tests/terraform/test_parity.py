"""What Terraform makes of a pipeline file and what the local deployment makes of it, field by field."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from collections_pipeline import ROOT
from parity import ABSENT, deployed, differences
from stack import Stack

from local_aws.deploy import deploy
from local_aws.process import LocalAws

COLLECTIONS = ROOT / "dags" / "pipelines" / "collections.yaml"
DESCRIPTION = "text for people who look at the console"
BUCKET = "bucket names are unique on AWS: name and account are parts of them"
# Pattern of a field's path: why it differs.
REASONS = {
    "jobs.*.Description": DESCRIPTION,
    "workflows.*.Description": DESCRIPTION,
    "triggers.*.Description": DESCRIPTION,
    "jobs.*.Command.ScriptLocation": f"{BUCKET}; the key holds the content's hash, so that a change is seen",
    "jobs.*.DefaultArguments.--pipeline_file": f"{BUCKET}; the key holds the content's hash, so that a change is seen",
    "jobs.*.DefaultArguments.--views": f"{BUCKET}; the key holds the content's hash, so that a change is seen",
    "jobs.*.DefaultArguments.--extra-py-files": f"{BUCKET}; the key holds the content's hash, so that a change is seen",
    "jobs.*.DefaultArguments.--additional-python-modules": f"{BUCKET}; the key holds the content's hash too",
    "jobs.*.DefaultArguments.--conf": f"{BUCKET}; Spark's catalog is told of the warehouse",
    "jobs.*.DefaultArguments.--source_bucket": BUCKET,
    "jobs.*.DefaultArguments.--warehouse": BUCKET,
    "jobs.*.DefaultArguments.--custom-logGroup-prefix": "log groups of our own have a retention; here nothing is kept",
    "jobs.csv-to-iceberg-ingestion.DefaultArguments.--arrivals_queue": "a URL begins with the endpoint of its AWS",
    "jobs.csv-to-iceberg-ingestion.DefaultArguments.--table_optimizer_role": "no optimizers run on one machine",
}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[dict[str, str]]:
    with LocalAws.start(tmp_path / "aws") as aws:
        deploy(aws, [COLLECTIONS])
        yield deployed(aws.client("glue"))


def test_terraform_and_the_local_deployment_make_the_same(stack: Stack, local: dict[str, str]) -> None:
    different = differences(deployed(stack.client("glue")), local)
    unexplained = {
        path: values for path, values in different.items() if not any(fnmatchcase(path, known) for known in REASONS)
    }
    assert unexplained == {}, "Terraform's value, then the local one"
    stale = [known for known in REASONS if not any(fnmatchcase(path, known) for path in different)]
    assert stale == [], "these do not differ any more"


def test_each_job_workflow_and_glue_trigger_is_looked_at(local: dict[str, str]) -> None:
    assert {".".join(path.split(".")[:2]) for path in local} == {
        "jobs.csv-to-iceberg-ingestion",
        "jobs.create-views-dual-engine",
        "workflows.collections",
        "triggers.collections-arrival",
        "triggers.dual-engine-views-trigger",
    }
    assert local["triggers.dual-engine-views-trigger.Predicate.Conditions.0.State"] == "SUCCEEDED"


def test_a_field_that_differs_or_that_one_side_lacks_is_found(local: dict[str, str]) -> None:
    changed = dict(local)
    changed["jobs.create-views-dual-engine.Timeout"] = "31"
    del changed["workflows.collections.MaxConcurrentRuns"]
    assert differences(local, changed) == {
        "jobs.create-views-dual-engine.Timeout": ("30", "31"),
        "workflows.collections.MaxConcurrentRuns": ("1", ABSENT),
    }
