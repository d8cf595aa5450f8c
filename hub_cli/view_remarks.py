"""How the commands show what people should know of views, without filling the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from data_hub.sql_views.view_remarks import has_failed, has_passed, remarks
from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from data_hub.sql_views.view_remarks import Checked

SHOWN_REMARKS = 4
SHOWN_CHARACTERS = 240


def mark(view: Checked) -> Text:
    """Return one character: a failed check, something to know, a check that passed, or nothing."""
    if has_failed(view):
        return Text("✘", "red")
    if remarks(view):
        return Text("⚠", "yellow")
    return Text("✔", "green") if has_passed(view) else Text("")


def print_remarks(console: Console, views: Mapping[str, Checked]) -> None:
    """Print a line for each thing to know, failed checks first; long ones and further ones are cut."""
    ordered = sorted(views.items(), key=lambda item: not has_failed(item[1]))
    found = [(mark(view), f"{name}: {remark}") for name, view in ordered for remark in remarks(view)]
    for sign, line in found[:SHOWN_REMARKS]:
        console.print(Text.assemble(sign, f" {shortened(line, SHOWN_CHARACTERS)}"))
    if len(found) > SHOWN_REMARKS or any(len(line) > SHOWN_CHARACTERS for _, line in found):
        console.print("… ./hub views shows all of it", highlight=False)
