"""What a process takes: wall time with its start, processor time, and the most memory of it and its children.

Linux only.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.05
# Every so many samples the process table is searched for new children.
SEARCH_SAMPLES = 10
PAGE_BYTES, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class EngineFailed(Exception):
    """A process ended with another exit code than 0; the text is the end of what it printed."""


@dataclass(frozen=True)
class Measurement:
    """What one process took.

    Attributes:
        seconds: wall time, from before its start to after its end.
        cpu_seconds: processor time of it and the children that it waited for.
        peak_mb: most resident memory of it and its children at one time, in 10^6 bytes.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Measurement:
    """Run a command; what it prints goes to a file.

    Raises:
        EngineFailed: it ended with another exit code than 0.
    """
    os.sync()  # what an earlier process wrote is not on this one's bill
    with log.open("wb") as printed:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )
        memory = _Memory(process.pid)
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            memory.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise EngineFailed(f"exit code {process.returncode}:\n{log.read_text(errors='replace')[-3000:]}")
    # The kernel's own peak is exact for a process without children; samples see the sum of a tree.
    peak = max(usage.ru_maxrss * 1024, memory.peak)
    # A child that is not waited for, such as Spark's Java, is in the samples only.
    cpu_seconds = max(usage.ru_utime + usage.ru_stime, memory.cpu_seconds)
    return Measurement(round(seconds, 3), round(cpu_seconds, 3), round(peak / 1e6, 1))


class _Memory:
    """Samples the resident memory of a process and its descendants in a thread."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pids = {pid}
        self._cpu_seconds: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu_seconds.values())

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        number = 0
        while not self._stopped.wait(SAMPLE_SECONDS):
            if number % SEARCH_SAMPLES == 0:
                self._search()
            number += 1
            self.peak = max(self.peak, sum(map(_resident_bytes, self._pids)))

    def _search(self) -> None:
        """Look for new children, and at the processor time of all."""
        found = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        while new := {pid for pid, stat in found.items() if stat and int(stat[1]) in self._pids} - self._pids:
            self._pids |= new
        for pid in self._pids & found.keys():
            if stat := found[pid]:
                self._cpu_seconds[pid] = (int(stat[11]) + int(stat[12])) / TICKS


def _stat(process: Path) -> list[str]:
    """Return the fields of a process behind its name: state, parent and so on; none when it is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
