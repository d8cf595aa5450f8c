"""Both engines make the same of the same files, to the last row; all but the moments and the commits' ids."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spark_lake import SparkLake
from trap_corpus import TRAPS, Trap

from data_hub.pipelines.pipeline import Csv, Table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:distutils Version classes"),
]

MOMENTS = {"rows": ["ingested_at"], "rejects": ["rejected_at"]}
OF_A_RUN = ["commit_id", "table_uuid", "snapshot_id", "recorded_at"]
HEADERS = ("id,text,amount,day,moment,sure", "sure,moment,day,amount,text,id", "id,text,amount,note,Other Note", "text")
TABLE = Table.model_validate(
    {
        "name": "any_files",
        "max_reject_ratio": 0.6,
        "unknown_columns": "evolve",
        "partition_by": ["year(day)", "bucket(3, id)"],
        "columns": {
            "id": {"type": "bigint", "required": True},
            "text": {"type": "string"},
            "amount": {"type": "decimal(12,3)"},
            "day": {"type": "date", "format": "yyyy-mm-dd"},
            "moment": {"type": "timestamp", "format": "epoch_seconds"},
            "sure": {"type": "boolean"},
        },
    }
)
NUMBERS = ("1", "007", "-5", "1.5", "1.2345", "1e3", "1699999999", "9" * 30)
TEXTS = ("", '""', "x", "é", "a b", '"a,b"', '"a""b"', '"a', "\0", "'", "${x}", "\\")
CELLS = st.sampled_from([*NUMBERS, *TEXTS, "2024-02-29", "2023-02-29", "true", "false", "TRUE"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
LINES = st.lists(st.tuples(st.lists(CELLS, min_size=5, max_size=7).map(",".join), LINE_ENDS).map("".join), max_size=12)
FILES = st.lists(
    st.tuples(st.sampled_from(HEADERS), LINES).map(lambda file: f"{file[0]}\n{''.join(file[1])}".encode()),
    min_size=15,
    max_size=15,
)


def with_contract(lake: SparkLake, table: Table, csv: Csv) -> SparkLake:
    source = lake.pipeline.source.model_copy(update={"csv": csv})
    return lake.with_pipeline(lake.pipeline.model_copy(update={"table": table, "source": source}))


def assert_engines_agree(lake: SparkLake, engines: Sequence[str] = ("arrow", "spark")) -> dict[str, list[Any]]:
    """Ingest with one engine and with the other; return what came of it."""
    found = []
    for engine, each in zip(engines, (lake, lake.sibling()), strict=True):
        told = sorted(map(str, each.ingest(engine)))
        content = {name: each.content(name, without=moments) for name, moments in MOMENTS.items()}
        found.append(content | {"told": told, "ledger": each.content("ledger", without=OF_A_RUN)})
        assert each.ingest(engine) == []
        each.remove()
    assert found[0] == found[1]
    return found[1]


def groups() -> dict[tuple[str, str], list[Trap]]:
    grouped = defaultdict(list)
    for trap in TRAPS:
        grouped[trap.table.name, trap.csv.model_dump_json()].append(trap)
    return grouped


@pytest.mark.parametrize("traps", groups().values(), ids=lambda traps: traps[0].name)
def test_the_traps(traps: list[Trap], spark_lake: SparkLake) -> None:
    for number, trap in enumerate(traps):
        spark_lake.put(f"traps/ingest_ts={number + 1}/{trap.file}", trap.make())
    found = assert_engines_agree(with_contract(spark_lake, traps[0].table, traps[0].csv))
    assert len(found["rows"]) == sum(len(trap.rows) for trap in traps)
    assert len(found["rejects"]) == sum(len(trap.rejects) for trap in traps)
    assert len(found["told"]) == len(traps)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_random_files_that_bring_columns_along_into_partitions(files: list[bytes], spark_lake: SparkLake) -> None:
    for number, content in enumerate(files):
        spark_lake.put(f"ingest_ts={number + 1}/any.csv", content)
    assert_engines_agree(with_contract(spark_lake, TABLE, Csv()))
