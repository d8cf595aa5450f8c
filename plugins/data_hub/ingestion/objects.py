"""Objects of the source bucket: which match a pipeline's pattern, and their bytes."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

import boto3
from botocore.exceptions import ClientError

from data_hub.csv_files.lines import ByteStream
from data_hub.errors import DataHubError
from data_hub.key_pattern import KeyPattern, key_regex

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Archived; not allowed; encrypted with a key that only its writer has.
_REFUSALS = frozenset({"InvalidObjectState", "AccessDenied", "InvalidRequest"})
_INGEST_TS = re.compile(r"(?:^|/)ingest_ts=([0-9]{1,18})/")


@dataclass(frozen=True)
class SourceObject:
    """One version of an object, as a listing shows it.

    Attributes:
        key: full key in the bucket.
        etag: ETag without quotes; it changes with the content.
        size: bytes.
        last_modified: when this version was written.
    """

    key: str
    etag: str
    size: int
    last_modified: datetime

    @property
    def ingest_ts(self) -> int:
        """Epoch seconds from ``ingest_ts=<n>/`` in the key, else of the object's last change."""
        found = _INGEST_TS.search(self.key)
        return int(found[1]) if found else int(self.last_modified.timestamp())


class ObjectChanged(Exception):
    """The object was replaced or deleted since it was listed."""


class ObjectUnreadable(Exception):
    """S3 refuses the object; the text is S3's reason."""


class HashingBody:
    """The bytes of an object, hashed as they are read."""

    def __init__(self, body: ByteStream) -> None:
        self._body = body
        self._hash = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        chunk = self._body.read(size)
        self._hash.update(chunk)
        return chunk

    def sha256(self) -> str:
        """Return the hash of the whole object, reading what is left of it."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


@dataclass(frozen=True)
class OpenObject:
    """One version of an object, opened.

    Attributes:
        body: its bytes.
        version_id: S3's version id, None in a bucket without versioning.
    """

    body: HashingBody
    version_id: str | None


def is_object_of(source: KeyPattern, key: str) -> bool:
    """Tell whether a key lies under the source's prefix and fits its pattern."""
    return re.fullmatch(key_regex(source), key) is not None


class ObjectStore(Protocol):
    """Where objects arrive."""

    def list_objects(self) -> Iterator[SourceObject]:
        """List the current version of every object that fits prefix and pattern, in key order."""

    def open(self, item: SourceObject) -> OpenObject:
        """Open the very version that was listed.

        Raises:
            ObjectChanged: it is not there any more.
            ObjectUnreadable: it may not be read.
        """


class SourceBucket:
    """The bucket of S3 that objects arrive in."""

    def __init__(self, source: KeyPattern, bucket: str) -> None:
        self._source = source
        self._bucket = bucket
        self._s3: S3Client = boto3.client("s3")

    def list_objects(self) -> Iterator[SourceObject]:
        """List the current version of every object that fits, in key order.

        Raises:
            DataHubError: the bucket does not exist or may not be listed.
            ClientError: S3 could not answer.
        """
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._source.prefix)
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    if is_object_of(self._source, item["Key"]):
                        yield SourceObject(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in {"NoSuchBucket", "AccessDenied"}:
                raise
            raise DataHubError(
                f"Bucket '{self._bucket}' cannot be listed ({code}): check that it exists and that the role may list it"
            ) from error

    def open(self, item: SourceObject) -> OpenObject:
        """Open the very version that was listed.

        Raises:
            ObjectChanged: it is not there any more.
            ObjectUnreadable: it is archived, or the role may not read or decrypt it.
        """
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=item.key, IfMatch=f'"{item.etag}"')
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {"PreconditionFailed", "NoSuchKey"}:
                raise ObjectChanged(item.key) from error
            if code in _REFUSALS or code.startswith("KMS."):
                raise ObjectUnreadable(code) from error
            raise
        return OpenObject(HashingBody(cast("ByteStream", answer["Body"])), answer.get("VersionId"))
