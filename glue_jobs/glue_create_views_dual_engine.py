"""Glue job create-views-dual-engine: the views of the table, each with a text for Spark and one for Athena."""

import sys

from data_hub import job

if __name__ == "__main__":
    job.run_views(sys.argv)
