"""Objects that arrive in the source buckets, as ``hub up`` tells of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from data_hub.ingestion.objects import SourceBucket
from data_hub.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from data_hub.ingestion.objects import SourceObject
    from data_hub.pipelines.pipeline import Pipeline

# Ten pages of a listing; who has more objects looks into Airflow.
LOOKED_AT = 10_000
SHOWN = 10


class ArrivalsWatch:
    """Finds objects, and new contents of objects, that an earlier look did not see.

    Args:
        pipelines: whose sources are looked at.
    """

    def __init__(self, pipelines: Sequence[Pipeline]) -> None:
        self._pipelines = pipelines
        self._seen: dict[tuple[str, str], tuple[str, object]] = {}

    def look(self) -> Iterator[str]:
        """Yield a line for each arrival; of many at once, the first ones and a sum.

        Raises:
            DataHubError: a bucket is gone.
            ClientError: S3 could not answer.
        """
        arrived = [item for pipeline in self._pipelines for item in self._new_of(pipeline)]
        for item in arrived[:SHOWN]:
            yield f"{item.key}, {size_in_words(item.size)}, arrived"
        if rest := arrived[SHOWN:]:
            yield f"{counted(len(rest), 'more file')}, {size_in_words(sum(item.size for item in rest))}, arrived"

    def _new_of(self, pipeline: Pipeline) -> list[SourceObject]:
        bucket = pipeline.source.bucket
        listed = itertools.islice(SourceBucket(pipeline.source, bucket).list_objects(), LOOKED_AT)
        new = []
        for item in listed:
            version = (item.etag, item.last_modified)
            if self._seen.get((bucket, item.key)) != version:
                self._seen[bucket, item.key] = version
                new.append(item)
        return sorted(new, key=lambda item: (item.last_modified, item.key))


def size_in_words(size: int) -> str:
    """Return a number of bytes as people read it."""
    if size < 1000:
        return counted(size, "byte")
    return f"{size / 1000:,.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:,.1f} MB"
