"""The SQL dialects in which the Glue Data Catalog keeps a view's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot.errors import ErrorLevel, UnsupportedError

from data_hub.errors import DataHubError

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class Dialect:
    """One dialect of a multi-dialect view.

    Attributes:
        name: the Glue API's name of the engine.
        version: the Glue API's DialectVersion.
        sqlglot_name: the same dialect in sqlglot.
        has_expanded_text: whether a representation carries ViewExpandedText.
    """

    name: Literal["ATHENA", "SPARK"]
    version: str
    sqlglot_name: str
    has_expanded_text: bool

    def text(self, query: exp.Query) -> str:
        """Return the query in this dialect, with every identifier quoted.

        Raises:
            DataHubError: the query uses something that the dialect lacks.
        """
        try:
            return query.sql(
                dialect=self.sqlglot_name, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE
            )
        except UnsupportedError as error:
            raise DataHubError(
                f"The view's query cannot be written for {self.name}: {error}; "
                "use a construct that Spark and Athena share"
            ) from error


# Versions: SPARK as in the create-table example of
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/SECTION-jobs-glue-data-catalog-views.html,
# ATHENA as in https://docs.aws.amazon.com/lake-formation/latest/dg/views-api-usage-errors.html.
# Glue refuses expanded text for ATHENA: https://github.com/hashicorp/terraform-provider-aws/issues/49323.
SPARK = Dialect(name="SPARK", version="1.0", sqlglot_name="spark", has_expanded_text=True)
ATHENA = Dialect(name="ATHENA", version="3", sqlglot_name="athena", has_expanded_text=False)

DIALECTS = (SPARK, ATHENA)
