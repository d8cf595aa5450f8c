"""The Glue Data Catalog as pyiceberg opens it."""

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import StaticTable

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

# Not a name that a configuration file of pyiceberg's is likely to say something about.
NAME = "data_hub"

_THROTTLED = {"ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_THROTTLED_WAITS = (0.2, 0.5, 1.0, 2.0, 5.0)


def open_catalog() -> Catalog:
    """Open the Glue Data Catalog of the account and region that the environment names."""
    properties: dict[str, str] = {}
    # pyiceberg's S3 access through pyarrow does not read the variables that the AWS SDKs share.
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        properties["s3.endpoint"] = endpoint
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        properties["s3.region"] = region
    client: Any = _glue_client(properties)
    return GlueCatalog(NAME, client=client, **properties)


def _glue_client(properties: Mapping[str, str]) -> "GlueClient":
    """Return a client that repeats every call whose answer was lost, but for UpdateTable.

    An UpdateTable without an answer may have taken effect: a second one would be refused as a conflict with the
    first, and pyiceberg would then delete the files of a commit that landed (see data_hub.iceberg.commit). One that
    Glue throttled had no effect and is repeated. The network may deliver one twice all the same: a refusal as a
    conflict holds only when the table never had the metadata of the request.

    Args:
        properties: how pyiceberg reaches S3.
    """
    client = boto3.client("glue", config=Config(retries={"mode": "standard", "max_attempts": 10}))
    update_table = boto3.client("glue", config=Config(retries={"max_attempts": 0})).update_table

    def update_table_once(**request: Any) -> Any:
        for seconds in (*_THROTTLED_WAITS, None):
            try:
                return update_table(**request)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ConcurrentModificationException" and _has_landed(client, request, properties):
                    return {}
                if code not in _THROTTLED or seconds is None:
                    raise
                time.sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    client.update_table = update_table_once  # type: ignore[method-assign]
    return client


def _has_landed(client: "GlueClient", request: dict[str, Any], properties: Mapping[str, str]) -> bool:
    wanted = request["TableInput"]["Parameters"]["metadata_location"]
    table = client.get_table(DatabaseName=request["DatabaseName"], Name=request["TableInput"]["Name"])["Table"]
    current = table["Parameters"]["metadata_location"]
    if current == wanted:
        return True
    log = StaticTable.from_metadata(current, dict(properties)).metadata.metadata_log
    return wanted in {entry.metadata_file for entry in log}
