import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from data_hub.errors import DataHubError
from data_hub.pipelines import strict_yaml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 0.05", 0.05),
        ("a: true", True),
        ("a: null", None),
        ("a:", None),
        ("a: 'n'", "n"),
        ('a: "12:30"', "12:30"),
        ("a: plain text", "plain text"),
        ("a: ingest_ts=*/*.csv*", "ingest_ts=*/*.csv*"),
        ("a: [x, 1]", ["x", 1]),
    ],
)
def test_reads_what_every_reader_sees_alike(text: str, expected: object) -> None:
    assert strict_yaml.parse(text, "f.yaml") == {"a": expected}


@pytest.mark.parametrize(
    "scalar", ["12:30", "010", "1e3", "n", "Y", "yes", "on", "No", "0x1f", "0o17", "1_000", "2025-12-31", ".5", "+1"]
)
def test_refuses_scalars_that_yaml_versions_read_differently(scalar: str) -> None:
    with pytest.raises(DataHubError, match=r"f\.yaml: line 2: .* read differently"):
        strict_yaml.parse(f"b: 1\na: {scalar}", "f.yaml")


def test_refuses_such_a_scalar_as_a_key() -> None:
    with pytest.raises(DataHubError, match="n is read differently"):
        strict_yaml.parse("n: 1", "f.yaml")


def test_refuses_duplicate_keys_at_any_depth() -> None:
    with pytest.raises(DataHubError, match="line 3: key 'x' stands here more than once"):
        strict_yaml.parse("a:\n  x: 1\n  x: 2", "f.yaml")


def test_refuses_aliases_and_tags() -> None:
    with pytest.raises(DataHubError, match="anchors and aliases"):
        strict_yaml.parse("a: &one 1\nb: *one", "f.yaml")
    with pytest.raises(DataHubError, match="tags"):
        strict_yaml.parse("a: !!str 1", "f.yaml")


def test_names_file_and_place_of_broken_yaml() -> None:
    with pytest.raises(DataHubError, match=r"f.yaml: is not valid YAML.*(\n.*)*line 1"):
        strict_yaml.parse("a: [1", "f.yaml")


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=8))
def test_an_accepted_plain_scalar_is_text_or_a_plain_number(scalar: str) -> None:
    try:
        value = strict_yaml.parse(f"a: {scalar}", "f.yaml")["a"]
    except (DataHubError, TypeError, KeyError):
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert yaml.safe_dump(value).split("\n")[0] == scalar.strip().partition(" #")[0].strip()
