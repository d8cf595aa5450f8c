"""The SQL dialects in which the Glue Data Catalog keeps a view's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from data_hub.errors import DataHubError
from data_hub.sql_views.limit import Limit

if TYPE_CHECKING:
    from sqlglot import Token, exp

# Length of ViewOriginalText: https://docs.aws.amazon.com/glue/latest/webapi/API_ViewRepresentationInput.html
MAX_CHARACTERS = 409_600


@dataclass(frozen=True)
class Dialect:
    """One dialect of a multi-dialect view.

    Attributes:
        name: the Glue API's name of the engine.
        version: the Glue API's DialectVersion.
        sqlglot_name: the same dialect in sqlglot.
        has_expanded_text: whether a representation carries ViewExpandedText.
        max_bytes: what the engine takes of one statement, in UTF-8; None when it says nothing.
    """

    name: Literal["ATHENA", "SPARK"]
    version: str
    sqlglot_name: str
    has_expanded_text: bool
    max_bytes: int | None = None

    @property
    def title(self) -> str:
        """The engine's name in a sentence."""
        return self.name.capitalize()

    def text(self, query: exp.Query) -> str:
        """Return the query in this dialect, with every identifier quoted.

        Raises:
            DataHubError: the query uses something that the dialect lacks.
        """
        # Only here: who reads what is published, as Airflow does, need not wait for the import.
        from sqlglot.errors import ErrorLevel, UnsupportedError

        try:
            return query.sql(
                dialect=self.sqlglot_name, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE
            )
        except UnsupportedError as error:
            raise DataHubError(
                f"The view's query cannot be written for {self.name}: {error}; "
                "use a construct that Spark and Athena share"
            ) from error

    def tokenize(self, text: str) -> list[Token]:
        """Cut text in this dialect into tokens.

        Raises:
            TokenError: it cannot be read, such as a quote that is never closed.
        """
        import sqlglot

        # Trino's: sqlglot's Athena takes a whole DDL statement for one token.
        return sqlglot.tokenize(text, read="trino" if self.name == "ATHENA" else self.sqlglot_name)

    def limits(self, text: str) -> list[Limit]:
        """Return what Glue, and the engine, limit of a text."""
        found = [Limit(len(text), MAX_CHARACTERS, f"characters of text for {self.name}")]
        if self.max_bytes is not None:
            found.append(Limit(len(text.encode()), self.max_bytes, f"bytes of text for {self.name}"))
        return found


# Versions: SPARK as in the create-table example of
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/SECTION-jobs-glue-data-catalog-views.html,
# ATHENA as in https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage-errors.html.
# Glue refuses expanded text for ATHENA: https://github.com/hashicorp/terraform-provider-aws/issues/49323.
# Athena's longest statement: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html; CREATE VIEW and the
# view's name come on top of the text.
SPARK = Dialect(name="SPARK", version="1.0", sqlglot_name="spark", has_expanded_text=True)
ATHENA = Dialect(name="ATHENA", version="3", sqlglot_name="athena", has_expanded_text=False, max_bytes=262_144 - 1_024)

DIALECTS = (SPARK, ATHENA)
# As users write them.
DIALECTS_BY_NAME = {dialect.name.lower(): dialect for dialect in DIALECTS}
