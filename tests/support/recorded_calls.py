"""The permissions that recorded calls of the local AWS would need on AWS.

https://docs.aws.amazon.com/service-authorization/latest/reference/ lists them by service. That Glue wants a right on
the catalog, the database and the table: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from iam_policies import Permission

from local_aws.environment import ACCOUNT, REGION

S3_ACTIONS = {
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "HeadBucket": "ListBucket",
}

# Of Athena's calls only the start of a query names the workgroup; the others name the query. There is one workgroup.
WORKGROUP = "data-hub"

Parameters = Mapping[str, Any]


def read(record: Path, roles: Collection[str]) -> dict[str, set[Permission]]:
    """Return for each role the permissions that its calls needed; others, such as Terraform's, do not matter."""
    needed: dict[str, set[Permission]] = {role: set() for role in roles}
    with record.open(encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            if call["role"] in needed:
                needed[call["role"]].update(of_call(call["service"], call["action"], call["parameters"]))
    return needed


def of_call(service: str, action: str, parameters: Parameters) -> list[Permission]:
    """Return what one call needs.

    Raises:
        KeyError: nobody has said yet what calls of this service need.
    """
    return list(_SERVICES[service](action, parameters))


def arn(service: str, resource: str) -> str:
    """Return an ARN of the local AWS."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _s3(action: str, parameters: Parameters) -> Iterator[Permission]:
    bucket = f"arn:aws:s3:::{parameters['Bucket']}"
    needed = S3_ACTIONS.get(action, action)
    if needed == "ListBucket":
        yield Permission("s3:ListBucket", bucket, {"s3:prefix": parameters.get("Prefix") or ""})
    elif action == "DeleteObjects":
        yield from (Permission("s3:DeleteObject", f"{bucket}/{key}") for key in parameters["Keys"])
    elif "Key" in parameters:
        yield Permission(f"s3:{needed}", f"{bucket}/{parameters['Key']}")
    else:
        yield Permission(f"s3:{needed}", bucket)


def _glue(action: str, parameters: Parameters) -> Iterator[Permission]:
    for resource in _glue_resources(action, parameters):
        yield Permission(f"glue:{action}", arn("glue", resource))
    definition = parameters.get("TableInput", {}).get("ViewDefinition", {})
    for role in (definition.get("Definer"), parameters.get("TableOptimizerConfiguration", {}).get("roleArn")):
        if role:
            yield Permission("iam:PassRole", role, {"iam:PassedToService": "glue.amazonaws.com"})


def _glue_resources(action: str, parameters: Parameters) -> list[str]:
    if "Workflow" in action:
        return [f"workflow/{parameters['Name']}"]
    if "Job" in action:
        return [f"job/{parameters.get('JobName') or parameters['Name']}"]
    entries = parameters.get("Entries") or [parameters]
    tables = [
        (
            entry.get("DatabaseName") or entry.get("databaseName") or entry.get("Name"),
            entry.get("tableName") or entry.get("TableName") or _table_of(action, entry),
        )
        for entry in entries
    ]
    found = {"catalog", *(f"database/{database}" for database, _ in tables)}
    return sorted(found | {f"table/{database}/{table}" for database, table in tables if table})


def _table_of(action: str, parameters: Parameters) -> str | None:
    if "TableInput" in parameters:
        return str(parameters["TableInput"]["Name"])
    if action == "GetTables":
        return "*"
    return str(parameters["Name"]) if "Table" in action else None


def _logs(action: str, parameters: Parameters) -> Iterator[Permission]:
    stream = parameters.get("logStreamName")
    group = arn("logs", f"log-group:{parameters['logGroupName']}")
    yield Permission(f"logs:{action}", f"{group}:log-stream:{stream}" if stream else f"{group}:")


def _lambda(action: str, parameters: Parameters) -> Iterator[Permission]:
    name = str(parameters["FunctionName"]).rpartition(":")[2]
    yield Permission(f"lambda:{'InvokeFunction' if action == 'Invoke' else action}", arn("lambda", f"function:{name}"))


def _sqs(action: str, parameters: Parameters) -> Iterator[Permission]:
    yield Permission(f"sqs:{action}", arn("sqs", str(parameters["QueueUrl"]).rpartition("/")[2]))


def _athena(action: str, parameters: Parameters) -> Iterator[Permission]:
    yield Permission(f"athena:{action}", arn("athena", f"workgroup/{parameters.get('WorkGroup', WORKGROUP)}"))


def _sts(_action: str, _parameters: Parameters) -> Iterator[Permission]:
    # GetCallerIdentity needs no permission.
    return iter(())


_SERVICES: dict[str, Callable[[str, Parameters], Iterator[Permission]]] = {
    "athena": _athena,
    "s3": _s3,
    "glue": _glue,
    "lambda": _lambda,
    "logs": _logs,
    "sqs": _sqs,
    "sts": _sts,
}
