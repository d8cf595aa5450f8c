"""The deployed pipelines, as Terraform wrote them to S3 for the Lambda functions."""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3

from data_hub.key_pattern import key_regex

VARIABLE = "PIPELINES"


@dataclass(frozen=True)
class DeployedPipeline:
    """What the Lambda functions have to know of a pipeline.

    Attributes:
        pipeline: its name.
        workflow: name of the Glue workflow.
        bucket: name of the bucket that objects arrive in.
        prefix: key prefix.
        pattern: what follows the prefix.
        jobs: all Glue jobs.
        ingestion_jobs: those that read the bucket.
    """

    pipeline: str
    workflow: str
    bucket: str
    prefix: str
    pattern: str
    jobs: list[str]
    ingestion_jobs: list[str]

    def takes(self, bucket: str, key: str) -> bool:
        """Tell whether an object is one of this pipeline's."""
        return bucket == self.bucket and re.fullmatch(key_regex(self), key) is not None


def deployed() -> list[DeployedPipeline]:
    """Return all pipelines; the variable PIPELINES holds the S3 URI of the JSON object that lists them."""
    return _read(os.environ[VARIABLE])


@functools.cache
def _read(uri: str) -> list[DeployedPipeline]:
    # Once per container: the key holds the content's hash, a change makes another URI.
    location = urlsplit(uri)
    body = boto3.client("s3").get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"]
    return [DeployedPipeline(**entry) for entry in json.loads(body.read())]
