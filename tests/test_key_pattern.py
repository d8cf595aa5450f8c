"""Which keys are objects of a source."""

import fnmatch
import re

import pytest
from collections_pipeline import PIPELINE
from hypothesis import given
from hypothesis import strategies as st

from data_hub.ingestion.objects import is_object_of
from data_hub.key_pattern import key_regex
from data_hub.ledgers.arrivals import Watched

PIECES = st.text(alphabet="ab.[]()|+?^$\\{}-= ", max_size=4)


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        ("collections-data/ingest_ts=1/a.csv", True),
        ("collections-data/ingest_ts=1/a.csv.gz", True),
        ("collections-data/ingest_ts=1/b/a.csv", False),
        ("collections-data/ingest_ts=1/aXcsv", False),
        ("other/collections-data/ingest_ts=1/a.csv", False),
        ("collections-data/readme.txt", False),
    ],
)
def test_a_star_does_not_cross_a_slash(key: str, fits: bool) -> None:
    assert is_object_of(PIPELINE.source, key) is fits


def test_people_can_read_the_expression() -> None:
    assert key_regex(PIPELINE.source) == r"collections-data/ingest_ts=[^/]*/[^/]*\.csv[^/]*"


@given(PIECES, st.lists(PIECES, min_size=1, max_size=3))
def test_every_other_character_means_itself(prefix: str, pieces: list[str]) -> None:
    source = Watched(f"{prefix}/", "*".join(pieces), "t", "l")
    assert is_object_of(source, f"{prefix}/{'xyz'.join(pieces)}")
    as_shell = fnmatch.translate(f"{prefix}/".replace("[", "[[]") + "*".join(p.replace("[", "[[]") for p in pieces))
    if "?" not in prefix + "".join(pieces):
        assert bool(re.match(as_shell, "ab/ab")) == is_object_of(source, "ab/ab")
