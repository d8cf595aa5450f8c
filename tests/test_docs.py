"""The documentation held against the code: its commands, files, tables and links."""

import itertools
import re
import shlex
import textwrap
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import type_examples
import yaml
from click.testing import CliRunner
from collections_pipeline import PIPELINE_TEXT, ROOT, SAMPLE
from lake import Lake
from pydantic import BaseModel
from type_examples import TYPE_EXAMPLES

from data_hub import lineage, metrics
from data_hub.csv_files import rejects
from data_hub.errors import DataHubError
from data_hub.iceberg import data_files
from data_hub.ingestion import batch_rows, fetch, reject_spool, remaining
from data_hub.ingestion.deadline import Deadline
from data_hub.job_arguments import IngestionArguments
from data_hub.ledgers import ledger_entry
from data_hub.pipelines import pipeline_file, strict_yaml
from data_hub.pipelines.partition_terms import TRANSFORMS, PartitionTerm
from data_hub.pipelines.pipeline import COLUMN_FORMATS, Pipeline
from data_hub.pipelines.report_columns import REPORT_COLUMNS
from data_hub.sql_views import views
from hub_cli import check, locations, trace, withdraw
from hub_cli import lake as hub_lake
from hub_cli.__main__ import hub
from local_aws import faults
from local_aws.environment import client_environment

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "terraform" / "README.md"])
FENCED_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
IN_BACKTICKS = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: the language named behind the fence, and its lines without indentation."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [
        Block(found[2], textwrap.dedent(found[3])) for found in FENCED_BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def table(page: str, header: str) -> list[list[str]]:
    """Return the cells of the table whose first column is called ``header``."""
    lines = iter((DOCS / page).read_text(encoding="utf-8").splitlines())
    rows = []
    for line in lines:
        if line.startswith(f"| {header} |"):
            next(lines)
            while (row := next(lines, "")).startswith("|"):
                rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]])
    assert rows, f"{page} has no table with a first column '{header}'"
    return rows


def first_cells(page: str, header: str) -> list[str]:
    """Return what stands in backticks in the first column of a table."""
    return [name for row in table(page, header) for name in IN_BACKTICKS.findall(row[0])]


def shell_lines() -> Iterator[tuple[str, str]]:
    """Yield page name and line for each command that a page tells to type."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "sh":
                yield from ((page.name, line) for line in block.text.splitlines())


def words(line: str) -> list[str]:
    """Return the words of a shell line up to its comment, pipe or redirection."""
    found = shlex.split(line, comments=True)
    return list(itertools.takewhile(lambda word: word not in {"|", ">", "<"}, found))


HUB_LINES = [(page, line) for page, line in shell_lines() if line.startswith("./hub")]


@pytest.mark.parametrize(("page", "line"), HUB_LINES)
def test_every_hub_command_exists_with_its_options(page: str, line: str) -> None:
    name, *arguments = words(line)[1:] or ["--help"]
    if name.startswith("-"):
        assert any(name in option.opts for option in hub.get_params(click.Context(hub))), f"{page}: {line}"
        return
    assert name in hub.commands, f"{page}: {line}"
    try:
        hub.commands[name].make_context(name, arguments)
    except click.exceptions.Exit:  # --help
        return
    except click.ClickException as error:
        pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    typed = [words(line)[1] for _, line in shell_lines() if re.match(r"make \w", line)]
    assert set(typed) <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]
    assert [target for target in relative if not (page.parent / target).exists()] == []


def anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings are reached, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_section_leads_to_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]*\.md|)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if link[1] not in anchors((page.parent / link[0]) if link[0] else page)] == []


def test_every_alarm_leads_to_a_section() -> None:
    descriptions = (ROOT / "terraform" / "alarms.tf").read_text(encoding="utf-8")
    linked = re.findall(r"docs/operations\.md#([\w-]+)", descriptions)
    assert len(linked) == len(re.findall(r"alarm_description", descriptions))
    assert set(linked) <= anchors(DOCS / "operations.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    text = page.read_text(encoding="utf-8")
    assert [path for path in re.findall(r"`(tests/[\w/]+\.py)`", text) if not (ROOT / path).is_file()] == []
    assert [name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in source] == []


def test_every_pipeline_of_the_docs_parses() -> None:
    whole = [
        (page.name, block.text)
        for page in PAGES
        for block in blocks(page)
        if block.language == "yaml" and re.search(r"^pipeline:", block.text, re.MULTILINE)
    ]
    assert whole
    for page, text in whole:
        pipeline_file.parse(text, page)


def test_the_dag_file_of_the_docs_is_like_the_first_one() -> None:
    (shown,) = (block.text for block in blocks(DOCS / "pipelines.md") if block.language == "python")
    first = (ROOT / "dags" / "collections.py").read_text(encoding="utf-8")
    assert shown.splitlines()[1:] == first.splitlines()[1:]


class WalkThrough:
    """A folder with the files that a page tells to write."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.pipelines = folder / "dags" / "pipelines"
        self.pipelines.mkdir(parents=True)
        self._last_pipeline = self.pipelines / "none.yaml"
        monkeypatch.chdir(folder)
        monkeypatch.setattr(check, "PIPELINES", self.pipelines)
        monkeypatch.setattr(locations, "PIPELINES", self.pipelines)
        monkeypatch.setattr(locations, "DAGS", self.pipelines.parent)

    def follow(self, page: list[Block]) -> int:
        """Do what a page tells, and compare what its checks print; return how many there were."""
        compared = 0
        for block, following in zip(page, [*page[1:], Block("", "")], strict=True):
            self._write(block, following)
            if block.text.startswith("./hub check") and following.language == "text":
                assert printed(block.text) == following.text.splitlines()
                compared += 1
        return compared

    def _write(self, block: Block, following: Block) -> None:
        """Write a file, or change the last pipeline file as a diff says."""
        if block.language == "yaml":
            self._write_pipeline(block.text)
        elif block.language == "csv":
            # Called as the command below it says.
            (self.folder / words(following.text)[-1]).write_text(block.text)
        elif block.language == "python":
            (self.pipelines.parent / f"{self._last_pipeline.stem}.py").write_text(block.text)
        elif block.language == "diff":
            text = self._last_pipeline.read_text()
            for old, new in re.findall(r"^-(.*)\n\+(.*)$", block.text, re.MULTILINE):
                assert f"{old}\n" in text
                text = text.replace(f"{old}\n", f"{new}\n")
            self._last_pipeline.write_text(text)

    def _write_pipeline(self, text: str) -> None:
        if name := re.match(r"pipeline: (\w+)", text):
            self._last_pipeline = self.pipelines / f"{name[1]}.yaml"
            self._last_pipeline.write_text(text)


