"""The SQL statements that make a published view, for accounts in which only SQL may do that.

They take two steps, one in each engine; the Glue API, which the job uses, changes both texts at once.
Spark: https://docs.aws.amazon.com/emr/latest/ManagementGuide/SECTION-jobs-glue-data-catalog-views-ec2.html
Athena: https://docs.aws.amazon.com/athena/latest/ug/alter-view-dialect.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, SPARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from data_hub.sql_views.catalog_view import CatalogView
    from data_hub.sql_views.dialects import Dialect

Purpose = Literal["create", "update"]

_ENGINES = {SPARK: "Spark", ATHENA: "Athena"}
_ORDER = {
    "create": "first in Spark, then in Athena. In this order: whoever runs CREATE becomes the view's definer",
    "update": "first in Spark, then in Athena, without delay: until the second has run, Athena's queries fail",
}


def script(views: Iterable[CatalogView], purpose: Purpose, dialects: Iterable[Dialect] = (SPARK, ATHENA)) -> str:
    """Return the statements for some views, each with comment lines that say in which engine it is run.

    Args:
        views: published views.
        purpose: make them, or bring those that are there to the same definition.
        dialects: statements of these engines only.

    Raises:
        DataHubError: a view lacks a dialect.
    """
    chosen = tuple(dialects)
    return "\n".join(line for view in views for line in _lines(view, purpose, chosen))


def statement(view: CatalogView, purpose: Purpose, dialect: Dialect) -> str:
    """Return the statement for one engine, with its semicolon.

    Raises:
        DataHubError: the view lacks the dialect.
    """
    name = exp.table_(view.name, db=view.database, quoted=True).sql(dialect=dialect.sqlglot_name)
    query = _text(view, dialect)
    if purpose == "update":
        return f"ALTER VIEW {name} FORCE UPDATE DIALECT AS\n{query};"
    if dialect is ATHENA:
        return f"ALTER VIEW {name} ADD DIALECT AS\n{query};"
    comment = exp.Literal.string(view.description).sql(dialect=dialect.sqlglot_name)
    described = f"COMMENT {comment}\n" if view.description else ""
    return f"CREATE OR REPLACE PROTECTED MULTI DIALECT VIEW {name}\n{described}SECURITY DEFINER AS\n{query};"


def _lines(view: CatalogView, purpose: Purpose, dialects: tuple[Dialect, ...]) -> Iterator[str]:
    yield f"-- {view.name}: {_ORDER[purpose]}"
    yield f"-- as {_in_one_line(view.definer)}"
    for dialect in dialects:
        yield f"-- in {_ENGINES[dialect]}:"
        yield statement(view, purpose, dialect)
    yield ""


def _text(view: CatalogView, dialect: Dialect) -> str:
    if dialect.name not in view.texts:
        raise DataHubError(
            f"View {view.name} has no valid text for {_ENGINES[dialect]}; run create-views-dual-engine again"
        )
    return view.texts[dialect.name]


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
