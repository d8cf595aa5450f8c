"""Runs a Glue script as the main program, and ends with the server whatever ends the server.

Started as ``python job_wrapper.py ERROR_FILE SCRIPT [ARGUMENT ...]`` in a session of its own. A text file
ERROR_FILE appears when an exception ends the script: ``ErrorType: message``, as in a job run's ErrorMessage.
"""

import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType


def main() -> None:
    """Run the script that the command line names."""
    error_file, script, *arguments = sys.argv[1:]
    _end_with_server()
    _record_exceptions(Path(error_file))
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


def _end_with_server() -> None:
    """End this session's processes when the server's end of standard input is closed."""
    lifeline = os.dup(sys.stdin.fileno())
    # The script and what it starts must neither read the pipe nor hold it.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)

    def watch() -> None:
        os.read(lifeline, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-server", daemon=True).start()


def _record_exceptions(error_file: Path) -> None:
    def record(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        error_file.write_text(f"{kind.__name__}: {error}", encoding="utf-8")

    sys.excepthook = record


if __name__ == "__main__":
    main()
