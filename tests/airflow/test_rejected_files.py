from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException
from collections_pipeline import HEADER_V1, row_v1
from deployed_pipeline import DeployedPipeline
from task_context import RecordingTaskInstance, context_of

from data_hub.airflow.failures import KnownFailure
from data_hub.airflow.rejected_files import RejectedFilesOperator
from data_hub.ingestion.ingest import Ingestion

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
KEY = "collections-data/ingest_ts=1/bad.csv"


def check(deployed: DeployedPipeline, began: datetime = LONG_AGO) -> RecordingTaskInstance:
    """Run the task in a DAG run that began at some time."""
    task_instance = RecordingTaskInstance("rejected_files")
    operator = RejectedFilesOperator(task_id="rejected_files", pipeline=deployed.pipeline)
    operator.execute({**context_of(task_instance), "dag_run": SimpleNamespace(start_date=began)})
    return task_instance


def test_before_the_first_ingestion_nothing_is_rejected(deployed: DeployedPipeline) -> None:
    assert check(deployed).xcoms["summary"] == "none"


def test_a_rejected_file_is_red_until_it_is_delivered_again(deployed: DeployedPipeline) -> None:
    deployed.put(KEY, b"not,our,header\n1,2,3\n")
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run()
    with pytest.raises(AirflowFailException) as failure:
        check(deployed)
    assert "Not ingested: collections-data/" in str(failure.value)
    assert f"{KEY}: " in str(failure.value)
    assert "Deliver each again" in str(failure.value)

    deployed.put(KEY, HEADER_V1 + row_v1())
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_2", print).run()
    assert check(deployed).xcoms["summary"] == "none"


def test_only_the_dag_run_in_which_a_file_was_rejected_tells_people_of_it(deployed: DeployedPipeline) -> None:
    deployed.put(KEY, b"not,our,header\n1,2,3\n")
    Ingestion.open(deployed.pipeline, deployed.deployment, "jr_1", print).run()
    with pytest.raises(AirflowFailException) as first:
        check(deployed)
    assert not isinstance(first.value, KnownFailure)
    with pytest.raises(KnownFailure, match="Not ingested: collections-data/"):
        check(deployed, began=datetime.now(UTC))
