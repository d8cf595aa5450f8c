import pytest
from airflow.timetables.trigger import CronTriggerTimetable

from data_hub.errors import DataHubError
from data_hub.pipelines.schedule import to_airflow_cron


@pytest.mark.parametrize(
    ("glue_schedule", "cron"),
    [
        ("cron(0 * * * ? *)", "0 * * * *"),
        ("cron(15 12 ? * MON-FRI *)", "15 12 * * MON-FRI"),
        ("cron(0/15 * * * ? *)", "0-59/15 * * * *"),
        ("cron(0 8 1,15 JAN,JUL ? *)", "0 8 1,15 JAN,JUL *"),
        # 1 is Sunday for Glue, 0 is Sunday for cron; a step is no day.
        ("cron(0 18 ? * 1 *)", "0 18 * * 0"),
        ("cron(0 18 ? * 2-6 *)", "0 18 * * 1-5"),
        ("cron(0 18 ? * 1/2 *)", "0 18 * * 0-6/2"),
        ("cron(0 18 ? * WED *)", "0 18 * * WED"),
    ],
)
def test_a_glue_schedule_becomes_a_cron_that_airflow_takes(glue_schedule: str, cron: str) -> None:
    assert to_airflow_cron(glue_schedule) == cron
    CronTriggerTimetable(cron, timezone="UTC").validate()


@pytest.mark.parametrize(
    ("glue_schedule", "reason"),
    [
        ("cron(0 8 1 1 ? 2030)", "cron has no year (2030)"),
        ("cron(0 8 L * ? *)", "cron has no 'L' as day-of-month"),
        ("cron(0 8 3W * ? *)", "cron has no '3W' as day-of-month"),
        ("cron(0 8 ? * 2#1 *)", "cron has no '2#1' as day-of-week"),
        ("cron(0 8 ? * FRIL *)", "cron has no 'FRIL' as day-of-week"),
        ("cron(0 * * * *)", "it has not the six fields"),
    ],
)
def test_what_cron_cannot_say_is_refused_with_the_reason(glue_schedule: str, reason: str) -> None:
    with pytest.raises(DataHubError) as refused:
        to_airflow_cron(glue_schedule)
    assert glue_schedule in str(refused.value)
    assert reason in str(refused.value)
