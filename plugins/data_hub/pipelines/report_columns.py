"""The columns that make a table's rows reported items: without them there are no report views."""

SERIES = "seriesid"
SUBMISSION = ("aod", "rssdid", "submission_ts")
ITEM = "item_mdrm"
VALUE = "item_value"
REPORT_COLUMNS = frozenset({SERIES, *SUBMISSION, ITEM, VALUE})
