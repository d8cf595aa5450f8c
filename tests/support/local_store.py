"""Objects in memory, where a bucket would be."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from ledger_entries import BEGIN

from data_hub.ingestion.objects import HashingBody, ObjectChanged, OpenObject, SourceObject


@dataclass
class LocalStore:
    """Objects by key; each delivery is a second later than the one before."""

    objects: dict[str, tuple[SourceObject, bytes]] = field(default_factory=dict)
    deliveries: int = 0

    def put(self, key: str, content: bytes, etag: str = "") -> SourceObject:
        """Deliver an object, and return how it is listed."""
        self.deliveries += 1
        etag = etag or hashlib.md5(content, usedforsecurity=False).hexdigest()
        item = SourceObject(key, etag, len(content), BEGIN + timedelta(seconds=self.deliveries))
        self.objects[key] = (item, content)
        return item

    def list_objects(self) -> Iterator[SourceObject]:
        """List them in key order."""
        return (self.objects[key][0] for key in sorted(self.objects))

    def open(self, item: SourceObject) -> OpenObject:
        """Open the version that was listed."""
        found, content = self.objects.get(item.key, (None, b""))
        if found is None or found.etag != item.etag:
            raise ObjectChanged(item.key)
        return OpenObject(HashingBody(io.BytesIO(content)), None)
