"""What ``hub run`` prints while it works: a line for each step, when it is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from hub_cli.dag_run import TaskEvent

_MARKS = {"success": ("✔", "green"), "skipped": ("-", "yellow"), "failed": ("✘", "bold red")}
_LABEL_WIDTH = 26
_DETAIL_WIDTH = 38
# So much of an id tells one run from another.
SHOWN_ID = 11


class Step:
    """A step under way; ``detail`` is what its line says."""

    def __init__(self) -> None:
        self.detail = ""


class Progress:
    """Prints the steps of a run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._begun: tuple[str, float] | None = None

    @contextmanager
    def step(self, label: str) -> Iterator[Step]:
        """Print a line with the time that the block took, unless it raises."""
        began, step = time.monotonic(), Step()
        with self._console.status(label):
            yield step
        self._line("success", label, step.detail, time.monotonic() - began)

    def heading(self, text: str) -> None:
        """Print a heading after an empty line."""
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def show(self, event: TaskEvent) -> None:
        """Print a task that ended; while it runs, a terminal shows that it does."""
        self._stop_status()
        if event.ended:
            self._line(event.state, event.task, _detail(event), event.seconds)
            if event.error:
                for line in event.error.splitlines():
                    self._console.print(Text(f"  {line}", style="red"))
        else:
            run = f": Glue job run {event.job_run_id[:SHOWN_ID]}" if event.job_run_id else ""
            self._wait_for(event.task + run)

    def begin(self, label: str) -> None:
        """Begin a step that ends with ``end_begun``."""
        self._begun = (label, time.monotonic())
        self._wait_for(f"{label} starts")

    def end_begun(self, detail: str) -> None:
        """Print the line of the step that was begun; do nothing when it was printed."""
        if self._begun is not None:
            self._stop_status()
            label, began = self._begun
            self._line("success", label, detail, time.monotonic() - began)
            self._begun = None

    def _wait_for(self, text: str) -> None:
        self._stop_status()
        self._status = self._console.status(text)
        self._status.start()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._stop_status()

    def _stop_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _line(self, state: str, label: str, detail: str, seconds: float | None) -> None:
        mark, style = _MARKS.get(state, ("✘", "bold red"))
        took = "" if seconds is None else f"{seconds:6.1f} s"
        self._console.print(
            Text.assemble((mark, style), f" {label:<{_LABEL_WIDTH}} {detail:<{_DETAIL_WIDTH}} {took}".rstrip())
        )


def _detail(event: TaskEvent) -> str:
    if event.job_run_id:
        return f"{event.glue_state or event.state:<11} {event.job_run_id[:SHOWN_ID]}"
    if event.state in {"success", "skipped"}:
        return event.summary or event.state
    return event.state
