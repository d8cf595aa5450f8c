"""``hub acknowledge``: take note of a rejected file that will not be delivered again."""

from rich.console import Console

from data_hub.pipelines import pipeline_file
from hub_cli import lake
from hub_cli.locations import path_of_pipeline


def acknowledge(console: Console, key: str, pipeline_name: str) -> None:
    """Write to the ledger that somebody knows of a rejected file.

    Raises:
        DataHubError: the file is not rejected, or there is no data yet.
    """
    with lake.open_ledger(pipeline_file.load(path_of_pipeline(pipeline_name))) as ledger:
        ledger.acknowledge(key)
    console.print(f"✔ {key} acknowledged", highlight=False)
