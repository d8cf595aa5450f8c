"""Takes the place of pandas for every engine but the one that needs it.

pyarrow imports pandas wherever it is installed, which would put half a second on everybody's bill.
"""

raise ImportError("only dlt's default CSV reader gets pandas, see bench/ingestion.py")
