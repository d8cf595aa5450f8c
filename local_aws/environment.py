"""The environment variables that make a process talk to the local AWS and to nothing else."""

from collections.abc import Mapping

REGION = "us-east-1"
ACCOUNT = "123456789012"
DUMMY_KEY = "testing"

# These belong to Airflow, to moto or to a real AWS account.
FOREIGN_PREFIXES = ("AIRFLOW", "AWS_", "MOTO", "PYICEBERG_")


def without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the server and its job runs may inherit."""
    return {name: value for name, value in environment.items() if not name.startswith(FOREIGN_PREFIXES)}


def client_environment(endpoint: str) -> dict[str, str]:
    """Return the variables that boto3, the AWS CLI, pyarrow and pyiceberg need.

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
    }
