"""The prompt of ``./hub sql``: statements over several lines, with completion and a history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings

from hub_cli.sql_statements import is_complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyPressEvent

    from data_hub.sql_views.dialects import Dialect

QUIT = ("\\q", "quit", "exit")
WORDS = (
    *("AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "COUNT", "CROSS", "DATE", "DECIMAL", "DESC", "DESCRIBE"),
    *("DISTINCT", "ELSE", "END", "EXCEPT", "EXISTS", "FALSE", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER"),
    *("INTERSECT", "IS", "JOIN", "LEFT", "LIKE", "LIMIT", "MAX", "MIN", "NOT", "NULL", "NULLS", "OFFSET", "ON", "OR"),
    *("ORDER", "OUTER", "OVER", "PARTITION", "RIGHT", "ROW_NUMBER", "SELECT", "SHOW", "SUM", "TABLES", "THEN"),
    *("TIMESTAMP", "TRUE", "TRY_CAST", "UNION", "USING", "VARCHAR", "VIEWS", "WHEN", "WHERE", "WITH"),
)
_WORD = re.compile(r"\w+")
_RELATION_FOLLOWS = re.compile(r"""\b(?:FROM|JOIN|DESC|DESCRIBE|TABLE)\s+["`]?\w*$""", re.IGNORECASE)


class SqlCompleter(Completer):
    """Completes names of tables, views and columns, and SQL's words.

    Attributes:
        columns: every table and view with its columns; set anew as they change.
    """

    def __init__(self) -> None:
        self.columns: Mapping[str, Iterable[str]] = {}

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """Yield what may stand at the cursor."""
        text = document.text_before_cursor
        typed = document.get_word_before_cursor(pattern=_WORD)
        if text.count("'") % 2:
            return
        if _RELATION_FOLLOWS.search(text):
            proposed = dict.fromkeys(self.columns, "table or view")
        elif typed:
            proposed = self._columns_and_words(document.text)
        else:
            return
        for name, kind in proposed.items():
            if name.lower().startswith(typed.lower()):
                yield Completion(name, -len(typed), display_meta=kind)

    def _columns_and_words(self, text: str) -> dict[str, str]:
        """Return columns of what the statement names, or of all when it names nothing yet; names; SQL's words."""
        named = {word.lower() for word in _WORD.findall(text)} & self.columns.keys()
        columns = {column: name for name in named or self.columns for column in self.columns[name]}
        return columns | dict.fromkeys(self.columns, "table or view") | dict.fromkeys(WORDS, "")


class SqlPrompt:
    """Asks for statements.

    Args:
        dialect: whose SQL they are.
        history: file that keeps what was typed.
    """

    def __init__(self, dialect: Dialect, history: Path) -> None:
        history.parent.mkdir(parents=True, exist_ok=True)
        self.completer = SqlCompleter()
        self._session: PromptSession[str] = PromptSession(
            "hub> ",
            multiline=True,
            prompt_continuation="...> ",
            completer=self.completer,
            complete_in_thread=True,
            history=FileHistory(str(history)),
            key_bindings=_bindings(dialect),
        )

    def ask(self) -> str | None:
        r"""Return what was typed up to a semicolon; None after ``\q`` or Ctrl-D. Ctrl-C begins anew."""
        try:
            typed = self._session.prompt(handle_sigint=False).strip()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None
        return None if _is_end(typed) else typed


def _is_end(text: str) -> bool:
    """Tell whether the last line ends the prompt, whatever stands before it."""
    last = text.rstrip().rpartition("\n")[2].strip().removesuffix(";").lower()
    return last in QUIT if "\n" not in text.strip() else last == QUIT[0]


def _bindings(dialect: Dialect) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _end_or_go_on(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            # It stands in the text already; the menu closes.
            buffer.complete_state = None
        elif not buffer.text.strip() or _is_end(buffer.text) or is_complete(buffer.text, dialect):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return bindings
