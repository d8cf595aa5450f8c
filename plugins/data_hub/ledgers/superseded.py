"""Which contents of an object gave way to others, from the entries of its key."""

from collections.abc import Iterable

from data_hub.ledgers.ledger_entry import INGESTED, SKIPPED, WITHDRAWN, LedgerEntry

# The entries after which it is known which content of a key the table holds; a rejected one leaves the older content.
_OF_CONTENT = {INGESTED, SKIPPED, WITHDRAWN}


def content_of(entries: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """Return the latest entry of the content whose rows are in the table, None when there is none.

    Args:
        entries: of one key, in any order.
    """
    found = max((entry for entry in entries if entry.status in _OF_CONTENT), key=_order, default=None)
    return None if found is None or found.status == WITHDRAWN else found


def superseded_by(entry: LedgerEntry, entries: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """Return the entry of the content that an ingestion took out of the table, None when there was no other one.

    Args:
        entry: a commit's entry.
        entries: of the same key, in any order.
    """
    if entry.status != INGESTED or entry.commit_id is None:
        return None
    content = content_of(other for other in entries if other.sequence_number < entry.sequence_number)
    if content is None or content.sha256 == entry.sha256:
        return None
    return content.superseded_by(entry)


def complete(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries of one key in order, each once, also those that a run did not come to write.

    Args:
        entries: in any order; what a commit did may be there as the ledger has it and as its snapshot has it.
    """
    found = {_identity(entry): entry for entry in sorted(entries, key=_order)}
    for entry in list(found.values()):
        lost = superseded_by(entry, found.values())
        if lost is not None:
            found.setdefault(_identity(lost), lost)
    return sorted(found.values(), key=_order)


def _order(entry: LedgerEntry) -> tuple[object, ...]:
    return entry.order


def _identity(entry: LedgerEntry) -> tuple[object, ...]:
    if entry.commit_id is None:
        return (entry.status, entry.order)
    return (entry.status, entry.commit_id)
