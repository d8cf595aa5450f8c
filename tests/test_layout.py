"""The rules of the house that no tool of its own checks."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from collections_pipeline import ROOT

CODE = [
    path
    for folder in ("dags", "plugins", "glue_jobs", "local_aws", "hub_cli", "bench", "examples", "terraform", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
LIBRARY = [path for path in sorted((ROOT / "plugins" / "data_hub").rglob("*.py")) if "airflow" not in path.parts]
# What the packages of pyproject.toml are imported as, where that differs from their names.
IMPORTED_AS = {"pyyaml": "yaml", "boto3": "boto3"}
# botocore comes with boto3, the others with Glue.
COMES_ALONG = {"botocore", "awsglue", "pyspark", "py4j"}


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports at run time, by their full names."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def packages(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_what_the_library_imports_is_what_glue_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {name.split("[")[0].split(">")[0].split("=")[0] for name in project["dependencies"]}
    expected = {IMPORTED_AS.get(name, name) for name in declared} | COMES_ALONG | {"data_hub"}
    assert packages({name for path in LIBRARY for name in imported(path)}) <= expected


@pytest.mark.parametrize("path", sorted((ROOT / "glue_jobs").glob("*.py")), ids=lambda path: path.name)
def test_a_glue_script_imports_the_library_alone(path: Path) -> None:
    assert packages(imported(path)) == {"data_hub"}


@pytest.mark.parametrize("path", sorted((ROOT / "terraform" / "lambda").glob("*.py")), ids=lambda path: path.name)
def test_a_lambda_function_imports_boto3_its_own_modules_and_the_key_pattern_alone(path: Path) -> None:
    own = {module.stem for module in path.parent.glob("*.py")}
    assert imported(path) - own - sys.stdlib_module_names <= {
        "boto3",
        "botocore.exceptions",
        "data_hub.key_pattern",
        "urllib.parse",
    }


def test_the_zips_are_built_without_any_package() -> None:
    path = ROOT / "terraform" / "package.py"
    assert packages(imported(path)) == set()
    ast.parse(path.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_imports_the_dag_builder_alone(path: Path) -> None:
    assert imported(path) == {"data_hub.airflow"}


def test_nothing_that_is_deployed_knows_the_local_aws() -> None:
    deployed = [
        path for path in CODE if path.relative_to(ROOT).parts[0] in {"dags", "plugins", "glue_jobs", "terraform"}
    ]
    assert [path for path in deployed if "local_aws" in path.read_text()] == []
