"""The columns that make a table's rows reported items: without them there are no report views."""

import re
from collections.abc import Iterable

SERIES = "seriesid"
AOD = "aod"
RSSDID = "rssdid"
SUBMITTED = "submission_ts"
SUBMISSION = (AOD, RSSDID, SUBMITTED)
ITEM = "item_mdrm"
VALUE = "item_value"
REPORT_COLUMNS = frozenset({SERIES, *SUBMISSION, ITEM, VALUE})

_CONTEXT = re.compile(r"context_level[0-9]+_(mdrm|desc|value)")


def context_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of a table's columns that tell rows of one item apart, in the table's order."""
    return tuple(name for name in names if _CONTEXT.fullmatch(name))
