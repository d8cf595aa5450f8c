"""Which keys of a bucket are objects of a source."""

import re
from functools import cache
from typing import Protocol


class KeyPattern(Protocol):
    """A pipeline's source, or what is kept of one."""

    @property
    def prefix(self) -> str:
        """Key prefix."""

    @property
    def pattern(self) -> str:
        """What follows the prefix; ``*`` does not cross a slash."""


def key_regex(source: KeyPattern) -> str:
    """Return the regular expression that a whole key has to match."""
    return _regex(source.prefix, source.pattern)


@cache
def _regex(prefix: str, pattern: str) -> str:
    return _literal(prefix) + "[^/]*".join(_literal(part) for part in pattern.split("*"))


def _literal(text: str) -> str:
    # re.escape would also escape what has no meaning, and people read the expression in messages about params.
    return re.sub(r"[\\.^$*+?{}\[\]|()]", r"\\\g<0>", text)
