"""What the DAG's page in Airflow says about a pipeline."""

from collections.abc import Sequence

from data_hub.pipeline import Pipeline


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
    driver = {
        "airflow": "Airflow reacts to arrivals.",
        "glue": "Glue reacts to arrivals; this DAG runs when somebody starts it.",
    }
    return f"""\
{describe(pipeline)}.

```
{_source(pipeline)}
   │
   ▼
{picture}
```

- **orchestrator: {pipeline.orchestrator}**: {driver[pipeline.orchestrator]}
- The run is skipped when no object is new. A job ingests everything that the ledger lacks.
- `rejected_files` is red while a rejected file was neither delivered again nor acknowledged; it holds nobody up.
- What a job wrote is in CloudWatch, `/aws-glue/jobs/output` and `/aws-glue/jobs/error`, under the id of its run.
- Tables: `{pipeline.table.name}`, `{pipeline.table.rejects_name}`, `{pipeline.table.ledger_name}`.
"""


def _source(pipeline: Pipeline) -> str:
    return f"{pipeline.source.bucket}/{pipeline.source.prefix}{pipeline.source.pattern}"
