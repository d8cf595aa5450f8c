"""``hub up`` and ``hub down``: the local AWS with all pipelines deployed, until somebody ends it."""

import os
import signal

from rich.console import Console

from hub_cli.locations import LOCAL_AWS, PIPELINES
from local_aws.deploy import deploy
from local_aws.process import LocalAws
from local_aws.state_file import State


def up(console: Console, port: int) -> None:
    """Start the local AWS in the foreground; Ctrl-C ends it.

    Args:
        console: where to print.
        port: port on 127.0.0.1; 0 takes a free one.

    Raises:
        DataHubError: the port is taken, or it runs already.
    """
    with LocalAws.start(LOCAL_AWS, port) as aws:
        files = sorted(PIPELINES.glob("*.yaml"))
        deploy(aws, files)
        console.print(f"✔ local AWS on {aws.endpoint} with {', '.join(file.name for file in files)}; Ctrl-C ends it")
        console.print("\nTo use it from another terminal, for example with boto3 or the AWS CLI:")
        for name, value in aws.environment.items():
            console.print(f"  export {name}={value}", highlight=False)
        aws.wait()


def down(console: Console) -> None:
    """End the local AWS that ``hub up`` started, wherever it runs."""
    state = State.read(LOCAL_AWS)
    if state is None or not state.is_alive():
        console.print("No local AWS runs")
        return
    os.kill(state.pid, signal.SIGTERM)
    console.print(f"✔ local AWS on {state.endpoint} ended")
