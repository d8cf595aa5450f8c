"""The one error that is meant for people."""


class DataHubError(Exception):
    """Something the user can mend; the text names what is wrong and what to do."""
