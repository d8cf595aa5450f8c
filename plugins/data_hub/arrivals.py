"""What is new: the listing of the source bucket minus the ledger. Sensor, job and command line all ask here."""

from data_hub.catalog import open_catalog
from data_hub.deployment import Deployment
from data_hub.ledger import Ledger
from data_hub.objects import SourceBucket, SourceObject
from data_hub.pipeline import Pipeline


def new_objects(pipeline: Pipeline, deployment: Deployment) -> list[SourceObject]:
    """Return the objects whose current content was not dealt with yet, in key order.

    Raises:
        DataHubError: the bucket does not exist or may not be listed.
    """
    bucket = SourceBucket(pipeline.source, deployment.source_bucket)
    return missing_from(Ledger.open(open_catalog(), deployment.database, pipeline.table), bucket)


def missing_from(ledger: Ledger, bucket: SourceBucket) -> list[SourceObject]:
    """Return the objects of the bucket that the ledger lacks, in key order. Raises like ``new_objects``."""
    dealt_with = ledger.etags()
    return [item for item in bucket.list_objects() if dealt_with.get(item.key) != item.etag]
