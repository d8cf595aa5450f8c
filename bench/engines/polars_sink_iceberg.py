"""polars: its own Iceberg sink, which commits through pyiceberg."""

import sys
from pathlib import Path

from bench import iceberg
from bench.engines.polars_add_files import rows


def load(home: Path, folder: Path) -> None:
    """Load every object of the folder."""
    rows(folder).sink_iceberg(iceberg.create_table(home), mode="append", maintain_order=False)


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
