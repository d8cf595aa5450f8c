"""Simple Data Hub in Airflow: everything that imports Airflow.

Only what a DAG file needs is imported with it: the parts of the library that bring pyiceberg and pyarrow along are
imported by the tasks when they run, because Airflow reads every DAG file again and again. ``run_once`` and
``task_events`` serve ``./hub run`` alone.
"""

from data_hub.airflow.dag import build_dag

__all__ = ["build_dag"]
