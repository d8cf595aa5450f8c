"""DuckDB in Athena's place: texts for Athena run over rows that Arrow holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp


@dataclass(frozen=True)
class DuckdbAthena:
    """A database for one test; its session is in UTC."""

    connection: duckdb.DuckDBPyConnection
    database: str

    @classmethod
    @contextmanager
    def of(cls, database: str, tables: Mapping[str, pa.Table]) -> "Iterator[DuckdbAthena]":
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            opened = cls(connection, database)
            connection.execute(f"CREATE SCHEMA {exp.to_identifier(database, quoted=True).sql('duckdb')}")
            for name, rows in tables.items():
                connection.register(f"{name} rows", rows)
                connection.execute(f'CREATE VIEW {opened.place(name)} AS FROM "{name} rows"')
            yield opened

    def query(self, text: str) -> duckdb.DuckDBPyRelation:
        """Run a statement in Athena's SQL."""
        return self.connection.sql(_translated(text))

    def add_view(self, name: str, text: str) -> duckdb.DuckDBPyRelation:
        """Make a view of a text for Athena, and return its rows."""
        self.connection.execute(f"CREATE VIEW {self.place(name)} AS {_translated(text)}")
        return self.connection.sql(f"FROM {self.place(name)}")

    def place(self, name: str) -> str:
        """Return the full name of a table or view."""
        return exp.table_(name, db=self.database, quoted=True).sql("duckdb")


def _translated(text: str) -> str:
    [translated] = sqlglot.transpile(text, read="athena", write="duckdb")
    return translated
