"""A record of every signed request: which role called what, as one JSON line each."""

import copy
import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.core.responses import BaseResponse

from local_aws.patching import LOCK, replace

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
CREDENTIAL = re.compile(r"Credential=(?P<role>[^/]+)/[0-9]+/[^/]+/(?P<service>[^/]+)/aws4_request")
# An object's content and metadata say nothing about who may do what.
S3_PARAMETERS = ("Bucket", "Key", "Prefix")


def install(record: Path) -> None:
    """Patch moto in this process: from now on every signed request is appended to ``record``.

    A line holds ``role`` (the access key id), ``service`` (its signing name), ``action`` and ``parameters`` (both as
    botocore names them; of S3's only Bucket, Key, Prefix and, for DeleteObjects, Keys).

    Args:
        record: a file, made when it is missing.

    Raises:
        RuntimeError: moto is not the version that this patch is made for.
    """
    replace(BaseResponse, "setup_class", functools.partial(_recording, record))


def _recording(record: Path, original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def setup_class(response: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        original(response, request, *args, **kwargs)
        signed = CREDENTIAL.search(request.headers.get("Authorization", ""))
        if not signed:
            return
        # A copy: moto itself parses the parameters of some services only, and looks at whether it did.
        probe = copy.copy(response)
        probe.parse_parameters(request)
        parameters = _of_s3(probe.params) if signed["service"] == "s3" else probe.params
        call = {**signed.groupdict(), "action": response._get_action(), "parameters": parameters}
        with LOCK, record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(call, default=str) + "\n")

    return setup_class


def _of_s3(parameters: dict[str, Any]) -> dict[str, Any]:
    kept = {name: parameters[name] for name in S3_PARAMETERS if parameters.get(name) is not None}
    if "Delete" in parameters:
        kept["Keys"] = [item["Key"] for item in parameters["Delete"]["Objects"]]
    return kept
