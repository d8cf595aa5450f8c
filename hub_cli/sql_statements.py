"""Text cut into SQL statements, each ended by a semicolon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import TokenType
from sqlglot.errors import TokenError

if TYPE_CHECKING:
    from data_hub.sql_views.dialects import Dialect


def split(text: str, dialect: Dialect) -> list[str]:
    """Return the statements of a text; the last one may lack its semicolon.

    Text that cannot be read, such as a quote that is never closed, is one statement; running it says what is wrong.
    """
    ends = _semicolons(text, dialect)
    if ends is None:
        return [text]
    parts = [text[start:end] for start, end in zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True)]
    return [part.strip() for part in parts if _tokenizes_to_something(part, dialect)]


def is_complete(text: str, dialect: Dialect) -> bool:
    """Tell whether a semicolon ends the text, but for comments."""
    ends = _semicolons(text, dialect) or []
    return bool(ends) and not _tokenizes_to_something(text[ends[-1] + 1 :], dialect)


def _semicolons(text: str, dialect: Dialect) -> list[int] | None:
    try:
        return [token.start for token in dialect.tokenize(text) if token.token_type == TokenType.SEMICOLON]
    except TokenError:
        return None


def _tokenizes_to_something(text: str, dialect: Dialect) -> bool:
    return bool(dialect.tokenize(text))
