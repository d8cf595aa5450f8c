"""Table optimizers of the Glue Data Catalog: AWS keeps the Iceberg tables in order while nobody writes them.

They need the table to exist, so the job that makes the tables sets them up; Terraform makes the role.
https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.literals import TableOptimizerTypeType
    from mypy_boto3_glue.type_defs import TableOptimizerConfigurationTypeDef
    from pyiceberg.table import Table as IcebergTable

    from data_hub.iceberg.tables import Tables

# A snapshot is needed by whoever reads the table as of it, and by the next ingestion, when the one that made it died
# before it wrote the ledger: the entries are in the snapshot's summary until then. That next ingestion comes within
# the hour, or when somebody has mended what is broken: a week bridges a weekend and holidays, and no reader takes
# that long. A table that rests for months keeps its last snapshots all the same; one commit makes two of them.
# (Should an entry be lost, the file is read again and replaces its own rows: nothing is doubled.)
RETENTION_DAYS = 7
SNAPSHOTS_RETAINED = 100
# A file of a commit that is not made yet looks like an orphan. Glue ends every job run after 7 days at the latest.
ORPHAN_DAYS = 8
RUN_RATE_HOURS = 24
# Glue's defaults, written down so that they stay: small files are merged when a hundred of them have come together.
# Sorting would need a sort order, which these tables do not have.
MIN_INPUT_FILES = 100
DELETE_FILE_THRESHOLD = 1

# What a person has to mend; anything else may go through another time, and is worth no failed run, after which the
# views would not follow.
_REFUSALS = {"AccessDeniedException", "EntityNotFoundException", "InvalidInputException", "ValidationException"}


@dataclass(frozen=True)
class _Optimizer:
    database: str
    table: str
    type: TableOptimizerTypeType
    configuration: TableOptimizerConfigurationTypeDef

    @property
    def identity(self) -> tuple[str, str, str]:
        return (self.database, self.table, self.type)


def ensure(tables: Tables, role: str, tell: Callable[[str], None]) -> None:
    """Create the optimizers that the tables lack; those that are there stay as they are.

    Args:
        tables: the pipeline's tables.
        role: ARN of the role that the optimizers work with; its account is the catalog's.
        tell: takes a line about each optimizer that was created.

    An AWS that cannot answer just now is a line of its own and no more: the next run looks again.

    Raises:
        DataHubError: AWS refuses; the text says what to do.
    """
    catalog_id = _account_of(role)
    wanted = [
        optimizer for table in (tables.rows, tables.rejects, tables.ledger) for optimizer in _optimizers_of(table, role)
    ]
    glue = boto3.client("glue")
    try:
        present = _read_present(glue, catalog_id, wanted)
        for optimizer in wanted:
            if optimizer.identity not in present and _create(glue, catalog_id, optimizer):
                tell(f"{optimizer.table}: table optimizer {optimizer.type} created")
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSALS:
            raise _refused(str(error), role) from error
        tell(f"The table optimizers are left to the next run: {error}")


def _account_of(role: str) -> str:
    parts = role.split(":")
    if len(parts) != 6 or not parts[4].isdigit():
        raise DataHubError(
            f"--table_optimizer_role {role!r} is no ARN of a role, like arn:aws:iam::123456789012:role/NAME; all rows "
            "are ingested, the tables have no optimizers. Deploy the pipeline again, or leave the argument out"
        )
    return parts[4]


def _optimizers_of(table: IcebergTable, role: str) -> list[_Optimizer]:
    database, name = table.name()
    settings: dict[TableOptimizerTypeType, TableOptimizerConfigurationTypeDef] = {
        "compaction": {
            "compactionConfiguration": {
                "icebergConfiguration": {
                    "strategy": "binpack",
                    "minInputFiles": MIN_INPUT_FILES,
                    "deleteFileThreshold": DELETE_FILE_THRESHOLD,
                }
            }
        },
        "retention": {
            "retentionConfiguration": {
                "icebergConfiguration": {
                    "snapshotRetentionPeriodInDays": RETENTION_DAYS,
                    "numberOfSnapshotsToRetain": SNAPSHOTS_RETAINED,
                    "cleanExpiredFiles": True,
                    "runRateInHours": RUN_RATE_HOURS,
                }
            }
        },
        "orphan_file_deletion": {
            "orphanFileDeletionConfiguration": {
                "icebergConfiguration": {
                    "orphanFileRetentionPeriodInDays": ORPHAN_DAYS,
                    # The location of a table is the beginning of its rejects' and its ledger's: to a search by prefix
                    # their files would be orphans. Below data/ there are only this table's.
                    "location": f"{table.location().rstrip('/')}/data/",
                    "runRateInHours": RUN_RATE_HOURS,
                }
            }
        },
    }
    return [
        _Optimizer(database, name, kind, {"roleArn": role, "enabled": True, **setting})
        for kind, setting in settings.items()
    ]


def _read_present(glue: GlueClient, catalog_id: str, wanted: Sequence[_Optimizer]) -> set[tuple[str, str, str]]:
    answer = glue.batch_get_table_optimizer(
        Entries=[
            {
                "catalogId": catalog_id,
                "databaseName": optimizer.database,
                "tableName": optimizer.table,
                "type": optimizer.type,
            }
            for optimizer in wanted
        ]
    )
    # One that is not there is a failure of its own; of another failure CreateTableOptimizer tells the reason.
    return {
        (found["databaseName"], found["tableName"], found["tableOptimizer"]["type"])
        for found in answer.get("TableOptimizers", [])
    }


def _create(glue: GlueClient, catalog_id: str, optimizer: _Optimizer) -> bool:
    try:
        glue.create_table_optimizer(
            CatalogId=catalog_id,
            DatabaseName=optimizer.database,
            TableName=optimizer.table,
            Type=optimizer.type,
            TableOptimizerConfiguration=optimizer.configuration,
        )
    except glue.exceptions.AlreadyExistsException:
        return False
    return True


def _refused(reason: str, role: str) -> DataHubError:
    return DataHubError(
        f"All rows are ingested, but AWS refuses a table optimizer: {reason}. The job's role needs "
        f"glue:BatchGetTableOptimizer and glue:CreateTableOptimizer on the tables and iam:PassRole on {role}, which "
        "Glue must be able to assume: apply Terraform again, then start the job once more. To do without optimizers, "
        "take --table_optimizer_role out of the job's default arguments"
    )
