"""``getResolvedOptions`` as AWS documents it.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

import argparse
from typing import Any, NoReturn

# Glue passes these itself; a script reads them from the result and may not ask for them.
RESERVED = (
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
    "encryption-type",
    "job-bookmark-from",
    "job-bookmark-option",
    "job-bookmark-to",
)
OPTIONAL = ("RedshiftTempDir", "TempDir")


class GlueArgumentError(Exception):
    """An argument that the script asks for is missing or has no value."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: list[str], options: list[str]) -> dict[str, Any]:  # noqa: N802  (AWS's name)
    """Return the values of a job's arguments by name.

    Args:
        args: ``sys.argv``.
        options: names of the arguments that the script needs, without leading dashes.

    Returns:
        name to value; ``-`` in a name becomes ``_``. JOB_RUN_ID and the other reserved names are there as well,
        None where Glue passed no value. Other arguments are left out.

    Raises:
        GlueArgumentError: an argument of ``options`` is missing or has no value.
        RuntimeError: ``options`` has a reserved name in it.
    """
    if reserved := [name for name in options if name in RESERVED]:
        raise RuntimeError(f"Using reserved arguments {', '.join(reserved)}")
    parser = _Parser()
    for name in (*RESERVED, *OPTIONAL):
        parser.add_argument(f"--{name}")
    for name in options:
        if name not in OPTIONAL:
            parser.add_argument(f"--{name}", required=True)
    known, _ = parser.parse_known_args(args[1:])
    return vars(known)
