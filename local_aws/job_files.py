"""The files that a Glue job run needs on disk: its script, its libraries, and our awsglue."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AWSGLUE = Path(__file__).with_name("awsglue")


class MissingJobFileError(Exception):
    """A file that the job names cannot be read from S3."""


@dataclass(frozen=True)
class JobFiles:
    """Files of one job run.

    Attributes:
        script: the script.
        python_path: what the script can import from, besides the interpreter's own packages.
    """

    script: Path
    python_path: list[Path]

    @classmethod
    def download(cls, s3: S3Client, script_uri: str, extra_py_files: str, directory: Path) -> JobFiles:
        """Fetch a job's files into ``directory``.

        Args:
            s3: where they lie.
            script_uri: the job's ScriptLocation.
            extra_py_files: value of ``--extra-py-files``: S3 URIs of zips or modules, separated by commas.
            directory: an empty folder.

        Raises:
            MissingJobFileError: one of them is not there; the text names it.
        """
        script = _download(s3, script_uri, directory, "script")
        libraries = directory / "libraries"
        libraries.mkdir()
        shutil.copytree(AWSGLUE, libraries / AWSGLUE.name, ignore=shutil.ignore_patterns("__pycache__"))
        uris = [uri.strip() for uri in extra_py_files.split(",") if uri.strip()]
        extra = [_download(s3, uri, libraries, "--extra-py-files") for uri in uris]
        return cls(script, [libraries, *(file for file in extra if file.suffix != ".py")])


def _download(s3: S3Client, uri: str, directory: Path, purpose: str) -> Path:
    location = urlsplit(uri)
    target = directory / Path(location.path).name
    try:
        body = s3.get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"]
    except ClientError as error:
        raise MissingJobFileError(
            f"{purpose} {uri} cannot be read ({error.response['Error']['Code']}): deploy the pipeline again"
        ) from error
    with target.open("wb") as file:
        shutil.copyfileobj(body, file)
    return target
