"""What the reader finds, part by part."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class ReadRows:
    """What one part of a file holds.

    Attributes:
        rows: accepted rows: the contract's columns, ``source_line``, ``_rescued_data``, and the columns that the
            table gains of the file (``unknown_columns: evolve``), as strings.
        rejects: the others (rejects.READ_SCHEMA), in line order.
        record_count: records that are not blank.
        rejected_count: records with at least one reject.
        remark: what is odd about the file's columns, though no reason to reject it; empty when nothing is.
    """

    rows: pa.Table
    rejects: pa.Table
    record_count: int
    rejected_count: int
    remark: str = ""
