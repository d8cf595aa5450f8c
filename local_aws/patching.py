"""How moto is changed: names that are not what the patch was made for stop the server at its start."""

import threading
from collections.abc import Callable
from typing import Any

# For steps that read and then write; moto has no locks.
LOCK = threading.RLock()


def replace(owner: Any, name: str, patch: Callable[[Any], Any]) -> None:
    """Put ``patch(original)`` in the place of the original.

    Raises:
        RuntimeError: moto has no such name any more.
    """
    if not hasattr(owner, name):
        raise RuntimeError(f"moto has no {owner.__name__}.{name} any more: adapt the patches in local_aws/")
    setattr(owner, name, patch(getattr(owner, name)))


def add(owner: Any, name: str, value: Any) -> None:
    """Add a method or an attribute that moto lacks.

    Raises:
        RuntimeError: moto has learnt it.
    """
    if hasattr(owner, name):
        raise RuntimeError(f"moto has its own {owner.__name__}.{name} now: drop ours in local_aws/")
    setattr(owner, name, value)
