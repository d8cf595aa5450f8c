"""The columns that the hub adds to every row."""

INGEST_TS = "ingest_ts"
SOURCE_FILE = "source_file"
SOURCE_LINE = "source_line"
INGESTED_AT = "ingested_at"
RESCUED_DATA = "_rescued_data"

COLUMNS = (INGEST_TS, SOURCE_FILE, SOURCE_LINE, INGESTED_AT, RESCUED_DATA)
