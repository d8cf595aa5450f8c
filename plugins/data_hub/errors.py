"""Errors whose text is meant for people."""


class DataHubError(Exception):
    """Something a person has to mend; the text names what is wrong and what to do. Another try fails again."""


class TryAgainError(Exception):
    """Work that was left undone because something was in the way; another run takes it up where it ended."""
