"""What the hub writes into the parameters of a view in the Glue Data Catalog."""

FINGERPRINT = "data_hub.definition_sha256"
PIPELINE = "data_hub.pipeline"
NOTE = "data_hub.note"
CHECK = "data_hub.check"
MISFITS = "data_hub.misfits"

# How the text of CHECK begins.
PASSED = "passed"
FAILED = "failed"
NOT_CHECKED = "not checked"
