"""How ``hub run`` and ``hub status`` tell what views leave out and which checks failed."""

from io import StringIO

from rich.console import Console

from data_hub.sql_views.view_remarks import has_failed, has_passed, remarks
from hub_cli import view_remarks
from local_aws.athena import ViewSummary


def view(check: str = "passed", note: str = "") -> ViewSummary:
    return ViewSummary(columns={"a": "int"}, dialects=("SPARK", "ATHENA"), rows=1, note=note, check=check)


def told(**views: ViewSummary) -> list[str]:
    text = StringIO()
    view_remarks.print_remarks(Console(file=text, width=1000), views)
    return text.getvalue().splitlines()


def test_a_whole_view_that_passed_its_check_is_not_worth_a_word() -> None:
    assert (remarks(view()), told(a_view=view())) == ([], [])
    assert view_remarks.mark(view()).plain == "✔"


def test_a_view_that_nobody_checked_has_no_mark_and_no_line() -> None:
    unchecked = view("not checked: the job has no --athena_workgroup")
    assert (remarks(unchecked), view_remarks.mark(unchecked).plain, has_passed(unchecked)) == ([], "", False)


def test_values_that_fit_no_column_are_told_of_a_view_that_passed() -> None:
    unfit = view("passed; 3 values do not fit their column's type")
    assert (remarks(unfit), has_passed(unfit)) == (["3 values do not fit their column's type"], True)
    assert view_remarks.mark(unfit).plain == "⚠"


def test_a_failed_check_is_told_first_and_whole() -> None:
    failed = view("failed: it has 1 row where the table has 2; by aod, 1 group of the table has no equal")
    assert has_failed(failed)
    assert told(a_view=view(note="1 series without a report view: 'x y'"), b_view=failed) == [
        "✘ b_view: check failed: it has 1 row where the table has 2; by aod, 1 group of the table has no equal",
        "⚠ a_view: 1 series without a report view: 'x y'",
    ]


def test_the_screen_does_not_fill_up() -> None:
    many = {f"v{number:02}_view": view(note="item codes without a column: " + "x" * 9000) for number in range(30)}
    lines = told(**many)
    assert len(lines) == view_remarks.SHOWN_REMARKS + 1
    assert all(len(line) <= view_remarks.SHOWN_CHARACTERS + 2 for line in lines)
    assert lines[-1] == "… ./hub views shows all of it"


def test_a_long_note_alone_says_where_all_of_it_stands() -> None:
    assert told(a_view=view(note="x" * 9000))[-1] == "… ./hub views shows all of it"
