"""The SQL statements that make a view, for accounts in which only SQL may do that.

They take two steps, one in each engine; the Glue API, which the job uses, changes both texts at once.
Spark: https://docs.aws.amazon.com/emr/latest/ManagementGuide/SECTION-jobs-glue-data-catalog-views-ec2.html
Athena: https://docs.aws.amazon.com/athena/latest/ug/alter-view-dialect.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from data_hub.sql_views.dialects import ATHENA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from data_hub.sql_views.dialects import Dialect
    from data_hub.sql_views.view_definition import ViewDefinition

Purpose = Literal["create", "update"]

_ORDER = {
    "create": "first in Spark, then in Athena. In this order: whoever runs CREATE becomes the view's definer",
    "update": "first in Spark, then in Athena, without delay: until the second has run, Athena's queries fail",
}


@dataclass(frozen=True)
class Script:
    """Statements, each with comment lines that say in which engine and as whom it is run.

    Attributes:
        database: database of the Glue Data Catalog in which the statements are run, whichever the definitions name.
        purpose: make the views, or bring those that are there to the same definition.
        dialects: the engines.
        definer: ARN of the IAM role with whose rights the views are read: no statement has a place for it. Empty when
            it is not known here.
    """

    database: str
    purpose: Purpose
    dialects: Sequence[Dialect]
    definer: str = ""

    def text(self, views: Iterable[ViewDefinition]) -> str:
        """Return the statements for some views, a line end last."""
        return "".join(f"{line}\n" for view in views for line in self._lines(view))

    def statement(self, view: ViewDefinition, dialect: Dialect) -> str:
        """Return the statement for one engine, with its semicolon."""
        name = exp.table_(view.name, db=self.database, quoted=True).sql(dialect=dialect.sqlglot_name)
        query = dialect.text(_in_database(view.query, self.database))
        if self.purpose == "update":
            return f"ALTER VIEW {name} FORCE UPDATE DIALECT AS\n{query};"
        if dialect is ATHENA:
            return f"ALTER VIEW {name} ADD DIALECT AS\n{query};"
        comment = exp.Literal.string(view.description).sql(dialect=dialect.sqlglot_name)
        return (
            f"CREATE OR REPLACE PROTECTED MULTI DIALECT VIEW {name}\nCOMMENT {comment}\nSECURITY DEFINER AS\n{query};"
        )

    def _lines(self, view: ViewDefinition) -> Iterator[str]:
        yield f"-- {view.name}: {_ORDER[self.purpose]}"
        yield f"-- as {_in_one_line(self.definer) or 'the role with whose rights the view is to be read'}"
        for dialect in self.dialects:
            yield f"-- in {dialect.title}:"
            yield self.statement(view, dialect)
        yield ""


def _in_database(query: exp.Query, database: str) -> exp.Query:
    """Return the query on the tables of that name in another database; names of WITH have none."""
    moved = query.copy()
    for table in moved.find_all(exp.Table):
        if table.db:
            table.set("db", exp.to_identifier(database, quoted=True))
    return moved


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
