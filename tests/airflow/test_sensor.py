import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from collections_pipeline import PIPELINE
from deployed_pipeline import DeployedPipeline
from task_context import RecordingTaskInstance

from data_hub.airflow.sensor import NewObjectsSensor
from local_aws.process import LocalAws


def look(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> object:
    sensor = NewObjectsSensor(task_id="wait_for_objects", pipeline=deployed.pipeline)
    return sensor.execute({"ti": task_instance})  # type: ignore[arg-type]


@pytest.fixture
def task_instance() -> RecordingTaskInstance:
    return RecordingTaskInstance("wait_for_objects")


def test_it_goes_on_when_objects_are_new(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    deployed.put("collections-data/ingest_ts=1/a.csv", b"a")
    deployed.put("collections-data/ingest_ts=2/b.csv.gz", b"b")
    deployed.put("collections-data/readme.txt", b"no object of the pipeline")
    keys = ["collections-data/ingest_ts=1/a.csv", "collections-data/ingest_ts=2/b.csv.gz"]
    assert look(deployed, task_instance) == {"count": 2, "keys": keys}
    assert task_instance.xcoms["summary"] == "2 new objects"


def test_it_hands_on_a_hundred_keys_at_most(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    for number in range(101):
        deployed.put(f"collections-data/ingest_ts={number}/a.csv", b"a")
    answer = look(deployed, task_instance)
    assert isinstance(answer, dict)
    assert (answer["count"], len(answer["keys"])) == (101, 100)


def test_it_skips_the_run_when_nothing_is_new(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    bucket = deployed.deployment.source_bucket
    with pytest.raises(AirflowSkipException, match=f"No new objects at s3://{bucket}/collections-data/"):
        look(deployed, task_instance)
    assert task_instance.xcoms["summary"] == "no new objects"


def test_a_missing_bucket_fails_at_once(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    deployed.aws.client("s3").delete_bucket(Bucket=deployed.deployment.source_bucket)
    with pytest.raises(AirflowFailException, match=deployed.deployment.source_bucket):
        look(deployed, task_instance)


def test_a_missing_job_fails_at_once(aws: LocalAws, task_instance: RecordingTaskInstance) -> None:
    never_deployed = DeployedPipeline(aws)
    with pytest.raises(AirflowFailException, match=f"no Glue job 'ingestion-{never_deployed.name}'"):
        look(never_deployed, task_instance)


def test_a_job_without_its_arguments_fails_at_once(
    deployed: DeployedPipeline, task_instance: RecordingTaskInstance
) -> None:
    deployed.aws.client("glue").update_job(
        JobName=f"ingestion-{deployed.name}",
        JobUpdate={"Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://s/x.py"}},
    )
    with pytest.raises(AirflowFailException, match="--source_bucket"):
        look(deployed, task_instance)


def test_it_is_an_s3_key_sensor_of_the_pipelines_pattern() -> None:
    sensor = NewObjectsSensor(task_id="wait_for_objects", pipeline=PIPELINE)
    assert sensor.bucket_key == "collections-data/ingest_ts=*/*.csv*"
