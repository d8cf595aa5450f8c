"""What Glue itself is told by a job's DefaultArguments; Terraform reads the same file."""

import json
from pathlib import Path
from string import Template

FILE = Path(__file__).parent.parent / "glue_jobs" / "glue_arguments.json"


def glue_arguments(library: str, requirements: str, warehouse: str) -> dict[str, str]:
    """Return the arguments.

    Args:
        library: S3 URI of the library's archive.
        requirements: S3 URI of the lock of its packages.
        warehouse: S3 URI below which the tables lie.
    """
    filled = Template(FILE.read_text()).substitute(library=library, requirements=requirements, warehouse=warehouse)
    # An argument with several values repeats its name between them.
    return {name: f" {name} ".join(values) for name, values in json.loads(filled).items()}
