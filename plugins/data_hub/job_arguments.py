"""The arguments of a job run, as Glue hands them to its script."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from data_hub.errors import DataHubError
from data_hub.ingestion.limits import DEFAULT_MAX_BYTES
from data_hub.pipelines.deployment import Deployment

Engine = Literal["arrow", "spark"]


@dataclass(frozen=True)
class JobArguments:
    """What every job is told.

    Attributes:
        job: name of the job.
        job_run_id: id of the run.
        deployment: where the pipeline is deployed.
    """

    job: str
    job_run_id: str
    deployment: Deployment

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "JobArguments":
        """Take them from ``sys.argv``.

        Raises:
            DataHubError: one that the deployment sets is missing.
        """
        return _common(_resolve(arguments, ()))


@dataclass(frozen=True)
class IngestionArguments(JobArguments):
    """What the ingestion is told besides; every one of them may be left out.

    Attributes:
        keys: ``--keys``, a JSON array: ingest these objects only.
        engine: ``--engine``: arrow or spark.
        max_bytes: ``--max_bytes``: bytes of objects in one commit.
        table_optimizer_role: ``--table_optimizer_role``: ARN of the role of the tables' optimizers.
        arrivals_queue: ``--arrivals_queue``: URL of the queue that asks for another run.
    """

    keys: list[str] | None = None
    engine: Engine = "arrow"
    max_bytes: int = DEFAULT_MAX_BYTES
    table_optimizer_role: str | None = None
    arrivals_queue: str | None = None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "IngestionArguments":
        """Take them from ``sys.argv``.

        Raises:
            DataHubError: one that the deployment sets is missing, or one has a value that does not fit.
        """
        options = _resolve(arguments, ("keys", "engine", "max_bytes", "table_optimizer_role", "arrivals_queue"))
        common = _common(options)
        return cls(
            common.job,
            common.job_run_id,
            common.deployment,
            keys=_keys(options.get("keys")),
            engine=_engine(options.get("engine", "arrow")),
            max_bytes=_bytes(options.get("max_bytes")),
            table_optimizer_role=options.get("table_optimizer_role"),
            arrivals_queue=options.get("arrivals_queue"),
        )


@dataclass(frozen=True)
class ViewsArguments(JobArguments):
    """What the views job is told besides; every one of them may be left out.

    Attributes:
        views: ``--views``: S3 URI of the pipeline's view files.
        athena_workgroup: ``--athena_workgroup``: Athena's workgroup that checks the views.
        prune: ``--prune``: drop views that nothing defines any more.
    """

    views: str | None = None
    athena_workgroup: str | None = None
    prune: bool = False

    @classmethod
    def of(cls, arguments: Sequence[str]) -> "ViewsArguments":
        """Take them from ``sys.argv``.

        Raises:
            DataHubError: one that the deployment sets is missing, or one has a value that does not fit.
        """
        options = _resolve(arguments, ("views", "athena_workgroup", "prune"))
        common = _common(options)
        return cls(
            common.job,
            common.job_run_id,
            common.deployment,
            views=options.get("views"),
            athena_workgroup=options.get("athena_workgroup"),
            prune=_is_true(options.get("prune", "false")),
        )


def _common(options: Mapping[str, Any]) -> JobArguments:
    return JobArguments(options["JOB_NAME"], options.get("JOB_RUN_ID") or "", Deployment.from_arguments(options))


def _resolve(arguments: Sequence[str], optional: Sequence[str]) -> dict[str, Any]:
    # Only where Glue runs there is awsglue.
    from awsglue.utils import GlueArgumentError, getResolvedOptions

    # getResolvedOptions knows no optional arguments: what is asked for has to be there.
    given = [name for name in optional if f"--{name}" in arguments]
    try:
        return dict(getResolvedOptions(list(arguments), ["JOB_NAME", *Deployment.argument_names(), *given]))
    except GlueArgumentError as error:
        raise DataHubError(
            f"{error}: deploy the pipeline again, which writes them into the job's default arguments"
        ) from error


def _keys(text: str | None) -> list[str] | None:
    if text is None:
        return None
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise DataHubError(
            f"--keys {text!r} is no JSON array of keys; write it like '[\"prefix/a.csv\"]', or leave it out"
        )
    return keys


def _is_true(text: str) -> bool:
    if text not in {"true", "false"}:
        raise DataHubError(f"--prune {text!r} is neither true nor false; write one of them, or leave it out")
    return text == "true"


def _engine(text: str) -> Engine:
    for engine in get_args(Engine):
        if text == engine:
            return cast("Engine", engine)
    raise DataHubError(f"--engine {text!r} is none of the engines; write {' or '.join(get_args(Engine))}")


def _bytes(text: str | None) -> int:
    if text is None:
        return DEFAULT_MAX_BYTES
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise DataHubError(f"--max_bytes {text!r} is no number of bytes; write a whole number above 0, like 1073741824")
    return int(text)
