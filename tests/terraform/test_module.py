"""The Terraform module and its examples: format, validity, and the module's own tests, which mock the provider."""

import dataclasses
import re
from pathlib import Path

import pytest
from collections_pipeline import ROOT
from terraform_copy import Terraform, TerraformFailed

MODULE = ROOT / "terraform"
EXAMPLES = sorted(folder.name for folder in (MODULE / "examples").iterdir())
# One plan against no AWS.
PLAN = """
mock_provider "aws" {
  source = "./tests/mocks"
}
run "plan" {
  command = plan
}
"""
terraform_group = [pytest.mark.slow, pytest.mark.xdist_group("terraform")]


def blocks(kind: str, text: str) -> dict[str, str]:
    """Return the top-level blocks of a kind as their labels and their text."""
    found = re.findall(rf'^{kind}((?: "[^"]+")+) {{\n(.*?)^}}', text, re.DOTALL | re.MULTILINE)
    return {labels.replace('"', "").strip().replace(" ", "."): body for labels, body in found}


def all_text(pattern: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(MODULE.glob(pattern)))


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return Terraform.copy_to(tmp_path_factory.mktemp("module"))


class TestRuns:
    pytestmark = terraform_group

    def test_every_file_has_terraforms_format(self, module: Terraform) -> None:
        module.run("fmt", "-check", "-recursive", "-diff")

    def test_the_module_is_valid(self, module: Terraform) -> None:
        module.validate()

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_an_example_is_valid(self, module: Terraform, name: str) -> None:
        example = dataclasses.replace(module, folder=module.folder / "examples" / name)
        example.run("init", "-input=false", f"-plugin-dir={module.program.mirror}")
        example.validate()

    def test_the_modules_own_tests_pass(self, module: Terraform) -> None:
        printed = module.run("test")
        runs = len(re.findall(r'^run "', all_text("tests/*.tftest.hcl"), re.MULTILINE))
        assert f"Success! {runs} passed, 0 failed." in printed

    @pytest.mark.parametrize("name", ["data_hub.zip", "trigger_glue_job.zip", "publish_backlog.zip"])
    def test_a_missing_zip_is_told_at_the_plan(self, module: Terraform, name: str) -> None:
        plan = module.folder / "tests" / "plan.tftest.hcl"
        plan.write_text(PLAN, encoding="utf-8")
        built = module.folder / "build" / name
        away = built.rename(built.with_suffix(".away"))
        try:
            with pytest.raises(
                TerraformFailed, match=rf"{name}\s+is\s+missing:\s+run\s+`python3\s+terraform/package.py`"
            ):
                module.run("test", "-filter=tests/plan.tftest.hcl")
        finally:
            away.rename(built)
            plan.unlink()


class TestFiles:
    """What holds for the files, with or without Terraform."""

    def test_the_complete_example_uses_every_variable(self) -> None:
        variables = blocks("variable", all_text("*.tf"))
        (call,) = blocks("module", (MODULE / "examples/complete/main.tf").read_text(encoding="utf-8")).values()
        used = set(re.findall(r"^  (\w+) *=", call, re.MULTILINE)) - {"source"}
        assert used == set(variables)

    def test_the_example_of_settings_has_every_variable(self) -> None:
        example = (MODULE / "terraform.tfvars.example").read_text(encoding="utf-8")
        assert set(re.findall(r"^(?:# )?(\w+) *= ", example, re.MULTILINE)) == set(blocks("variable", all_text("*.tf")))

    def test_every_validation_of_a_variable_has_a_run_that_it_refuses(self) -> None:
        tests = all_text("tests/*.tftest.hcl")
        for name, body in blocks("variable", all_text("*.tf")).items():
            refusals = len(re.findall(rf"expect_failures = \[var\.{name}\]", tests))
            assert refusals >= body.count("validation {"), f"variable {name}"

    def test_every_precondition_of_a_pipeline_file_has_a_run_that_it_refuses(self) -> None:
        resources, tests = blocks("resource", all_text("*.tf")), all_text("tests/*.tftest.hcl")
        for name in ("pipeline", "view_files"):
            refusals = re.findall(rf"expect_failures = \[terraform_data\.{name}\b", tests)
            assert len(refusals) == resources[f"terraform_data.{name}"].count("precondition {"), name

    def test_every_bucket_is_destroyed_before_the_key_of_its_data(self) -> None:
        resources = blocks("resource", (MODULE / "buckets.tf").read_text(encoding="utf-8"))
        buckets = {name: body for name, body in resources.items() if name.startswith("aws_s3_bucket.")}
        assert len(buckets) == 3
        assert [name for name, body in buckets.items() if "depends_on = [aws_kms_key.this]" not in body] == []

    def test_every_variable_has_a_type_and_a_description(self) -> None:
        for name, body in blocks("variable", all_text("*.tf")).items():
            assert re.search(r"^  type +=", body, re.MULTILINE), name
            assert re.search(r"^  description +=", body, re.MULTILINE), name

    def test_the_costs_of_the_readme_add_up(self) -> None:
        readme = (MODULE / "README.md").read_text(encoding="utf-8")
        table = readme[readme.index("| | idle, airflow") : readme.index("| customer managed key")].splitlines()[2:]
        *lines, total = [[cell.strip(" *") for cell in line.split("|")[2:-1]] for line in table]
        assert [f"{sum(map(float, column)):.2f}" for column in zip(*lines, strict=True)] == total

    def test_no_file_is_longer_than_400_lines(self) -> None:
        files = [path for pattern in ("*.tf", "tests/*.hcl", "examples/*/*.tf") for path in MODULE.glob(pattern)]
        assert {path.name: lines for path in files if (lines := len(lines_of(path))) > 400} == {}

    def test_every_alarm_points_to_a_section_of_the_runbook(self) -> None:
        headings = re.findall(r"^#+ (.+)$", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        alarms = blocks("resource", (MODULE / "alarms.tf").read_text(encoding="utf-8"))
        assert alarms
        for name, body in alarms.items():
            (section,) = re.findall(r"docs/operations\.md#([\w-]+)", body)
            assert section in anchors, name
            assert re.search(r"alarm_actions += \[aws_sns_topic", body), name
            assert re.search(r"ok_actions += \[aws_sns_topic", body), name


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
