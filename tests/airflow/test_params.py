"""The form behind the Trigger button."""

from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError
from collections_pipeline import PIPELINE

from data_hub.airflow import params
from data_hub.airflow.params import RunOptions

KEY = "collections-data/ingest_ts=1/a.csv"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wait_minutes", 0),
        ("wait_minutes", 240),
        ("keys", None),
        ("keys", []),
        ("keys", [KEY, f"{KEY}.gz"]),
        ("views_only", True),
        ("dry_run", True),
    ],
)
def test_what_the_form_takes(name: str, value: Any) -> None:
    assert params.of(PIPELINE)[name].resolve(value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wait_minutes", -1),
        ("wait_minutes", 241),
        ("wait_minutes", 1.5),
        ("wait_minutes", None),
        ("keys", KEY),
        ("keys", ["collections-data/readme.txt"]),
        ("keys", [f"other/{KEY}"]),
        ("keys", [f"{KEY}/x"]),
        ("keys", [1]),
        ("views_only", "yes"),
        ("dry_run", None),
    ],
)
def test_what_the_form_refuses(name: str, value: Any) -> None:
    with pytest.raises(ParamValidationError, match="Failed validating"):
        params.of(PIPELINE)[name].resolve(value)


def test_every_field_says_what_it_does() -> None:
    for param in params.of(PIPELINE).values():
        assert param.schema["title"]
        assert param.description


def test_the_defaults_are_those_of_a_run_that_nobody_started() -> None:
    defaults = {name: param.resolve() for name, param in params.of(PIPELINE).items()}
    assert RunOptions.of({"params": defaults}) == RunOptions()  # type: ignore[typeddict-item]
    assert RunOptions.of({}) == RunOptions()


def test_what_the_form_said_reaches_the_tasks() -> None:
    given = {"wait_minutes": 5, "keys": [KEY], "views_only": True, "dry_run": True}
    assert RunOptions.of({"params": given}) == RunOptions(5, (KEY,), views_only=True, dry_run=True)  # type: ignore[typeddict-item]
