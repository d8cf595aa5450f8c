"""How errors end an Airflow task."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from data_hub.errors import DataHubError


class KnownFailure(AirflowFailException):
    """The task fails, as it did before for the same reason: people were told then."""


@contextmanager
def failing_without_retry() -> Iterator[None]:
    """End the task at once on a DataHubError: a person has to mend something, so the same try fails again."""
    try:
        yield
    except DataHubError as error:
        raise AirflowFailException(str(error)) from error
