"""The machine and the versions that figures were taken with."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

PACKAGES = ("pyarrow", "pyiceberg", "polars", "duckdb", "pyspark", "dlt")


def describe(checkout: Path) -> dict[str, str]:
    """Return what a reader must know to place the figures."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores ({cpu.partition(': ')[2] or platform.machine()}), "
        f"{int(memory.split()[1]) / 1e6:.0f} GB",
        "versions": ", ".join([f"Python {platform.python_version()}", *map(_version, PACKAGES), _java()]),
        "commit": _output("git", "-C", str(checkout), "rev-parse", "--short", "HEAD"),
        "load when it began": f"{os.getloadavg()[0]:.1f} (more than 0.5: other work disturbs the figures)",
    }


def _version(package: str) -> str:
    return f"{package} {metadata.version(package)}"


def _java() -> str:
    return _output("java", "-version").partition("\n")[0].replace('"', "")


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
