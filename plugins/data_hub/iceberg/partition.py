"""The partition spec of a table."""

from collections.abc import Sequence

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform

from data_hub.pipelines.partition_terms import PartitionTerm


def spec(partition_by: Sequence[str], schema: Schema) -> PartitionSpec:
    """Return the partition spec of a new table.

    Args:
        partition_by: the entries of the pipeline file.
        schema: the table's, with field ids.
    """
    fields = []
    for position, entry in enumerate(partition_by):
        term = PartitionTerm.parse(entry)
        fields.append(
            PartitionField(
                source_id=schema.find_field(term.column).field_id,
                field_id=PARTITION_FIELD_ID_START + position,
                transform=parse_transform(term.notation),
                name=term.name,
            )
        )
    return PartitionSpec(*fields)
