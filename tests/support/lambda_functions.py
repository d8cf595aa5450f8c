"""Lambda functions of a test's own on the local AWS."""

import io
import uuid
import zipfile
from typing import Any

from local_aws.process import LocalAws


def zipped(source: str) -> bytes:
    """Return a zip with the module ``trial``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("trial.py", source)
    return buffer.getvalue()


def create(aws: LocalAws, source: str, **options: Any) -> str:
    """Create a function whose handler is ``trial.handler`` and return its name."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    iam: Any = aws.client("iam")  # type: ignore[call-overload]
    role = iam.create_role(RoleName=f"role-of-{name}", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    aws_lambda: Any = aws.client("lambda")  # type: ignore[call-overload]
    aws_lambda.create_function(
        **{
            "FunctionName": name,
            "Role": role,
            "Runtime": "python3.13",
            "Handler": "trial.handler",
            "Code": {"ZipFile": zipped(source)},
            **options,
        }
    )
    return name
