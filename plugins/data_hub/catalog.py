"""The Glue Data Catalog as pyiceberg opens it."""

import os
from typing import Any

from pyiceberg.catalog import Catalog, load_catalog

NAME = "glue"


def open_catalog() -> Catalog:
    """Open the Glue Data Catalog of the account and region that the environment names.

    The transport never retries: an UpdateTable whose answer was lost may have taken effect, and a blind second one
    is then refused as a conflict with itself (see data_hub.commit).
    """
    properties: dict[str, Any] = {"glue.max-retries": 0}
    # pyiceberg's S3 access through pyarrow does not read the variables that the AWS SDKs share.
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        properties["s3.endpoint"] = endpoint
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        properties["s3.region"] = region
    return load_catalog(NAME, type="glue", **properties)
