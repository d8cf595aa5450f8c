"""How the commands show what people should know of views, without filling the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from data_hub.wording import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from data_hub.sql_views.catalog_view import CatalogView
    from data_hub.sql_views.view_definitions import Refusal


@dataclass(frozen=True)
class Room:
    """How much of the screen remarks may take.

    Attributes:
        lines: at most so many remarks.
        characters: at most so many of each.
        rest: where all of it stands, in words.
    """

    lines: int
    characters: int
    rest: str


SOME = Room(lines=4, characters=240, rest="./hub views shows all of it")


def mark(view: CatalogView) -> Text:
    """Return one character: a failed check, something to know, a check that passed, or nothing."""
    if view.has_failed:
        return Text("✘", "red")
    if view.remarks:
        return Text("⚠", "yellow")
    return Text("✔", "green") if view.has_passed else Text("")


def rows(number: int | None) -> str:
    """Return a view's number of rows; of a view that cannot be read there is none."""
    return "unreadable" if number is None else f"{number:,}"


def print_remarks(
    console: Console, views: Iterable[CatalogView], refused: Iterable[Refusal] = (), room: Room = SOME
) -> None:
    """Print a line for each thing to know, failed checks first; long ones and further ones are cut."""
    ordered = sorted(views, key=lambda view: not view.has_failed)
    found = [(mark(view), f"{view.name}: {remark}") for view in ordered for remark in view.remarks]
    found += [(Text("✘", "red") if one.is_error else Text("⚠", "yellow"), one.reason) for one in refused]
    for sign, line in found[: room.lines]:
        console.print(Text.assemble(sign, f" {shortened(line, room.characters)}"))
    if len(found) > room.lines or any(len(line) > room.characters for _, line in found):
        console.print(f"… {room.rest}", highlight=False)
