"""Words for numbers and for text that is too long to show."""


def counted(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``, ``1,000 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shortened(text: str, length: int = 60) -> str:
    """Return text of at most ``length`` characters; what is left out is marked."""
    return text if len(text) <= length else f"{text[: length - 3]}..."
