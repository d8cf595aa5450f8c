"""S3 event notifications: which objects have arrived.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from pipelines import DeployedPipeline

_CREATED = "ObjectCreated:"
# What S3 sends once when a notification is set up.
_TEST_EVENT = "s3:TestEvent"


class NotAnS3EventError(ValueError):
    """What came is no S3 event; the text says what is wrong with it."""


@dataclass(frozen=True)
class Arrival:
    """An object that was created.

    Attributes:
        bucket: name of its bucket.
        key: its key.
        arrived_at: when it was complete; None when the event does not tell, as one made by hand.
    """

    bucket: str
    key: str
    arrived_at: datetime | None

    def is_of(self, pipeline: DeployedPipeline) -> bool:
        """Tell whether a pipeline ingests it."""
        return pipeline.takes(self.bucket, self.key)

    def __str__(self) -> str:
        """Return its S3 URI."""
        return f"s3://{self.bucket}/{self.key}"


def parse(event: Any) -> list[Arrival]:
    """Return the objects that an event announces; none for S3's test event.

    Raises:
        NotAnS3EventError: it is something else.
    """
    if not isinstance(event, dict):
        raise NotAnS3EventError(f"a JSON object was expected, this is a {type(event).__name__}")
    if event.get("Event") == _TEST_EVENT:
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise NotAnS3EventError("there is no list 'Records' in it")
    return [_arrival(record) for record in records if _is_creation(record)]


def _is_creation(record: Any) -> bool:
    # The events that people make by hand, to try the function, have no name.
    return not isinstance(record, dict) or str(record.get("eventName", _CREATED)).startswith(_CREATED)


def _arrival(record: Any) -> Arrival:
    try:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        time = record.get("eventTime")
        moment = datetime.fromisoformat(time) if time else None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAnS3EventError(
            f"a record without s3.bucket.name, s3.object.key or a valid eventTime: {error!r}"
        ) from error
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise NotAnS3EventError("s3.bucket.name or s3.object.key is no text")
    if moment is not None and moment.tzinfo is None:
        raise NotAnS3EventError(f"eventTime {time} has no time zone")
    return Arrival(bucket, unquote_plus(key), moment)
