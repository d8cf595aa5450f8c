"""A pipeline file: the single description that Terraform, Airflow and the Glue jobs read.

The terms are AWS Glue's own (https://docs.aws.amazon.com/glue/latest/dg/about-triggers.html).
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

COLUMN_FORMATS = {
    "string": (),
    "bigint": (),
    "decimal": (),
    "date": ("yyyymmdd", "yyyy-mm-dd"),
    "timestamp": ("epoch_seconds", "iso"),
    "boolean": (),
}
_DECIMAL = re.compile(r"decimal\(([0-9]{1,4}), ?([0-9]{1,4})\)")

_REPORT_TYPES = ("string", "bigint", "decimal")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=255)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=255)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _delimiter(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text in '"\r\n\0':
        raise ValueError(f"{text!r} does not fit; write one ASCII character in quotes, no quote and no line end")
    return text


def _null_tokens(tokens: list[str]) -> list[str]:
    for token in tokens:
        if not token or set(token) & set('"\r\n\0'):
            raise ValueError(
                f"{token!r} does not fit; write text without quotes and line ends (nothing at all is NULL)"
            )
    return tokens


class Csv(_Model):
    """How the text of the objects is to be read.

    Attributes:
        delimiter: the character between two fields.
        quoting: ``rfc4180``: a field in quotes may hold delimiters; ``none``: a quote is text like any other.
        encoding: of the decompressed bytes.
        null_tokens: unquoted text that is NULL, besides nothing at all.
        multiline: a field in quotes may hold line ends.
        layout: ``long``: a row of the file is a row of the table; ``wide``: it is one row for each of its items.
        item_column: wide only, the contract's column that takes the header's name of an item.
        value_column: wide only, the contract's column that takes the text of an item.
    """

    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    quoting: Literal["rfc4180", "none"] = "rfc4180"
    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    null_tokens: Annotated[list[str], AfterValidator(_null_tokens)] = []
    multiline: bool = False
    layout: Literal["long", "wide"] = "long"
    item_column: Identifier | None = None
    value_column: Identifier | None = None


class Source(_Model):
    """Where objects arrive.

    Attributes:
        bucket: logical name of the bucket, of the letters that S3 allows; the deployment knows the real one.
        prefix: key prefix, ends with a slash.
        pattern: what follows the prefix; ``*`` does not cross a slash.
        catch_up: Glue schedule, ``cron(minutes hours day-of-month month day-of-week year)`` in UTC, on which a run
            looks for objects that no event announced.
        csv: how their text is to be read.
    """

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
    prefix: Annotated[str, StringConstraints(pattern=r"^([^*?\[\]]+/)+$")]
    pattern: Annotated[str, StringConstraints(pattern=r"^[^/]")]
    catch_up: Annotated[str, StringConstraints(pattern=r"^cron\(\S+( \S+){5}\)$")]
    csv: Csv = Csv()


def _column_type(text: str) -> str:
    found = _DECIMAL.fullmatch(text)
    if found and not (1 <= int(found[1]) <= 38 and int(found[2]) <= int(found[1])):
        raise ValueError(f"'{text}' does not fit; in decimal(p,s) p is 1 to 38 and s 0 to p")
    if not found and text.startswith("decimal"):
        raise ValueError(f"'{text}' is not allowed; write it in quotes with both numbers: \"decimal(38,6)\"")
    if not found and text not in COLUMN_FORMATS:
        raise ValueError(
            f"'{text}' is not allowed; use 'string', 'bigint', 'decimal(p,s)', 'date', 'timestamp' or 'boolean'"
        )
    return text


class Column(_Model):
    """One column of the contract.

    Attributes:
        type: string, bigint, decimal(p,s), date, timestamp or boolean.
        format: how the text of a date or timestamp reads.
        required: the column must be in the header and a row must have a value in it.
        aliases: other header names of the column.
    """

    type: Annotated[str, AfterValidator(_column_type)]
    format: str | None = None
    required: bool = False
    aliases: list[str] = []

    @property
    def kind(self) -> str:
        """The type without its numbers."""
        return self.type.partition("(")[0]

    @property
    def precision_and_scale(self) -> tuple[int, int]:
        """The numbers of a decimal: digits in all, and those behind the point."""
        found = _DECIMAL.fullmatch(self.type)
        if not found:
            raise ValueError(f"{self.type} is no decimal")
        return int(found[1]), int(found[2])

    @model_validator(mode="after")
    def _format_fits_type(self) -> "Column":
        formats = COLUMN_FORMATS[self.kind]
        if formats and self.format not in formats:
            wrong = f"'{self.format}' is no format of a {self.type}" if self.format else f"a {self.type} needs a format"
            raise ValueError(f"{wrong}; use {' or '.join(formats)}")
        if not formats and self.format is not None:
            raise ValueError(f"type {self.type} takes no format; remove '{self.format}'")
        return self


def _report_type(text: str) -> str:
    if _column_type(text).partition("(")[0] not in _REPORT_TYPES:
        raise ValueError(f"'{text}' is no type of a report's column; use 'string', 'bigint' or 'decimal(p,s)'")
    return text


ItemPattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*]+$", max_length=255)]
ReportType = Annotated[str, AfterValidator(_report_type)]


class Table(_Model):
    """The Iceberg table that objects are ingested into, and its contract.

    Attributes:
        name: table in the Glue Data Catalog.
        max_reject_ratio: share of rejected rows (0 to 1) above which a whole file is rejected.
        columns: name to column, in the table's order.
        unknown_columns: of a file: ``rescue`` keeps them in ``_rescued_data``, ``evolve`` adds them to the table.
        partition_by: how a new table is partitioned: a column, or year, month or day(column), bucket(n, column),
            truncate(n, column).
        report: the type of an item's column in the report views: pattern of MDRM item codes, in which ``*`` stands for
            any characters, to string, bigint or decimal(p,s). The first that fits counts, else it is a string.
    """

    name: Identifier
    max_reject_ratio: Annotated[float, Field(ge=0, le=1)]
    columns: Annotated[dict[Identifier, Column], Field(min_length=1)]
    unknown_columns: Literal["rescue", "evolve"] = "rescue"
    partition_by: list[str] = []
    report: dict[ItemPattern, ReportType] = {}

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
        default_arguments: DefaultArguments of the job, besides those that the deployment sets.
    """

    script: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+\.py$")]
    glue_version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$")]
    worker_type: Literal["G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
    number_of_workers: Annotated[int, Field(ge=2)]
    timeout: Annotated[int, Field(ge=1, le=10080)]
    max_concurrent_runs: Annotated[int, Field(ge=1)]
    default_arguments: dict[str, str] = {}


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
