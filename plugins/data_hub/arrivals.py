"""What is new: the listing of the source bucket minus the ledger. Sensor, job and command line all ask here."""

from collections.abc import Iterable

from data_hub.catalog import open_catalog
from data_hub.deployment import Deployment
from data_hub.ledger import Ledger
from data_hub.objects import SourceBucket, SourceObject
from data_hub.pipeline import Pipeline


def new_objects(pipeline: Pipeline, deployment: Deployment) -> list[SourceObject]:
    """Return the objects whose current version was not dealt with yet, in key order.

    Raises:
        DataHubError: the bucket does not exist or may not be listed.
        ClientError: AWS could not answer.
    """
    bucket = SourceBucket(pipeline.source, deployment.source_bucket)
    ledger = Ledger.open(open_catalog(), deployment.database, pipeline.table)
    return missing_from(ledger, bucket.list_objects())


def missing_from(ledger: Ledger, items: Iterable[SourceObject]) -> list[SourceObject]:
    """Return those of ``items`` that the ledger lacks."""
    latest = ledger.entries()
    return [item for item in items if item.key not in latest or not latest[item.key].covers(item)]
