"""The data of a local AWS kept in a folder: S3 objects and the Glue Data Catalog, through AWS calls only."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from typing import TYPE_CHECKING, Any

from boto3.s3.transfer import TransferConfig

from data_hub.errors import DataHubError
from hub_cli import catalog_copy
from local_aws.deploy_jobs import SCRIPTS_BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from local_aws.process import LocalAws

INDEX_NAME = "index.json"
IN_PARTS = TransferConfig(multipart_threshold=1)

Entry = dict[str, str]


def save(aws: LocalAws, directory: Path) -> None:
    """Save all data; what is deployed from the working tree (scripts, library, jobs) is left out.

    A crash at any moment leaves the older archive as it was.

    Args:
        aws: where the data is.
        directory: the archive; it is made when it is missing.
    """
    generation = directory / uuid.uuid4().hex
    generation.mkdir(parents=True)
    s3 = aws.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if bucket["Name"] != SCRIPTS_BUCKET]
    index = {
        "generation": generation.name,
        "buckets": buckets,
        "objects": [_save_object(s3, entry, generation) for entry in _objects(s3, buckets)],
        "catalog": catalog_copy.read(aws.client("glue")),
    }
    partial = generation / INDEX_NAME
    partial.write_text(json.dumps(index, default=str), encoding="utf-8")
    # The step that counts: before it the older archive is complete, after it this one is.
    partial.replace(directory / INDEX_NAME)
    _remove_other_generations(directory, generation)


def restore(aws: LocalAws, directory: Path) -> None:
    """Put an archive's data into a local AWS; objects and tables of the same name are replaced.

    Args:
        aws: where to.
        directory: the archive.

    Raises:
        DataHubError: there is no archive.
    """
    try:
        index: dict[str, Any] = json.loads((directory / INDEX_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataHubError(f"{directory} holds no data of an earlier run: start one with ./hub run") from error
    s3 = aws.client("s3")
    for bucket in index["buckets"]:
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=bucket)
    for entry in index["objects"]:
        _restore_object(s3, entry, directory / index["generation"])
    catalog_copy.write(aws.client("glue"), index["catalog"])


def exists(directory: Path) -> bool:
    """Tell whether ``directory`` holds an archive."""
    return (directory / INDEX_NAME).is_file()


def version(directory: Path) -> str | None:
    """Return what names the archive as it is now, None when there is none."""
    try:
        index: dict[str, Any] = json.loads((directory / INDEX_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return str(index["generation"])


def _objects(s3: S3Client, buckets: list[str]) -> Iterator[Entry]:
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                yield {"bucket": bucket, "key": item["Key"], "etag": item["ETag"]}


def _save_object(s3: S3Client, entry: Entry, generation: Path) -> Entry:
    # Keys such as "a" and "a/b" cannot both be paths: files have names of their own.
    name = uuid.uuid4().hex
    # One stream: moto answers the ranged reads of download_file very slowly.
    body = s3.get_object(Bucket=entry["bucket"], Key=entry["key"])["Body"]
    with (generation / name).open("wb") as file:
        shutil.copyfileobj(body, file)
    return {**entry, "file": name}


def _restore_object(s3: S3Client, entry: Entry, generation: Path) -> None:
    source, bucket, key = generation / entry["file"], entry["bucket"], entry["key"]
    if "-" in entry["etag"]:
        # An ETag with a dash comes from a multipart upload; boto3 cuts the parts as it did then. Another ETag
        # would look like new content to the ledger.
        s3.upload_file(str(source), bucket, key, Config=IN_PARTS)
    else:
        with source.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body)


def _remove_other_generations(directory: Path, kept: Path) -> None:
    for other in directory.iterdir():
        if other.is_dir() and other != kept:
            shutil.rmtree(other)