def printed(command: str) -> list[str]:
    """Return the lines that a command of ./hub prints."""
    return [line.rstrip() for line in CliRunner().invoke(hub, words(command)[1:]).stdout.splitlines()]


def test_the_walk_through_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk_through = WalkThrough(tmp_path, monkeypatch)
    assert walk_through.follow(blocks(DOCS / "pipelines.md")) == 3


def test_the_checks_of_the_ingestion_print_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walk_through = WalkThrough(tmp_path, monkeypatch)
    given = [block for block in blocks(DOCS / "pipelines.md") if block.language == "yaml"]
    walk_through.follow([*given, Block("yaml", f"pipeline: {PIPELINE_TEXT.partition('pipeline: ')[2]}")])
    assert walk_through.follow(blocks(DOCS / "ingestion.md")) == 2


def test_trace_and_withdraw_print_what_the_page_shows(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in sorted(SAMPLE.glob("*/*.csv")):
        lake.put(file.name, file.read_bytes(), int(file.parent.name.removeprefix("ingest_ts=")))
    lake.ingest()
    deployment = replace(lake.deployment, view_definer="arn:aws:iam::123456789012:role/definer")
    views.create_views(lake.pipeline, deployment)
    for module in (trace, withdraw):
        monkeypatch.setattr(module, "deployment_of", lambda *_: deployment)
    monkeypatch.setattr(hub_lake, "open_data", nullcontext)
    monkeypatch.setattr(hub_lake, "open_data_to_change", nullcontext)
    page = blocks(DOCS / "ingestion.md")
    compared = 0
    for block, following in pairwise(page):
        if block.text.startswith(("./hub trace", "./hub withdraw")) and following.language == "text":
            shown = [line.replace(lake.deployment.source_bucket, "raw") for line in printed(block.text)]
            assert _without_chance(shown) == _without_chance(following.text.splitlines())
            compared += 1
    assert compared == 2


def _without_chance(lines: list[str]) -> list[str]:
    """Return lines without what differs from run to run."""
    return [re.sub(r"^(  (job run|commit|ingested) ).*", r"\1", line) for line in lines]


def test_every_check_of_files_in_the_repository_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = [words(line)[1:] for _, line in HUB_LINES if line.startswith("./hub check")]
    ready = [command for command in commands if all(Path(word).exists() for word in command[1:])]
    assert ["check"] in ready
    for command in ready:
        ended = CliRunner().invoke(hub, command)
        assert ended.exit_code == 0, ended.output


def model_fields(model: type[BaseModel], place: str = "") -> Iterator[str]:
    """Yield the dotted place of each field that holds a value; NAME stands for a key of the user's."""
    for name, field in model.model_fields.items():
        nested = list(models_in(field.annotation))
        between = ".NAME." if "dict[" in str(field.annotation) else "."
        if nested:
            yield from model_fields(nested[0], f"{place}{name}{between}")
        else:
            yield f"{place}{name}"


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def test_the_table_of_fields_is_the_model() -> None:
    assert sorted(first_cells("pipelines.md", "field")) == sorted(model_fields(Pipeline))


def test_the_refused_scalars_are_refused_and_read_by_pyyaml_as_shown() -> None:
    for scalar, shown, _ in table("pipelines.md", "plain scalar"):
        text = f"a: {scalar.strip('`')}"
        with pytest.raises(DataHubError, match="read differently"):
            strict_yaml.parse(text, "f.yaml")
        value = yaml.safe_load(text)["a"]
        as_shown = {"text": isinstance(value, str), "a date": hasattr(value, "year"), "true": value is True}
        assert as_shown.get(shown, str(value) == shown.removeprefix("the number ")), scalar


def test_the_table_of_types_is_the_one_that_the_tests_of_the_types_try() -> None:
    documented = {(each.column.kind, each.format) for each in TYPE_EXAMPLES}
    assert documented == {(kind, form) for kind, forms in COLUMN_FORMATS.items() for form in forms or ("",)}
    assert type_examples.markdown() in (DOCS / "ingestion.md").read_text(encoding="utf-8")


def test_the_table_of_partitions_shows_which_transform_fits_which_type() -> None:
    shown = {}
    for entry, _, types in table("pipelines.md", "entry of `partition_by`"):
        term = PartitionTerm.parse(entry.strip('`"'))
        named = {name.partition("(")[0] for name in IN_BACKTICKS.findall(types)}
        everything = set(COLUMN_FORMATS)
        shown[term.transform] = frozenset(everything - named if types.startswith("all") else named)
    assert shown == TRANSFORMS


def test_the_tables_of_rejects_and_ledger_are_the_schemas() -> None:
    assert first_cells("ingestion.md", "column of `<table>_rejects`") == rejects.SCHEMA.names
    assert sorted(first_cells("ingestion.md", "column of `<table>_ledger`")) == sorted(ledger_entry.SCHEMA.names)
    assert first_cells("ingestion.md", "status") == list(ledger_entry.STATUSES)
    assert sorted(first_cells("ingestion.md", "column")) == sorted(lineage.COLUMNS)


def test_the_arguments_of_the_ingestion_are_those_that_it_takes() -> None:
    shown = {
        row[0].strip("`"): row[1].strip("`") for row in table("ingestion.md", "argument of `csv-to-iceberg-ingestion`")
    }
    own = {field.name: field.default for field in fields(IngestionArguments) if field.default is not MISSING}
    assert {f"--{name}" for name in own} == set(shown)
    assert {name: shown[f"--{name}"] for name, default in own.items() if default is not None} == {
        name: str(default) for name, default in own.items() if default is not None
    }


def test_the_metrics_of_the_jobs_are_those_that_they_print() -> None:
    every = {value for name, value in vars(metrics).items() if name.startswith(("FILES_", "ROWS_", "RUN_"))}
    assert set(first_cells("ingestion.md", "metric")) == every


def test_the_bounds_of_memory_are_those_of_the_code() -> None:
    bounds = [fetch.SMALL_BYTES * fetch.FETCHED_AHEAD, batch_rows.HELD_BYTES, reject_spool.HELD_BYTES]
    bounds.append(data_files.WAITING_BYTES)
    rows = table("ingestion.md", "what is held")
    assert [row[1] for row in rows] == [f"{size >> 20} MiB" for size in bounds]
    assert f"up to {fetch.SMALL_BYTES >> 20} MiB) fetched ahead by {fetch.FETCHERS} threads," in rows[0][0]
    assert f"({data_files.ROW_GROUP_BYTES >> 20} MiB for each partition)" in rows[3][0]


def test_the_last_lines_of_a_backfill_are_those_that_the_job_prints() -> None:
    (shown,) = (block.text for block in blocks(DOCS / "ingestion.md") if "remaining=" in block.text)
    assert shown.splitlines()[-1] == remaining.line(8800, f"{Deadline(60)} are over")


def test_the_effects_of_faults_are_those_that_the_local_aws_has() -> None:
    assert sorted(first_cells("local-aws.md", "effect")) == sorted(get_args(faults.Effect))


def test_the_columns_of_a_report_are_named() -> None:
    text = (DOCS / "views.md").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"Report views and the current view are made when (.*?);", text, re.DOTALL)
    assert set(IN_BACKTICKS.findall(sentence)) == REPORT_COLUMNS


def test_every_command_is_in_the_table_of_commands() -> None:
    assert [name.split()[1] for name in first_cells("local-aws.md", "command")] == list(hub.commands)


def test_the_environment_is_shown_whole() -> None:
    (shown,) = (block for block in blocks(DOCS / "local-aws.md") if block.text.startswith("export AWS_ENDPOINT_URL"))
    environment = client_environment("http://127.0.0.1:5000")
    assert shown.text.splitlines() == [f"export {name}={value}" for name, value in environment.items()]


def test_what_lies_in_the_state_folder_is_shown() -> None:
    kept = {path.name for path in vars(locations).values() if isinstance(path, Path) and path.parent == locations.STATE}
    assert {name.rstrip("/") for name in first_cells("local-aws.md", "path")} == kept
