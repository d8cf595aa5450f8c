"""``hub withdraw``: take the rows of a file out of the table, until it is delivered again."""

from rich.console import Console

from data_hub.errors import DataHubError, TryAgainError
from data_hub.ingestion import withdraw as withdrawal
from data_hub.pipelines import pipeline_file
from data_hub.wording import counted
from hub_cli import lake
from hub_cli.locations import path_of_pipeline
from local_aws.deploy import deployment_of

# What the ledger has where another entry has the id of a Glue job run.
BY_HAND = "hub withdraw"


def withdraw(console: Console, key: str, pipeline_name: str) -> None:
    """Remove a file's rows.

    Raises:
        DataHubError: the file has no rows in the table, there is no data yet, or other writers were in the way.
    """
    file = path_of_pipeline(pipeline_name)
    pipeline = pipeline_file.load(file)
    with lake.open_data_to_change():
        try:
            entry = withdrawal.withdraw(pipeline, deployment_of(file, pipeline), key, BY_HAND, _tell_nobody)
        except TryAgainError as error:
            raise DataHubError(str(error)) from error
    removed = counted(entry.rows_ingested, "row")
    console.print(f"✔ {key} withdrawn: {removed} removed from {pipeline.table.name}", markup=False, highlight=False)
    if entry.rows_rejected:
        kept = counted(entry.rows_rejected, "rejected row")
        console.print(f"  its {kept} stay in {pipeline.table.rejects_name}", markup=False, highlight=False)
    console.print("  It stays out until it is delivered again under this key", highlight=False)


def _tell_nobody(_line: str) -> None:
    pass
