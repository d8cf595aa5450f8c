"""How a process talks to the local AWS and to nothing else."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "123456789012"
DUMMY_KEY = "testing"

# These belong to Airflow, to moto or to a real AWS account.
FOREIGN_PREFIXES = ("AIRFLOW", "AWS_", "MOTO", "PYICEBERG_")


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are neither Airflow's nor moto's, and lead to no real AWS account."""
    return {name: value for name, value in environment.items() if not name.startswith(FOREIGN_PREFIXES)}


def client_environment(endpoint: str) -> dict[str, str]:
    """Return the variables that boto3, the AWS CLI and data_hub need.

    Args:
        endpoint: URL of the local AWS.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": DUMMY_KEY,
        "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # A company's proxy does not reach this machine's loopback; the lower-case name has precedence.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def client(service: Any, endpoint: str) -> Any:
    """Return a boto3 client of the local AWS, whatever endpoint, keys and proxy the environment names.

    Args:
        service: boto3's name of the service.
        endpoint: URL of the local AWS.
    """
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=DUMMY_KEY,
        aws_secret_access_key=DUMMY_KEY,
        config=Config(proxies={}),
    )
