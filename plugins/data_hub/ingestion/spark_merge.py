"""Commits of the Spark engine: rows are replaced by one copy-on-write MERGE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_hub.iceberg import commit
from data_hub.iceberg.commit import Commit, CommitConflict
from data_hub.ingestion.spark_rows import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot
    from pyspark.sql import DataFrame, SparkSession

_CONFLICTS = (
    "org.apache.iceberg.exceptions.CommitFailedException",
    "org.apache.iceberg.exceptions.ValidationException",
)
# New rows match nothing; different keys spread them over Spark's tasks.
_SPREAD = 1000
_REMOVES = "_removes"


@dataclass(frozen=True)
class MergeTarget:
    """A table as it was before the objects were read; what others commit after that is a conflict.

    Attributes:
        session: of Spark.
        name: the table in Spark's SQL.
        table: the same for pyiceberg.
        held: keeps the state that Spark's catalog has of the table from being forgotten.
        snapshot_id: of this state.
    """

    session: SparkSession
    name: str
    table: Table
    held: DataFrame
    snapshot_id: int | None

    @classmethod
    def hold(cls, session: SparkSession, name: str, table: Table) -> MergeTarget:
        """Let Spark load a table that pyiceberg has loaded just now."""
        snapshot = table.current_snapshot()
        session.sql(f"REFRESH TABLE {name}")
        return cls(session, name, table, session.table(name), snapshot.snapshot_id if snapshot else None)

    def replace(self, replaced: Sequence[Mapping[str, str]], rows: DataFrame, done: Commit) -> Snapshot:
        """Replace rows in one atomic commit.

        Args:
            replaced: a row goes whose columns have the values of one of these; all of them have the same columns.
            rows: what comes, with all columns of the table.
            done: id and entries, which the snapshot carries.

        Returns:
            The snapshot that the commit made.

        Raises:
            CommitConflict: another writer changed rows that match; nothing was committed.
        """
        if self._snapshot_in_spark() != self.snapshot_id:
            raise CommitConflict(f"{self.name} was changed while it was loaded")
        try:
            _execute(self.session, _merge(self.name, replaced, rows), done.summary)
        except Exception as error:
            # The answer may have been lost after the commit took effect: only the table knows.
            self.table.refresh()
            if commit.find(self.table, done.id) is None:
                if any(name in str(error) for name in _CONFLICTS):
                    raise CommitConflict(str(error).partition("\n\tat ")[0]) from error
                raise
        self.table.refresh()
        snapshot = commit.find(self.table, done.id)
        if snapshot is None:
            raise CommitConflict(f"commit {done.id} is not in the history of {self.name}")
        return snapshot

    def _snapshot_in_spark(self) -> int | None:
        found = self.session.table(f"{self.name}.refs").where("name = 'main'").select("snapshot_id").collect()
        return int(found[0][0]) if found else None


def _merge(name: str, replaced: Sequence[Mapping[str, str]], rows: DataFrame) -> str:
    """Return the statement; its source is a view on what comes and, marked, on what goes."""
    columns = list(replaced[0])
    view, session = "data_hub_merge_source", rows.sparkSession
    going = ", ".join(f"({', '.join(text(each[column]) for column in columns)})" for each in replaced)
    names = [f"_key_{column}" for column in columns]
    keys = [quoted(name) for name in names]
    marks = session.sql(f"VALUES {going}").toDF(*names).selectExpr("*", f"true AS {_REMOVES}")
    spread = f"CAST(pmod(source_line, {_SPREAD}) AS string)"
    coming = rows.selectExpr("*", f"false AS {_REMOVES}", *(f"{spread} AS {key}" for key in keys))
    coming.unionByName(marks, allowMissingColumns=True).createOrReplaceTempView(view)
    # Iceberg skips data files, and looks for conflicts, by what the condition says of the table alone.
    alone = [
        f"t.{quoted(column)} IN ({', '.join(sorted({text(each[column]) for each in replaced}))})" for column in columns
    ]
    matches = [f"t.{quoted(column)} = s.{key}" for column, key in zip(columns, keys, strict=True)]
    inserted = [quoted(column) for column in rows.columns]
    values = [f"s.{column}" for column in inserted]
    return "\n".join(
        [
            f"MERGE INTO {name} t USING {view} s",
            f"ON {' AND '.join([*alone, *matches, f's.{_REMOVES}'])}",
            "WHEN MATCHED THEN DELETE",
            f"WHEN NOT MATCHED AND NOT s.{_REMOVES}",
            f"THEN INSERT ({', '.join(inserted)})",
            f"VALUES ({', '.join(values)})",
        ]
    )


def text(value: str) -> str:
    """Return a text in Spark's SQL, in which keys of objects need no escaping and nothing is substituted."""
    return f"CAST(X'{value.encode().hex()}' AS string)"


def _execute(session: SparkSession, statement: str, properties: Mapping[str, str]) -> None:
    """Run a statement whose snapshot gets properties.

    Spark's SQL has no options for a MERGE. Iceberg keeps the properties for the thread in which it runs a ``Callable``
    (see ``CommitMetadata`` in its Spark configuration); here it is ``session.sql(statement)``, bound on the Java side,
    so that the thread is the same however Python and Java are connected.
    """
    jvm: Any = session._jvm
    invoke, of_name = jvm.java.lang.invoke, jvm.java.lang.Class.forName
    kind = invoke.MethodType.methodType(of_name("org.apache.spark.sql.Dataset"), of_name("java.lang.String"))
    sql = invoke.MethodHandles.publicLookup().bind(session._jsparkSession, "sql", kind).bindTo(statement)
    call = invoke.MethodHandleProxies.asInterfaceInstance(of_name("java.util.concurrent.Callable"), sql)
    jvm.org.apache.iceberg.spark.CommitMetadata.withCommitProperties(
        dict(properties), call, of_name("java.lang.RuntimeException")
    )
