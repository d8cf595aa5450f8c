"""How ``hub run``, ``hub status`` and ``hub views`` tell what views leave out and which checks failed."""

from io import StringIO

from rich.console import Console

from data_hub.sql_views.catalog_view import CatalogView
from data_hub.sql_views.view_definitions import Refusal
from hub_cli import view_remarks


def view(name: str = "a_view", check: str = "passed", note: str = "", misfits: str = "") -> CatalogView:
    return CatalogView(name, {"a": "int"}, {}, note=note, check=check, misfits=misfits)


def told(*views: CatalogView, refused: list[Refusal] | None = None) -> list[str]:
    text = StringIO()
    view_remarks.print_remarks(Console(file=text, width=1000), views, refused or [])
    return text.getvalue().splitlines()


def test_a_whole_view_that_passed_its_check_is_not_worth_a_word() -> None:
    assert (view().remarks, told(view())) == ([], [])
    assert view_remarks.mark(view()).plain == "✔"


def test_a_view_that_nobody_checked_has_no_mark_and_no_line() -> None:
    unchecked = view(check="not checked: the job has no --athena_workgroup")
    assert (unchecked.remarks, view_remarks.mark(unchecked).plain, unchecked.has_passed) == ([], "", False)


def test_values_that_fit_no_column_are_told_of_a_view_that_passed() -> None:
    unfit = view(misfits="3 reported values do not fit their columns' types")
    assert (unfit.remarks, unfit.has_passed) == (["3 reported values do not fit their columns' types"], True)
    assert view_remarks.mark(unfit).plain == "⚠"


def test_a_failed_check_is_told_first_and_whole() -> None:
    failed = view("b_view", "failed: it has 1 row where the table has 2; by aod, 1 group of the table has no equal")
    assert failed.has_failed
    assert told(view(note="1 series without a report view: 'x y'"), failed) == [
        "✘ b_view: check failed: it has 1 row where the table has 2; by aod, 1 group of the table has no equal",
        "⚠ a_view: 1 series without a report view: 'x y'",
    ]


def test_what_has_no_view_comes_last_and_a_wrong_file_is_no_mere_warning() -> None:
    refused = [
        Refusal("x y", "Series 'x y' gets no report view"),
        Refusal("c_view", "c_view.sql: no SQL", is_error=True),
    ]
    assert told(view(note="it leaves something out"), refused=refused) == [
        "⚠ a_view: it leaves something out",
        "⚠ Series 'x y' gets no report view",
        "✘ c_view.sql: no SQL",
    ]


def test_the_screen_does_not_fill_up() -> None:
    many = [view(f"v{number:02}_view", note="item codes without a column: " + "x" * 9000) for number in range(30)]
    lines = told(*many)
    assert len(lines) == view_remarks.SOME.lines + 1
    assert all(len(line) <= view_remarks.SOME.characters + 2 for line in lines)
    assert lines[-1] == "… ./hub views shows all of it"


def test_a_long_note_alone_says_where_all_of_it_stands() -> None:
    assert told(view(note="x" * 9000))[-1] == "… ./hub views shows all of it"


def test_a_view_that_cannot_be_read_has_no_number_of_rows() -> None:
    assert (view_remarks.rows(1234), view_remarks.rows(None)) == ("1,234", "unreadable")
