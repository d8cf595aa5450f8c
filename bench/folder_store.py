"""Objects in a folder of this machine instead of a bucket."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from data_hub.ingestion.objects import HashingBody, ObjectChanged, OpenObject, SourceObject, is_object_of
from data_hub.key_pattern import KeyPattern


class FolderStore:
    """A folder whose files are objects; their keys are the paths below it.

    Args:
        folder: what takes the place of the bucket.
        source: prefix and pattern.
    """

    def __init__(self, folder: Path, source: KeyPattern) -> None:
        self._folder = folder
        self._source = source

    def list_objects(self) -> Iterator[SourceObject]:
        """List the objects in key order."""
        found = (
            (f"{place}/{name}".removeprefix(f"{self._folder}/"), os.stat(f"{place}/{name}"))  # noqa: PTH116  (fast)
            for place, _, names in os.walk(self._folder)
            for name in names
        )
        for key, stat in sorted(found, key=lambda each: each[0]):
            if is_object_of(self._source, key):
                changed = datetime.fromtimestamp(int(stat.st_mtime), UTC)
                yield SourceObject(key, f"{stat.st_mtime_ns:x}-{stat.st_size:x}", stat.st_size, changed)

    def open(self, item: SourceObject) -> OpenObject:
        """Open the very version that was listed.

        Raises:
            ObjectChanged: it is not there any more.
        """
        path = self._folder / item.key
        try:
            file = path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise ObjectChanged(item.key) from error
        stat = os.fstat(file.fileno())
        if item.etag != f"{stat.st_mtime_ns:x}-{stat.st_size:x}":
            file.close()
            raise ObjectChanged(item.key)
        return OpenObject(HashingBody(file), None)
