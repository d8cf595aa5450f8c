"""Ids of the tasks that every DAG has beside its Glue jobs, for those who read each other's XComs."""

SENSOR = "wait_for_objects"
REJECTED_FILES = "rejected_files"
