"""The one file that Airflow executes in the plugins folder; data_hub beside it is imported by the DAGs."""

from airflow.plugins_manager import AirflowPlugin


class DataHubPlugin(AirflowPlugin):
    """Simple Data Hub in Airflow's list of plugins."""

    name = "data_hub"
