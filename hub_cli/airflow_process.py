"""An Airflow process that never outlives the command line.

Started as ``python -m hub_cli.airflow_process ARGUMENT ...`` in a session of its own; runs
``data_hub.airflow.run_once`` with the arguments, and ends when its standard input does.
"""

import os
import runpy
import signal
import sys
import threading

RUN_ONCE = "data_hub.airflow.run_once"


def main() -> None:
    """Run the DAG in this process."""
    lifeline = os.dup(sys.stdin.fileno())
    # Airflow must neither read the pipe nor hand it on.
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  (a device, not a path of ours)
        os.dup2(nothing.fileno(), sys.stdin.fileno())

    def end_with_parent() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=end_with_parent, name="end-with-parent", daemon=True).start()
    runpy.run_module(RUN_ONCE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
