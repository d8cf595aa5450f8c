"""Tests of data_hub.airflow."""
