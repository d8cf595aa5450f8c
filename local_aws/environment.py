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


def client_environment(endpoint: str, role: str = DUMMY_KEY) -> dict[str, str]:
    """Return the variables that boto3, the AWS CLI and data_hub need.

    Args:
        endpoint: URL of the local AWS.
        role: name or ARN of the role that calls; the server knows it by its name, the access key id.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": access_key_of(role),
        "AWS_SECRET_ACCESS_KEY": DUMMY_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # A company's proxy does not reach this machine's loopback; the lower-case name has precedence.
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def access_key_of(role: str) -> str:
    """Return the access key id by which the server knows a role: its name."""
    return role.rpartition("/")[2]


def client(service: Any, endpoint: str, role: str = DUMMY_KEY) -> Any:
    """Return a boto3 client of the local AWS, whatever endpoint, keys and proxy the environment names.

    Args:
        service: boto3's name of the service.
        endpoint: URL of the local AWS.
        role: name or ARN of the role that calls.
    """
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=access_key_of(role),
        aws_secret_access_key=DUMMY_KEY,
        config=Config(proxies={}),
    )
