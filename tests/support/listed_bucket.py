"""A bucket with very many objects that only its listing knows of."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.awsrequest import AWSResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 1000
LAST_MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)


def etag_of(key: str) -> str:
    """Return the ETag of an object."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


class ListedBucket:
    """Answers ListObjectsV2 for the clients of a session, a thousand keys a page, as S3 does.

    Attributes:
        keys: what is listed, in key order.
        calls: how many pages were asked for.
    """

    def __init__(self, session: boto3.Session, keys: Sequence[str]) -> None:
        self.keys = sorted(keys)
        self.calls = 0
        session.events.register("before-send.s3.ListObjectsV2", self._answer)

    def _answer(self, request: Any, **_: object) -> AWSResponse:
        self.calls += 1
        start = int(parse_qs(urlsplit(request.url).query).get("continuation-token", ["0"])[0])
        end = start + PAGE
        contents = "".join(
            f"<Contents><Key>{key}</Key><LastModified>{LAST_MODIFIED.isoformat()}</LastModified>"
            f"<ETag>&quot;{etag_of(key)}&quot;</ETag><Size>1000</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key in self.keys[start:end]
        )
        more = end < len(self.keys)
        token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
        body = (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}</ListBucketResult>"
        )
        return _Response(request.url, body.encode())


class _Response(AWSResponse):
    def __init__(self, url: str, body: bytes) -> None:
        super().__init__(url, 200, {"content-type": "application/xml"}, None)
        self._content = body
