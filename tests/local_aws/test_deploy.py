"""What ``deploy`` puts on the local AWS."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_trials import run

from data_hub.errors import DataHubError
from data_hub.pipelines.deployment import Deployment
from local_aws.deploy import deploy
from local_aws.process import LocalAws

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "dags" / "pipelines" / "collections.yaml"
INGESTION = "csv-to-iceberg-ingestion"
VIEWS = "create-views-dual-engine"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS on which nobody else deploys."""
    with LocalAws.start(tmp_path_factory.mktemp("deploy")) as started:
        yield started


@pytest.fixture(scope="module")
def deployment(aws: LocalAws) -> Deployment:
    (deployment,) = deploy(aws, [COLLECTIONS])
    return deployment


def test_the_jobs_are_those_of_the_pipeline_file(aws: LocalAws, deployment: Deployment) -> None:
    jobs = {job["Name"]: job for job in aws.client("glue").get_jobs()["Jobs"]}
    assert set(jobs) == {INGESTION, VIEWS}
    job = jobs[INGESTION]
    assert job["Command"]["ScriptLocation"] == "s3://scripts/glue_csv_to_iceberg.py"
    assert [job[name] for name in ("GlueVersion", "WorkerType", "NumberOfWorkers", "Timeout")] == ["5.1", "G.1X", 2, 60]
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert Deployment.from_arguments(job["DefaultArguments"]) == deployment


def test_the_glue_triggers_are_those_of_the_pipeline_file(aws: LocalAws, deployment: Deployment) -> None:
    triggers = {trigger["Name"]: trigger for trigger in aws.client("glue").get_triggers()["Triggers"]}
    arrival, views = triggers["collections-arrival"], triggers["dual-engine-views-trigger"]
    assert (arrival["Type"], arrival["Actions"]) == ("ON_DEMAND", [{"JobName": INGESTION}])
    assert (views["Type"], views["Actions"]) == ("CONDITIONAL", [{"JobName": VIEWS}])
    condition = {"LogicalOperator": "EQUALS", "JobName": INGESTION, "State": "SUCCEEDED"}
    assert views["Predicate"] == {"Logical": "AND", "Conditions": [condition]}


def test_the_workflow_holds_the_glue_triggers_and_runs_once_at_a_time(aws: LocalAws, deployment: Deployment) -> None:
    glue = aws.client("glue")
    assert glue.get_workflow(Name="collections")["Workflow"]["MaxConcurrentRuns"] == 1
    triggers = glue.get_triggers()["Triggers"]
    assert {trigger["WorkflowName"] for trigger in triggers} == {"collections"}
    assert {trigger["Type"]: trigger["State"] for trigger in triggers} == {
        "ON_DEMAND": "CREATED",
        "CONDITIONAL": "ACTIVATED",
    }


def test_the_pipeline_file_and_the_database_are_there(aws: LocalAws, deployment: Deployment) -> None:
    body = aws.client("s3").get_object(Bucket="scripts", Key="pipelines/collections.yaml")["Body"].read()
    assert deployment.pipeline_file == "s3://scripts/pipelines/collections.yaml"
    assert body == COLLECTIONS.read_bytes()
    database = aws.client("glue").get_database(Name=deployment.database)["Database"]
    assert database["LocationUri"].startswith(deployment.warehouse)


def test_the_deployed_jobs_run(aws: LocalAws, deployment: Deployment) -> None:
    result = run(aws, INGESTION)
    assert (result["JobRunState"], result.get("ErrorMessage")) == ("SUCCEEDED", None)


def test_deploying_again_updates_and_keeps_objects_and_job_runs(
    aws: LocalAws, deployment: Deployment, tmp_path: Path
) -> None:
    aws.client("s3").put_object(Bucket="raw", Key="kept.csv", Body=b"")
    before = [entry["Id"] for entry in aws.client("glue").get_job_runs(JobName=INGESTION)["JobRuns"]]
    changed = tmp_path / "collections.yaml"
    changed.write_text(COLLECTIONS.read_text().replace("timeout: 60", "timeout: 61"))

    assert deploy(aws, [changed]) == [deployment]

    assert aws.client("glue").get_job(JobName=INGESTION)["Job"]["Timeout"] == 61
    assert [entry["Id"] for entry in aws.client("glue").get_job_runs(JobName=INGESTION)["JobRuns"]] == before
    assert aws.client("s3").head_object(Bucket="raw", Key="kept.csv")["ContentLength"] == 0
    assert len(aws.client("glue").get_triggers()["Triggers"]) == 2
    assert len(aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]) == 1


