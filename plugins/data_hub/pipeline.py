"""A pipeline file: the single description that Terraform, Airflow and the Glue jobs read.

The terms are AWS Glue's own (https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

COLUMN_FORMATS = {
    "string": (),
    "bigint": (),
    "date": ("yyyymmdd", "yyyy-mm-dd"),
    "timestamp": ("epoch_seconds",),
}

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=255)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=255)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Model):
    """Where objects arrive.

    Attributes:
        bucket: logical name of the bucket, of the letters that S3 allows; the deployment knows the real one.
        prefix: key prefix, ends with a slash.
        pattern: what follows the prefix; ``*`` does not cross a slash.
        catch_up: Glue schedule, ``cron(minutes hours day-of-month month day-of-week year)`` in UTC, on which a run
            looks for objects that no event announced.
    """

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
    prefix: Annotated[str, StringConstraints(pattern=r"^([^*?\[\]]+/)+$")]
    pattern: Annotated[str, StringConstraints(pattern=r"^[^/]")]
    catch_up: Annotated[str, StringConstraints(pattern=r"^cron\(\S+( \S+){5}\)$")]


class Column(_Model):
    """One column of the contract.

    Attributes:
        type: string, bigint, date or timestamp.
        format: how the text of a date or timestamp reads.
        required: the column must be in the header and a row must have a value in it.
        aliases: other header names of the column.
    """

    type: Literal["string", "bigint", "date", "timestamp"]
    format: str | None = None
    required: bool = False
    aliases: list[str] = []

    @model_validator(mode="after")
    def _format_fits_type(self) -> "Column":
        formats = COLUMN_FORMATS[self.type]
        if formats and self.format not in formats:
            wrong = f"'{self.format}' is no format of a {self.type}" if self.format else f"a {self.type} needs a format"
            raise ValueError(f"{wrong}; use {' or '.join(formats)}")
        if not formats and self.format is not None:
            raise ValueError(f"type {self.type} takes no format; remove '{self.format}'")
        return self


class Table(_Model):
    """The Iceberg table that objects are ingested into, and its contract.

    Attributes:
        name: table in the Glue Data Catalog.
        max_reject_ratio: share of rejected rows (0 to 1) above which a whole file is rejected.
        columns: name to column, in the table's order.
    """

    name: Identifier
    max_reject_ratio: Annotated[float, Field(ge=0, le=1)]
    columns: Annotated[dict[Identifier, Column], Field(min_length=1)]

    @property
    def rejects_name(self) -> str:
        """Name of the table that keeps every rejected row."""
        return f"{self.name}_rejects"

    @property
    def ledger_name(self) -> str:
        """Name of the table that keeps what happened to every object."""
        return f"{self.name}_ledger"


class Job(_Model):
    """A Glue job; fields as in https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html.

    Attributes:
        script: file name in glue_jobs/.
        timeout: minutes after which Glue ends a run as TIMEOUT.
        max_concurrent_runs: runs beyond it are refused with ConcurrentRunsExceededException.
    """

    script: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+\.py$")]
    glue_version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
    worker_type: Literal["G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
    number_of_workers: Annotated[int, Field(ge=2)]
    timeout: Annotated[int, Field(ge=1, le=10080)]
    max_concurrent_runs: Annotated[int, Field(ge=1)]


class Condition(_Model):
    """One job state that a predicate waits for."""

    job: str
    state: Literal["SUCCEEDED"]


class Predicate(_Model):
    """What a CONDITIONAL Glue trigger waits for."""

    logical: Literal["AND"]
    conditions: Annotated[list[Condition], Field(min_length=1)]


class Action(_Model):
    """A job that a Glue trigger starts."""

    job: str


class Trigger(_Model):
    """A Glue trigger: ON_DEMAND starts the chain, CONDITIONAL carries it on."""

    type: Literal["ON_DEMAND", "CONDITIONAL"]
    predicate: Predicate | None = None
    actions: Annotated[list[Action], Field(min_length=1)]

    @model_validator(mode="after")
    def _predicate_fits_type(self) -> "Trigger":
        if self.type == "CONDITIONAL" and self.predicate is None:
            raise ValueError("a CONDITIONAL Glue trigger needs a predicate")
        if self.type == "ON_DEMAND" and self.predicate is not None:
            raise ValueError("an ON_DEMAND Glue trigger takes no predicate; remove it")
        return self


class Pipeline(_Model):
    """A pipeline as its file describes it.

    Attributes:
        pipeline: Airflow's DAG id and Glue's workflow name.
        orchestrator: who reacts to arrivals, ``airflow`` or ``glue``.
    """

    pipeline: Name
    orchestrator: Literal["airflow", "glue"]
    source: Source
    table: Table
    jobs: Annotated[dict[Name, Job], Field(min_length=1)]
    triggers: Annotated[dict[Name, Trigger], Field(min_length=1)]


FIELDS = frozenset(name for model in _Model.__subclasses__() for name in model.model_fields)
