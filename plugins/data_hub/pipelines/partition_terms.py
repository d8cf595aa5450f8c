"""The entries of ``partition_by``: a column, or a transform of one, in Iceberg's words."""

import re
from dataclasses import dataclass

_TERM = re.compile(
    r"(?P<column>[a-z_][a-z0-9_]*)"
    r"|(?P<time>year|month|day)\((?P<moment>[a-z_][a-z0-9_]*)\)"
    r"|(?P<sized>bucket|truncate)\((?P<number>[1-9][0-9]{0,3}), ?(?P<source>[a-z_][a-z0-9_]*)\)"
)
# Transform to the types of the contract that have it: https://iceberg.apache.org/spec/#partition-transforms
TRANSFORMS = {
    "identity": frozenset({"string", "bigint", "decimal", "date", "timestamp", "boolean"}),
    "year": frozenset({"date", "timestamp"}),
    "month": frozenset({"date", "timestamp"}),
    "day": frozenset({"date", "timestamp"}),
    "bucket": frozenset({"string", "bigint", "decimal", "date", "timestamp"}),
    # Not of numbers: those next to the end of their range have no value that fits.
    "truncate": frozenset({"string"}),
}
_SUFFIXES = {"identity": "", "truncate": "_trunc"}


@dataclass(frozen=True)
class PartitionTerm:
    """One field of a partition spec.

    Attributes:
        column: the table's column.
        transform: Iceberg's name of the transform; ``identity`` for a column as it is.
        number: how many buckets, or how many characters truncate keeps; else 0.
    """

    column: str
    transform: str = "identity"
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> "PartitionTerm":
        """Read an entry of ``partition_by``.

        Raises:
            ValueError: it is none.
        """
        found = _TERM.fullmatch(text)
        if not found:
            raise ValueError(
                f"'{text}' does not fit; write a column, year, month or day(column), "
                'or in quotes "bucket(16, column)" or "truncate(4, column)"'
            )
        if found["time"]:
            return cls(found["moment"], found["time"])
        if found["sized"]:
            return cls(found["source"], found["sized"], int(found["number"]))
        return cls(found["column"])

    @property
    def name(self) -> str:
        """The partition field's name, as Iceberg's own builders choose it."""
        return self.column + _SUFFIXES.get(self.transform, f"_{self.transform}")

    @property
    def notation(self) -> str:
        """The transform in the notation of Iceberg's metadata, such as ``bucket[16]``."""
        return f"{self.transform}[{self.number}]" if self.number else self.transform

    def fits(self, kind: str) -> bool:
        """Tell whether Iceberg has the transform for a type of the contract, without the numbers of a decimal."""
        return kind in TRANSFORMS[self.transform]
