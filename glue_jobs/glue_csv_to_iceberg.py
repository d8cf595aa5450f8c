"""Glue job csv-to-iceberg-ingestion: every CSV object that the ledger lacks goes into the Iceberg table."""

import sys

from data_hub import job

if __name__ == "__main__":
    job.run_ingestion(sys.argv)
