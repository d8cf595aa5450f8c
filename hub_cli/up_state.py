"""What runs under ``hub up``: a file by which other commands, and the next ``hub up``, find it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

NAME = "state.json"


@dataclass(frozen=True)
class Component:
    """One of Airflow's processes.

    Attributes:
        pid: its process id.
        starts: how often it was started.
        exit_code: how its last process ended, None while the first one runs; -9 means killed by signal 9.
    """

    pid: int
    starts: int = 1
    exit_code: int | None = None


@dataclass(frozen=True)
class UpState:
    """A local AWS and an Airflow that run, or ran until they were killed.

    Attributes:
        url: Airflow's.
        aws_endpoint: URL of the local AWS.
        airflow_home: Airflow's home; its processes carry it in their environment.
        session: session id of Airflow's processes, that is the process id of their supervisor.
        components: name to process.
        failure: why the supervisor gave up.
    """

    url: str
    aws_endpoint: str
    airflow_home: str
    session: int
    components: Mapping[str, Component] = field(default_factory=dict)
    failure: str | None = None

    @classmethod
    def read(cls, directory: Path) -> "UpState | None":
        """Return what the state file in ``directory`` says, or None when there is none."""
        try:
            values = json.loads((directory / NAME).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        components = {name: Component(**component) for name, component in values.pop("components").items()}
        return cls(components=components, **values)

    def write(self, directory: Path) -> None:
        """Write the state file; readers see all of it or none."""
        partial = directory / f"{NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        partial.replace(directory / NAME)
