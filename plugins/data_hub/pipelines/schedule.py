"""Glue's cron expressions as Airflow's."""

import re
from collections.abc import Callable

from data_hub.errors import DataHubError

_PLAIN_FIELD = re.compile(r"[0-9A-Z*,/-]+")
_START_WITH_STEP = re.compile(r"([0-9]+)/([0-9]+)")
_NUMBER_OF_A_DAY = re.compile(r"(?<![/0-9])[1-7](?![0-9])")
_LAST = {"minutes": 59, "hours": 23, "day-of-month": 31, "month": 12, "day-of-week": 6}


def to_airflow_cron(glue_schedule: str) -> str:
    """Convert a Glue schedule to the five fields of cron.

    Args:
        glue_schedule: ``cron(minutes hours day-of-month month day-of-week year)`` in UTC, see
            https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html

    Returns:
        ``minutes hours day-of-month month day-of-week``. Glue counts the days of the week from 1 (Sunday), cron
        from 0, and Glue's ``?`` is cron's ``*``.

    Raises:
        DataHubError: cron cannot say it: a year, or ``L``, ``W`` and ``#``.
    """

    def refuse(reason: str) -> DataHubError:
        return DataHubError(
            f"source.catch_up: {glue_schedule!r} cannot be an Airflow schedule: {reason}; "
            "write it without, or set orchestrator: glue"
        )

    fields = glue_schedule.removeprefix("cron(").removesuffix(")").split()
    if len(fields) != len(_LAST) + 1:
        raise refuse("it has not the six fields of cron(minutes hours day-of-month month day-of-week year)")
    *fields, year = fields
    if year != "*":
        raise refuse(f"cron has no year ({year})")
    return " ".join(_convert(name, field, refuse) for name, field in zip(_LAST, fields, strict=True))


def _convert(name: str, field: str, refuse: Callable[[str], DataHubError]) -> str:
    if field == "?":
        return "*"
    if not _PLAIN_FIELD.fullmatch(field) or (name.startswith("day") and re.search(r"[LW]", _without_names(field))):
        raise refuse(f"cron has no {field!r} as {name}")
    if name == "day-of-week":
        field = _NUMBER_OF_A_DAY.sub(lambda number: str(int(number[0]) - 1), field)
    return _START_WITH_STEP.sub(rf"\1-{_LAST[name]}/\2", field)


def _without_names(field: str) -> str:
    return re.sub(r"SUN|MON|TUE|WED|THU|FRI|SAT", "", field)
