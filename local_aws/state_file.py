"""The file by which a running local AWS is found: its process id and its endpoint."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

NAME = "local-aws.json"


@dataclass(frozen=True)
class State:
    """A local AWS that runs, or ran until it was killed.

    Attributes:
        pid: process id of the server.
        endpoint: URL it listens on.
    """

    pid: int
    endpoint: str

    @classmethod
    def read(cls, directory: Path) -> "State | None":
        """Return what the state file in ``directory`` says, or None when there is none."""
        try:
            return cls(**json.loads((directory / NAME).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write(self, directory: Path) -> None:
        """Write the state file; readers see all of it or none."""
        partial = directory / f"{NAME}.{self.pid}"
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(directory / NAME)

    def remove(self, directory: Path) -> None:
        """Remove the state file unless another server has written its own by now."""
        if State.read(directory) == self:
            (directory / NAME).unlink(missing_ok=True)

    def is_alive(self) -> bool:
        """Tell whether the process exists and its endpoint takes connections."""
        try:
            os.kill(self.pid, 0)
            address = urlsplit(self.endpoint)
            socket.create_connection((address.hostname, address.port), timeout=5).close()
        except OSError:
            return False
        return True
