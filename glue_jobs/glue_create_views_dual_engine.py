"""Glue job create-views-dual-engine: the pipeline's views, in Spark's and Athena's SQL at once."""

import sys

from awsglue.utils import getResolvedOptions

from data_hub import job
from data_hub.deployment import Deployment
from data_hub.views import create_views

if __name__ == "__main__":
    deployment = Deployment.from_arguments(getResolvedOptions(sys.argv, ["JOB_NAME", *job.ARGUMENTS]))
    create_views(job.load_pipeline(deployment), deployment)
