"""Ours, with everything: contract, rejects, lineage, ledger, a commit that replaces by key."""

import sys
from pathlib import Path

from bench import iceberg
from bench.folder_store import FolderStore
from data_hub.iceberg.tables import Tables
from data_hub.ingestion import arrow_engine
from data_hub.ingestion.arrow_engine import ArrowEngine
from data_hub.ingestion.ingest import Ingestion, summarise
from data_hub.ingestion.limits import UNLIMITED
from data_hub.ingestion.objects import ObjectStore
from data_hub.pipelines import pipeline_file
from data_hub.pipelines.deployment import Deployment
from data_hub.pipelines.pipeline import Pipeline

PIPELINE_FILE = Path(__file__).parent.parent / "bench.yaml"
JOB_RUN = "jr_bench"


def load(home: Path, folder: Path) -> None:
    """Ingest what the ledger lacks of the folder's objects."""
    arrow_engine.use_system_memory()
    pipeline = pipeline_file.load(PIPELINE_FILE)
    ingest(home, pipeline, FolderStore(folder, pipeline.source))


def ingest(home: Path, pipeline: Pipeline, store: ObjectStore) -> None:
    """Run an ingestion against the catalog of a run's folder."""
    tables = open_tables(home, pipeline)
    engine = ArrowEngine(pipeline, store, tables, JOB_RUN, UNLIMITED)
    print(summarise(Ingestion(pipeline, store, tables, engine, tell=lambda _line: None).run()))


def open_tables(home: Path, pipeline: Pipeline) -> Tables:
    """Open the tables, or make them."""
    catalog = iceberg.open_catalog(home)
    catalog.create_namespace_if_not_exists(iceberg.NAMESPACE)
    place = Deployment("s3://none/none.yaml", "raw", str(iceberg.warehouse(home)), iceberg.NAMESPACE, "arn:aws:x")
    return Tables.ensure(catalog, place, pipeline.table)


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
