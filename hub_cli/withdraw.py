"""``hub withdraw``: take the rows of a file out of the table, until it is delivered again."""

from rich.console import Console
from rich.text import Text

from data_hub.errors import DataHubError, TryAgainError
from data_hub.ingestion import withdraw as withdrawal
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline
from data_hub.wording import counted, shortened
from hub_cli import lake, view_list
from hub_cli.locations import path_of_pipeline
from hub_cli.view_list import ViewList
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
    deployment = deployment_of(file, pipeline)
    with lake.open_data_to_change():
        try:
            entry = withdrawal.withdraw(pipeline, deployment, key, BY_HAND, _tell_nobody)
        except TryAgainError as error:
            raise DataHubError(str(error)) from error
        found = _look_at_views(pipeline, deployment)
    removed = counted(entry.rows_ingested, "row")
    console.print(f"✔ {key} withdrawn: {removed} removed from {pipeline.table.name}", markup=False, highlight=False)
    if entry.rows_rejected:
        kept = counted(entry.rows_rejected, "rejected row")
        console.print(f"  its {kept} stay in {pipeline.table.rejects_name}", markup=False, highlight=False)
    console.print("  It stays out until it is delivered again under this key", highlight=False)
    _print_views(console, found)


def _look_at_views(pipeline: Pipeline, deployment: Deployment) -> ViewList | None:
    try:
        return view_list.read(pipeline, deployment)
    except DataHubError:
        return None  # what is wrong with a view file is not the question, and the rows are withdrawn


def _print_views(console: Console, found: ViewList | None) -> None:
    if found is None or not (found.out_of_date or found.gone):
        return
    console.print("  Views show the table as it is: the rows are gone from them, too", highlight=False)
    if found.out_of_date:
        names = shortened(", ".join(found.out_of_date), 200)
        console.print(Text(f"  Columns or notes have yet to follow in {names}: ./hub views --publish"))
    if found.gone:
        names = shortened(", ".join(found.gone), 200)
        console.print(Text(f"  Nothing defines {names} any more: ./hub views --prune drops what is gone"))


def _tell_nobody(_line: str) -> None:
    pass
