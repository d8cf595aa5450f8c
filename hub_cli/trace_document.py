"""The document of ``hub trace --json``; moments are text in ISO 8601."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_hub.ledgers.ledger_entry import LedgerEntry
    from data_hub.traces.reported_rows import ReportedRow
    from data_hub.traces.trace import Number, Trace


def of(trace: Trace) -> dict[str, Any]:
    """Return the document."""
    return {
        "view": trace.item.view,
        "item": trace.item.item,
        "aod": trace.aod.isoformat(),
        "other_aods": [day.isoformat() for day in trace.other_aods],
        "bucket": trace.bucket,
        "numbers": [_number(number) for number in trace.numbers],
    }


def _number(number: Number) -> dict[str, Any]:
    contest = number.contest
    beaten = [
        _row(row) | {"why": row.why_beaten_by(contest.rival_of(row)), "in_report_view": contest.is_shown(row)}
        for row in contest.beaten
    ]
    return {
        **_row(number.row),
        "raw_text": number.text.text,
        "object": {"state": number.text.state, "note": number.text.note},
        "ledger": _entry(number.ingested) if number.ingested else None,
        "beaten": beaten,
        "other_contents": [_entry(entry) for entry in number.others],
    }


def _row(row: ReportedRow) -> dict[str, Any]:
    return {
        "value": row.value,
        "series": row.series,
        "aod": row.aod.isoformat(),
        "rssdid": row.rssdid,
        "submission_ts": row.submission_ts.isoformat(),
        "context": dict(row.context),
        "source_file": row.source_file,
        "source_line": row.source_line,
        "ingest_ts": row.ingest_ts,
        "ingested_at": row.ingested_at.isoformat(),
    }


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "version_id": entry.version_id,
        "etag": entry.etag,
        "sha256": entry.sha256,
        "size": entry.size,
        "status": entry.status,
        "rows_ingested": entry.rows_ingested,
        "rows_rejected": entry.rows_rejected,
        "message": entry.message,
        "job_run_id": entry.job_run_id,
        "commit_id": entry.commit_id,
        "snapshot_id": entry.snapshot_id,
        "recorded_at": entry.recorded_at.isoformat(),
    }
