"""The way of an arrival: bucket notification, queue with dead letters, Lambda function, event source mapping."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from data_hub.pipelines import graph
from local_aws.deploy_jobs import PREFIX, SCRIPTS_BUCKET, role_arn
from local_aws.environment import ACCOUNT, REGION
from terraform import package

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from data_hub.pipelines.pipeline import Pipeline
    from local_aws.process import LocalAws

FUNCTION = "trigger-glue-job-lambda"
PIPELINES_KEY = "pipelines.json"
# Somebody waits for what AWS has minutes for.
BATCHING_WINDOW_SECONDS = 1
VISIBILITY_SECONDS = 5
# The most that SQS takes: an hour and more, longer than any run on this machine.
RECEIVES = 1000


def queue_name(pipeline: str) -> str:
    """Return the name of the queue that a pipeline's arrivals wait in."""
    return f"{PREFIX}-{pipeline}-arrivals"


def queue_url(aws: LocalAws, pipeline: str) -> str:
    """Return the URL of the queue that a pipeline's arrivals wait in."""
    return f"{aws.endpoint}/{ACCOUNT}/{queue_name(pipeline)}"


def put(aws: LocalAws, pipelines: Sequence[Pipeline], driven_by_glue: Collection[str]) -> None:
    """Make what leads from an arrival to a workflow, or bring it up to date; messages stay.

    Args:
        aws: where to.
        pipelines: all pipelines.
        driven_by_glue: names of those whose arrivals start the workflow; those of the others wait in their queues.
    """
    queues = {pipeline.pipeline: _put_queue(aws, pipeline.pipeline) for pipeline in pipelines}
    _put_function(aws, pipelines)
    for name, queue in queues.items():
        _put_mapping(aws, queue, enabled=name in driven_by_glue)
    for bucket in {pipeline.source.bucket for pipeline in pipelines}:
        _notify(aws, bucket, [(p.source.prefix, queues[p.pipeline]) for p in pipelines if p.source.bucket == bucket])


def _put_queue(aws: LocalAws, pipeline: str) -> str:
    """Return the queue's ARN."""
    sqs = aws.client("sqs")
    dead_letters = f"{PREFIX}-{pipeline}-dead-letters"
    sqs.create_queue(QueueName=dead_letters)
    redrive = {"deadLetterTargetArn": _queue_arn(dead_letters), "maxReceiveCount": RECEIVES}
    attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": json.dumps(redrive)}
    url = sqs.create_queue(QueueName=queue_name(pipeline))["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return _queue_arn(queue_name(pipeline))


def _queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def _put_function(aws: LocalAws, pipelines: Sequence[Pipeline]) -> None:
    body = json.dumps([_described(pipeline) for pipeline in pipelines])
    aws.client("s3").put_object(Bucket=SCRIPTS_BUCKET, Key=PIPELINES_KEY, Body=body.encode())
    iam, functions = aws.client("iam"), aws.client("lambda")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=f"{PREFIX}-{FUNCTION}", AssumeRolePolicyDocument="{}")
    code = package.function("trigger_glue_job")
    try:
        functions.update_function_code(FunctionName=FUNCTION, ZipFile=code)
    except functions.exceptions.ResourceNotFoundException:
        functions.create_function(
            FunctionName=FUNCTION,
            Role=role_arn(FUNCTION),
            Runtime="python3.13",
            Handler="trigger_glue_job.handler",
            Timeout=60,
            Code={"ZipFile": code},
            Environment={"Variables": {"PIPELINES": f"s3://{SCRIPTS_BUCKET}/{PIPELINES_KEY}"}},
        )


def _described(pipeline: Pipeline) -> dict[str, Any]:
    """Return what the function has to know; ``pipelines.DeployedPipeline`` reads it."""
    return {
        "pipeline": pipeline.pipeline,
        "workflow": pipeline.pipeline,
        "bucket": pipeline.source.bucket,
        "prefix": pipeline.source.prefix,
        "pattern": pipeline.source.pattern,
        "jobs": list(pipeline.jobs),
        "ingestion_jobs": graph.start_jobs(pipeline),
    }


def _put_mapping(aws: LocalAws, queue: str, *, enabled: bool) -> None:
    functions = aws.client("lambda")
    options = {
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": BATCHING_WINDOW_SECONDS,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
        "Enabled": enabled,
    }
    found = functions.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
    if found:
        functions.update_event_source_mapping(UUID=found[0]["UUID"], **options)
    else:
        functions.create_event_source_mapping(EventSourceArn=queue, FunctionName=FUNCTION, **options)


def _notify(aws: LocalAws, bucket: str, queues: list[tuple[str, str]]) -> None:
    configurations: list[Any] = [
        {
            "Id": queue.rpartition(":")[2],
            "QueueArn": queue,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
        }
        for prefix, queue in queues
    ]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": configurations}
    )
