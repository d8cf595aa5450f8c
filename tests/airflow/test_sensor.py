import time
from typing import Any

import pytest
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from collections_pipeline import HEADER_V1, PIPELINE, row_v1
from deployed_pipeline import DeployedPipeline, MakeGlueJob
from sensor_context import context_of
from task_context import RecordingTaskInstance

from data_hub.airflow.sensor import NewObjectsSensor
from data_hub.ingestion.ingest import Ingestion
from local_aws.process import LocalAws


@pytest.fixture
def task_instance() -> RecordingTaskInstance:
    return RecordingTaskInstance("wait_for_objects")


def look(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> Any:
    sensor = NewObjectsSensor(task_id="wait_for_objects", pipeline=deployed.pipeline)
    sensor.execute(context_of(task_instance, "scheduled"))
    return task_instance.xcoms["new_objects"]


def test_it_goes_on_when_objects_are_new(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    deployed.put("collections-data/ingest_ts=1/a.csv", b"a")
    deployed.put("collections-data/ingest_ts=2/b.csv.gz", b"b")
    deployed.put("collections-data/readme.txt", b"no object of the pipeline")
    keys = ["collections-data/ingest_ts=1/a.csv", "collections-data/ingest_ts=2/b.csv.gz"]
    found = look(deployed, task_instance)
    assert (found["count"], found["keys"], len(found["digest"])) == (2, keys, 32)
    assert task_instance.xcoms["summary"] == "2 new objects"


def test_it_hands_on_a_hundred_keys_at_most(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    for number in range(101):
        deployed.put(f"collections-data/ingest_ts={number}/a.csv", b"a")
    answer = look(deployed, task_instance)
    assert (answer["count"], len(answer["keys"])) == (101, 100)


def test_it_skips_the_run_when_nothing_is_new(deployed: DeployedPipeline, task_instance: RecordingTaskInstance) -> None:
    bucket = deployed.deployment.source_bucket
    with pytest.raises(AirflowSkipException, match=f"No new objects at s3://{bucket}/collections-data/"):
        look(deployed, task_instance)
    assert task_instance.xcoms["summary"] == "no new objects"


def test_it_goes_on_until_the_views_have_followed_the_table(
    deployed: DeployedPipeline, task_instance: RecordingTaskInstance, make_glue_job: MakeGlueJob
) -> None:
    views = f"views-{deployed.name}"
    deployed.put("collections-data/ingest_ts=1/a.csv", HEADER_V1 + row_v1())
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run()
    assert look(deployed, task_instance) == {"count": 0, "keys": [], "digest": ""}
    assert task_instance.xcoms["summary"] == f"no new objects; {views} behind"
    run_job(deployed.aws, make_glue_job("raise SystemExit('no views')", name=views))
    assert look(deployed, task_instance) == {"count": 0, "keys": [], "digest": ""}
    deployed.aws.client("glue").delete_job(JobName=views)
    run_job(deployed.aws, make_glue_job("print('views')", name=views))
    with pytest.raises(AirflowSkipException):
        look(deployed, task_instance)


def run_job(aws: LocalAws, job: str) -> None:
    """Run a Glue job to its end."""
    glue = aws.client("glue")
    run_id = glue.start_job_run(JobName=job)["JobRunId"]
    deadline = time.monotonic() + 30
    while glue.get_job_run(JobName=job, RunId=run_id)["JobRun"]["JobRunState"] in {"STARTING", "RUNNING"}:
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
    assert isinstance(sensor, S3KeySensor)
    assert sensor.bucket_key == "collections-data/ingest_ts=*/*.csv*"
