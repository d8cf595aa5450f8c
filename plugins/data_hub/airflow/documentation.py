"""What the DAG's page in Airflow says about a pipeline."""

from collections.abc import Sequence

from data_hub.airflow import polling
from data_hub.airflow.task_ids import REJECTED_FILES, SENSOR
from data_hub.pipelines.pipeline import Pipeline


def describe(pipeline: Pipeline) -> str:
    """Return one line for the list of DAGs."""
    return f"New objects of {_source(pipeline)} to Iceberg table {pipeline.table.name} and its views"


def to_markdown(pipeline: Pipeline, generations: Sequence[Sequence[str]]) -> str:
    """Return the DAG's documentation.

    Args:
        pipeline: the pipeline.
        generations: task ids; each group runs after the one before it. (Drawn as text: Airflow's pages show no
            Mermaid.)
    """
    picture = "\n   │\n   ▼\n".join("   ".join(generation) for generation in generations)
    return f"""\
{describe(pipeline)}.

```
{_source(pipeline)}
   │
   ▼
{picture}
```

**What starts a run** (`orchestrator: {pipeline.orchestrator}`)

{_starters(pipeline)}
- You, with the Trigger button. Its form lets the run wait for a file, ingest some files only, run the views only, or
  say what it would do.

One run at a time; a run ingests everything that the ledger lacks, also what arrives while it works. When 80 % of the
job's timeout are over it begins no new file; another run follows by itself and takes what is left.

**What the colours mean**

- `{SENSOR}` pink: there was nothing to do.
- `{SENSOR}` red: the same files failed a short while ago and are left alone until the time that its log names; or the
  bucket, the job or a file that was asked for is not there.
- A job red: its Glue run failed; the task's log ends with Glue's error. When the file is mended, delivered again or
  taken away, the next run starts at once; the same files are tried again after 1, 2, 4 ... 60 minutes.
- `{REJECTED_FILES}` red, in a run that is green: a rejected file was neither delivered again nor acknowledged. It holds
  nobody up.

What a job wrote is in its task's log, which names the log group and the stream in CloudWatch. Tables:
`{pipeline.table.name}`, `{pipeline.table.rejects_name}`, `{pipeline.table.ledger_name}`.
"""


def _starters(pipeline: Pipeline) -> str:
    if pipeline.orchestrator == "glue":
        return "- Glue reacts to arrivals by itself, without this DAG."
    return (
        f"- A new object: the watcher looks every {polling.watch_seconds()} seconds and announces new ones on the "
        f"asset `{pipeline.pipeline}_arrivals`.\n"
        f"- The clock, `{pipeline.source.catch_up}` (UTC): a run looks for what no announcement led to."
    )


def _source(pipeline: Pipeline) -> str:
    return f"{pipeline.source.bucket}/{pipeline.source.prefix}{pipeline.source.pattern}"
