"""``./hub``: the command line of Simple Data Hub."""

import sys
from pathlib import Path

import click

from data_hub import __version__
from data_hub.errors import DataHubError
from hub_cli.console import make_console
from hub_cli.interruption import end_on_signals

DEFAULT_PIPELINE = "collections"
FILES = click.Path(path_type=Path)
pipeline_option = click.option(
    "--pipeline",
    default=DEFAULT_PIPELINE,
    show_default=True,
    metavar="NAME",
    help="The pipeline, a file dags/pipelines/NAME.yaml.",
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  ./hub run                              the sample, from CSV to views
  ./hub run report.csv                   your own file
  ./hub run --orchestrator glue          driven by Glue instead of Airflow
  ./hub sql "SELECT aod, rssdid, bhck2170 FROM fry9c_report_view LIMIT 5"
  ./hub views                            the views, and what they leave out
  ./hub trace fry9c_report_view 1234567 BHCK2170
                                         the line that a number came from
  ./hub check report.csv                 what would be rejected, and why
  ./hub up                               Airflow with its UI, until Ctrl-C
  ./hub put report.csv                   a file arrives there
""",
)
@click.version_option(__version__, prog_name="Simple Data Hub")
def hub() -> None:
    """Simple Data Hub: CSV to Iceberg tables and two-dialect views, with Airflow and AWS Glue.

    Everything runs on this machine: AWS is emulated on 127.0.0.1.
    """


@hub.command(
    short_help="Run files, or the sample, through the pipeline once.",
    epilog="""\b
Examples:
  ./hub run                              the committed sample
  ./hub run report.csv                   arrives as ingest_ts=<now>/report.csv
  ./hub run deliveries/                  paths with ingest_ts=<n>/ in them keep it
  ./hub run --orchestrator glue          without Airflow: S3, SQS, Lambda, Glue workflow
  ./hub run --json | jq .ledger
""",
)
@click.argument("paths", nargs=-1, type=FILES, metavar="[FILE|DIRECTORY]...")
@pipeline_option
@click.option(
    "--orchestrator",
    type=click.Choice(["airflow", "glue"]),
    help="Who reacts to the files: Airflow with the pipeline's DAG, or Glue with its workflow. "
    "[default: whom the pipeline file names]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else.")
def run(paths: tuple[Path, ...], pipeline: str, orchestrator: str | None, *, as_json: bool) -> None:
    """Upload files to a fresh local AWS and run the pipeline once; without FILE, the sample.

    Ends with 0 when everything succeeded and no file was rejected, else with 1. Tables and views are kept in .hub/ for
    ./hub sql. With --json the progress goes to standard error.
    """
    from hub_cli.run import RunOptions
    from hub_cli.run import run as run_pipeline

    console = make_console(to_standard_error=as_json)
    options = RunOptions(paths or None, pipeline, as_json, orchestrator)
    sys.exit(0 if run_pipeline(options, console) else 1)


@hub.command(
    short_help="Query tables and views.",
    epilog="""\b
Examples:
  ./hub sql                              a prompt: completion with Tab, history, \\q ends
  ./hub sql "SHOW TABLES"
  ./hub sql "SELECT aod, rssdid, bhck2170 FROM fry9c_report_view ORDER BY 1, 2"
  ./hub sql --dialect spark 'SELECT `aod`, `bhck2170` FROM `fry9c_report_view`'
  ./hub sql --format json "SELECT * FROM fry9c_report_view" | jq '.[0].bhck2170'
  ./hub sql --output report.parquet "SELECT * FROM fry9c_report_view"
  ./hub sql --format csv < query.sql > rows.csv
""",
)
@click.argument("statement", metavar="[SQL]", required=False)
@click.option(
    "--dialect",
    type=click.Choice(["athena", "spark"]),
    default="athena",
    show_default=True,
    help="Whose SQL the statement is, and whose text of the views is run.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    help="How rows are written. A table shows the first 100, the others hold all.  [default: by the name of the "
    "output file, else table]",
)
@click.option("--output", type=FILES, metavar="FILE", help="Write the answer to a file: all of it, or none.")
def sql(statement: str | None, dialect: str, format_: str | None, output: Path | None) -> None:
    """Query tables and views of the running local AWS, else of the last run.

    Without SQL: a prompt, or without a terminal the statements of standard input. SELECT, WITH, SHOW TABLES, SHOW VIEWS
    and DESCRIBE are answered, by DuckDB: that a statement works here does not say that Athena or Spark takes it.

    CSV: NULL is nothing, empty text is "". JSON: an array of objects; decimals are text, so that no reader rounds them.
    The number of rows goes to standard error for both.
    """
    from hub_cli.sql import SqlOptions
    from hub_cli.sql import sql as query

    query(make_console(), statement, SqlOptions(dialect, format_, output))


@hub.command(
    short_help="List the views, print their DDL, publish them.",
    epilog="""\b
Examples:
  ./hub views                            what is published, what it leaves out
  ./hub views --json | jq '.views[] | select(.check != "passed")'
  ./hub views --ddl                      statements for Spark and Athena, all views
  ./hub views --ddl fry9c_report_view > fry9c.sql
  ./hub views --ddl --database reports --dialect spark | spark-sql
  ./hub views --publish                  as the job does; after ./hub withdraw, or a new view file
  ./hub views --prune                    publish, and drop the views that nothing defines any more
""",
)
@pipeline_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else.")
@click.option(
    "--ddl",
    is_flag=False,
    flag_value="",
    metavar="[VIEW]",
    help="Print the SQL statements that make the views as they are defined now, or one of them, for an account where "
    "only SQL may do that.",
)
@click.option("--update", is_flag=True, help="With --ddl: statements for views that are there already.")
@click.option(
    "--dialect", type=click.Choice(["spark", "athena"]), help="With --ddl: the statements for one engine only."
)
@click.option("--database", metavar="NAME", help="With --ddl: the account's database, where tables and views are.")
@click.option("--definer", metavar="ARN", help="With --ddl: the role with whose rights the views are to be read.")
@click.option("--publish", is_flag=True, help="Publish the views now and check them.")
@click.option("--prune", is_flag=True, help="Publish them, and drop the published views that nothing defines any more.")
def views(
    pipeline: str,
    ddl: str | None,
    dialect: str | None,
    database: str | None,
    definer: str | None,
    *,
    as_json: bool,
    update: bool,
    publish: bool,
    prune: bool,
) -> None:
    """Show the views of a pipeline as they are published, and what they leave out.

    Of what ./hub up started; when nothing runs, of the last ./hub run. --publish and --prune end with 1 when a view was
    refused or its check failed; the others are published all the same.
    """
    from hub_cli import views as of_views

    console = make_console(to_standard_error=as_json)
    if ddl is None and (update or dialect or database or definer):
        raise click.UsageError("--update, --dialect, --database and --definer go with --ddl")
    if ddl is not None and (as_json or publish or prune):
        raise click.UsageError("--ddl goes with neither --json nor --publish nor --prune")
    if ddl is not None:
        options = of_views.DdlOptions(ddl, "update" if update else "create", dialect, database, definer)
        of_views.print_ddl(pipeline, options)
    elif publish or prune:
        of_views.publish(console, pipeline, prune=prune, as_json=as_json)
    else:
        of_views.show(console, pipeline, as_json=as_json)


@hub.command(
    short_help="Show which line of which file a reported number comes from.",
    epilog="""\b
Examples:
  ./hub trace fry9c_report_view 1234567 BHCK2170
  ./hub trace fr2004a_report_view 1234567 GSWAM438 --aod 2025-12-03
  ./hub trace collections_data_view 1234567 BHCK2170 --json | jq '.numbers[0].raw_text'
""",
)
@click.argument("view")
@click.argument("rssdid")
@click.argument("item")
@click.option("--aod", metavar="DATE", help="As-of date, 2025-12-31 or 20251231.  [default: the latest]")
@pipeline_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else.")
def trace(view: str, rssdid: str, item: str, aod: str | None, pipeline: str, *, as_json: bool) -> None:
    """Go from a number in a view back to the object, line and text that it came from, and to what it beat.

    VIEW is the view of a series, or the one of all rows; RSSDID the institution; ITEM the MDRM item, which is the
    column in a series' view. The text is read from the very version of the object that was ingested, and its SHA-256
    checked. Of what ./hub up started; when nothing runs, of the last ./hub run.
    """
    from hub_cli.trace import trace as show

    show(make_console(to_standard_error=as_json), view, rssdid, item, aod, pipeline, as_json=as_json)


@hub.command(
    short_help="Check pipeline files with their views, or CSV files against the contract.",
    epilog="""\b
Examples:
  ./hub check                            all pipeline files, and their view files
  ./hub check collections                one pipeline, by name or by file
  ./hub check dags/pipelines/views/collections/total_assets_view.sql
                                         one view file
  ./hub check report.csv deliveries/     CSV files against the contract
""",
)
@click.argument("paths", nargs=-1, type=FILES, metavar="[PIPELINE|FILE.sql|FILE.csv|DIRECTORY]...")
@pipeline_option
def check(paths: tuple[Path, ...], pipeline: str) -> None:
    """Check pipeline files, view files, or CSV files against the contract; starts nothing.

    Ends with 0 when everything is right, else with 1.
    """
    from hub_cli.check import check as check_files

    sys.exit(0 if check_files(make_console(), paths, pipeline) else 1)


@hub.command(
    short_help="Take note of a rejected file.",
    epilog="""\b
Example:
  ./hub acknowledge collections-data/ingest_ts=1770609249/report.csv
""",
)
@click.argument("key")
@pipeline_option
def acknowledge(key: str, pipeline: str) -> None:
    """Take note of a rejected file that will not be delivered again: the task rejected_files lets it pass."""
    from hub_cli.acknowledge import acknowledge as take_note

    take_note(make_console(), key, pipeline)


@hub.command(
    short_help="Take the rows of a file out of the table.",
    epilog="""\b
Example:
  ./hub withdraw collections-data/ingest_ts=1770609249/report.csv
""",
)
@click.argument("key")
@pipeline_option
def withdraw(key: str, pipeline: str) -> None:
    """Take the rows of a file out of the table, in one atomic commit.

    The file stays out, however often the pipeline runs, until it is delivered again under its key. Deleting it from the
    bucket instead takes no row away. Its rejected rows stay in the rejects table.
    """
    from hub_cli.withdraw import withdraw as take_out

    take_out(make_console(), key, pipeline)


@hub.command(
    short_help="Start Airflow with its UI, and the local AWS.",
    epilog="""\b
Examples:
  ./hub up                               Airflow on http://127.0.0.1:8080
  ./hub up --port 0 --no-browser         on a free port
""",
)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Airflow's port on 127.0.0.1; 0 takes a free one.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the web browser.")
def up(port: int, *, no_browser: bool) -> None:
    """Start a fresh local AWS and Airflow with all pipelines, and tell what arrives and runs, until Ctrl-C.

    Data and runs are gone when it ends. Ends with 0 after Ctrl-C, SIGTERM or ./hub down, with 1 when something cannot
    be started or kept running.
    """
    from hub_cli.up import UpOptions
    from hub_cli.up import up as start

    start(UpOptions(port, browser=not no_browser), make_console())


@hub.command(
    short_help="Let files arrive in what ./hub up started.",
    epilog="""\b
Examples:
  ./hub put report.csv                   arrives as ingest_ts=<now>/report.csv
  ./hub put deliveries/                  paths with ingest_ts=<n>/ in them keep it
""",
)
@click.argument("paths", nargs=-1, required=True, type=FILES, metavar="FILE|DIRECTORY...")
@pipeline_option
def put(paths: tuple[Path, ...], pipeline: str) -> None:
    """Upload files to the source bucket of the running local AWS; a run of the pipeline follows by itself."""
    from hub_cli.put import put as upload

    upload(make_console(), paths, pipeline)


@hub.command(
    short_help="Show what waits, what ran and what was rejected.",
    epilog="""\b
Examples:
  ./hub status
  ./hub status --json | jq .waiting.count
""",
)
@pipeline_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output, nothing else.")
def status(pipeline: str, *, as_json: bool) -> None:
    """Show who drives a pipeline, files that wait, the last runs, the ledger and the rejected files.

    Of what ./hub up started; when nothing runs, of the last ./hub run.
    """
    from hub_cli.status import status as show

    show(make_console(to_standard_error=as_json), pipeline, as_json=as_json)


@hub.command(short_help="End what ./hub up started.")
def down() -> None:
    """End what ./hub up started, also what a killed one left behind, and wait until all processes are gone."""
    from hub_cli.down import down as end

    end(make_console())


def main() -> None:
    """Run the command line; errors that are meant for people are printed without a stack trace."""
    end_on_signals()
    try:
        hub.main(prog_name="./hub", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except DataHubError as error:
        make_console(to_standard_error=True).print(f"✘ {error}", style="bold red", markup=False, highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
