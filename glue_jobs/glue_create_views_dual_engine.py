"""Glue job create-views-dual-engine: the views of the table, each with a text for Spark and one for Athena."""

import sys

from awsglue.utils import getResolvedOptions

from data_hub import job

if __name__ == "__main__":
    job.run_views(getResolvedOptions(sys.argv, ["JOB_NAME", *job.ARGUMENTS]))