def test_a_job_has_the_arguments_of_its_pipeline_file_and_still_those_of_the_deployment(
    aws: LocalAws, deployment: Deployment, tmp_path: Path
) -> None:
    changed = tmp_path / "collections.yaml"
    arguments = 'timeout: 60\n    default_arguments: {"--engine": arrow, "--max_bytes": "1000000"}'
    changed.write_text(COLLECTIONS.read_text().replace("timeout: 60", arguments))

    deploy(aws, [changed])

    deployed = aws.client("glue").get_job(JobName=INGESTION)["Job"]["DefaultArguments"]
    assert {name: deployed[name] for name in ("--engine", "--max_bytes")} == {
        "--engine": "arrow",
        "--max_bytes": "1000000",
    }
    assert Deployment.from_arguments(deployed) == deployment
    assert "--engine" not in aws.client("glue").get_job(JobName=VIEWS)["Job"]["DefaultArguments"]


def test_the_views_job_is_told_its_view_files_and_who_checks(aws: LocalAws, deployment: Deployment) -> None:
    deploy(aws, [COLLECTIONS])
    arguments = aws.client("glue").get_job(JobName=VIEWS)["Job"]["DefaultArguments"]
    assert arguments["--views"] == "s3://scripts/views/collections.json"
    body = aws.client("s3").get_object(Bucket="scripts", Key="views/collections.json")["Body"].read()
    [name] = json.loads(body)
    assert json.loads(body)[name] == (COLLECTIONS.parent / "views" / "collections" / name).read_text()
    group = aws.client("athena").get_work_group(WorkGroup=arguments["--athena_workgroup"])["WorkGroup"]
    assert group["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://warehouse/athena-results/"}
    assert "--views" not in aws.client("glue").get_job(JobName=INGESTION)["Job"]["DefaultArguments"]


def test_without_view_files_the_bundle_is_empty(aws: LocalAws, deployment: Deployment, tmp_path: Path) -> None:
    pipeline = tmp_path / "collections.yaml"
    pipeline.write_text(COLLECTIONS.read_text())
    deploy(aws, [pipeline])
    assert aws.client("s3").get_object(Bucket="scripts", Key="views/collections.json")["Body"].read() == b"{}"


@pytest.mark.parametrize(
    ("name", "reason"), [("wrong_view.sql", "no description"), ("collections_data_view.sql", "makes itself")]
)
def test_a_wrong_view_file_deploys_nothing(aws: LocalAws, tmp_path: Path, name: str, reason: str) -> None:
    pipeline = tmp_path / "collections.yaml"
    pipeline.write_text(COLLECTIONS.read_text().replace("bucket: raw", "bucket: other"))
    (tmp_path / "views" / "collections").mkdir(parents=True)
    (tmp_path / "views" / "collections" / name).write_text("SELECT aod FROM collections_data_staging")
    with pytest.raises(DataHubError, match=reason):
        deploy(aws, [pipeline])
    assert "other" not in [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


def test_all_wrong_view_files_are_told_at_once(aws: LocalAws, tmp_path: Path) -> None:
    pipeline = tmp_path / "collections.yaml"
    pipeline.write_text(COLLECTIONS.read_text())
    folder = tmp_path / "views" / "collections"
    folder.mkdir(parents=True)
    for name in ("a_view.sql", "b_view.sql", "collections_data_view.sql"):
        (folder / name).write_text("SELECT aod FROM collections_data_staging")
    with pytest.raises(DataHubError, match=r"(?s)makes itself.*a_view\.sql: .*b_view\.sql: .*no description"):
        deploy(aws, [pipeline])


def test_a_wrong_pipeline_file_deploys_nothing(aws: LocalAws, tmp_path: Path) -> None:
    right = tmp_path / "right.yaml"
    right.write_text(
        COLLECTIONS.read_text()
        .replace("bucket: raw", "bucket: other")
        .replace("pipeline: collections", "pipeline: right")
    )
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("pipeline: wrong\n")
    with pytest.raises(DataHubError, match=r"wrong\.yaml"):
        deploy(aws, [right, wrong])
    assert "other" not in [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
