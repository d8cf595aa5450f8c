import pytest

from local_aws.awsglue.utils import GlueArgumentError, getResolvedOptions


def test_gives_the_values_that_the_script_asks_for() -> None:
    arguments = ["script.py", "--database", "hub", "--other", "x", "--JOB_NAME", "load"]
    options = getResolvedOptions(arguments, ["JOB_NAME", "database"])
    assert (options["JOB_NAME"], options["database"]) == ("load", "hub")
    assert "other" not in options


def test_accepts_values_after_an_equals_sign_and_empty_ones() -> None:
    options = getResolvedOptions(["script.py", "--a=1", "--b", ""], ["a", "b"])
    assert (options["a"], options["b"]) == ("1", "")


def test_hyphens_in_names_become_underscores() -> None:
    assert getResolvedOptions(["script.py", "--view-definer", "me"], ["view-definer"])["view_definer"] == "me"


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(GlueArgumentError, match="the following arguments are required: --database"):
        getResolvedOptions(["script.py", "--JOB_NAME", "load"], ["JOB_NAME", "database"])


def test_an_argument_without_value_is_an_error() -> None:
    with pytest.raises(GlueArgumentError, match="--database: expected one argument"):
        getResolvedOptions(["script.py", "--database"], ["database"])


@pytest.mark.parametrize(("arguments", "expected"), [(["--JOB_RUN_ID", "jr_1"], "jr_1"), ([], None)])
def test_job_run_id_is_there_when_glue_passed_it(arguments: list[str], expected: str | None) -> None:
    assert getResolvedOptions(["script.py", *arguments], [])["JOB_RUN_ID"] == expected


def test_a_script_may_not_ask_for_a_reserved_name() -> None:
    with pytest.raises(RuntimeError, match="reserved arguments JOB_RUN_ID"):
        getResolvedOptions(["script.py"], ["JOB_RUN_ID"])
