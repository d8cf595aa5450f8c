"""``python -m local_aws``: the server process; it ends at the end of its standard input."""

import argparse
from pathlib import Path

from local_aws.server import serve


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="folder for the state file and job runs")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--minute-seconds", type=float, default=60.0, help="length of a job timeout's minute")
    parser.add_argument("--record", type=Path, help="file that every request is noted in")
    options = parser.parse_args()
    serve(options.directory, options.port, options.minute_seconds, options.record)


if __name__ == "__main__":
    main()
