"""What view files may hold, what is refused and how it is told."""

import pytest
from view_queries import TABLES

from data_hub.errors import DataHubError
from data_hub.sql_views.dialects import ATHENA, SPARK
from data_hub.sql_views.view_definition import ViewDefinition
from data_hub.view_files.view_file import ViewFile


def definition_of(query: str) -> ViewDefinition:
    return ViewFile.parse("trial_view.sql", f"-- A trial.\n{query}\n").definition(TABLES, TABLES.keys())


def refused(query: str) -> str:
    with pytest.raises(DataHubError) as caught:
        definition_of(query)
    return str(caught.value)


@pytest.mark.parametrize(
    ("query", "fix"),
    [
        ("SELECT line / 2 AS x FROM rows", "divide where the view is read"),
        ("SELECT line % 2 AS x FROM rows", "divide where"),
        ("SELECT AVG(amount) AS x FROM rows", "select SUM and COUNT"),
        ("SELECT LOWER(item) AS x FROM rows", "differ beyond ASCII"),
        ("SELECT TRIM(item) AS x FROM rows", "other blanks"),
        ("SELECT item FROM rows WHERE regexp_like(item, 'a')", "LIKE"),
        ("SELECT item FROM rows WHERE item LIKE 'a#%' ESCAPE '#'", "leave ESCAPE out"),
        ("SELECT item FROM rows WHERE item LIKE value", "pattern as text in quotes"),
        ("SELECT item FROM rows WHERE item LIKE '😀%'", "above U+FFFF"),
        ("SELECT CONCAT(item, value) AS x FROM rows", r"a || b"),
        ("SELECT GREATEST(line, 2) AS x FROM rows", "CASE WHEN"),
        ("SELECT IF(ok, 1, 2) AS x FROM rows", "CASE WHEN"),
        ("SELECT CURRENT_DATE AS x FROM rows", "same rows whenever"),
        ("SELECT RAND() AS x FROM rows", "same rows whenever"),
        ("SELECT aod + INTERVAL '1' DAY AS x FROM rows", "DATE 'yyyy-mm-dd'"),
        ("SELECT ROUND(amount, 1) AS x FROM rows", "rounds half up"),
        ("SELECT MAX_BY(item, line) AS x FROM rows", "ties are broken by chance"),
        ("SELECT LAG(item) OVER (ORDER BY line) AS x FROM rows", "RANK"),
        ("SELECT nonsense(item) AS x FROM rows", "docs/views.md"),
        ("SELECT item FROM rows ORDER BY item", "sort where it is read"),
        ("SELECT item FROM rows LIMIT 3", "chance"),
        ("SELECT item FROM rows UNION SELECT item FROM rows", "UNION ALL"),
        ("SELECT item FROM rows EXCEPT SELECT item FROM rows", "LEFT JOIN"),
        ("SELECT DISTINCT ON (item) item FROM rows", "RANK"),
        ("SELECT item FROM rows, other", "CROSS JOIN"),
        ("SELECT item FROM rows JOIN other USING (rssdid)", "ON t.a = u.a"),
        ("SELECT item FROM rows NATURAL JOIN other", "ON t.a = u.a"),
        ("SELECT item FROM rows r LEFT SEMI JOIN other o ON r.rssdid = o.rssdid", "INNER, LEFT"),
        ("SELECT item FROM rows r FULL JOIN other o ON r.rssdid < o.rssdid", "filter in a subquery"),
        (
            "SELECT r.item FROM rows r JOIN other o ON r.rssdid = o.rssdid FULL JOIN other p ON r.rssdid = o.rssdid",
            "filter in a subquery",
        ),
        ("SELECT SUBSTR(item, 1, 2147483648) AS x FROM rows", "to 2147483647"),
        ("SELECT COALESCE(item) AS x FROM rows", "two values or more"),
        ("SELECT item FROM rows WHERE rssdid IN (SELECT rssdid FROM other)", "join it"),
        ("SELECT item FROM rows WHERE EXISTS (SELECT 1 FROM other)", "join it"),
        ("SELECT (SELECT MAX(name) AS m FROM other) AS x FROM rows", "put it into FROM"),
        ("SELECT item FROM (SELECT item FROM rows)", "AS name"),
        ("SELECT item FROM hub.rows", "table alone"),
        ('SELECT item FROM "rows$files"', "letters, digits"),
        ("SELECT item FROM rows FOR VERSION AS OF 3", "as it is"),
        ("SELECT item FROM rows TABLESAMPLE BERNOULLI (10)", "same rows"),
        ("SELECT x FROM UNNEST(ARRAY[1, 2]) AS t(x)", "plain columns"),
        ("SELECT * FROM TABLE(nonsense(1))", "docs/views.md"),
        ("SELECT 1 AS x", "selects from a table"),
        ("SELECT item || 'x' FROM rows", "expression AS name"),
        ("SELECT COUNT(item, value) AS x FROM rows", "docs/views.md"),
        ("SELECT SUM(DISTINCT amount) AS x FROM rows", "COUNT(DISTINCT column)"),
        ("SELECT SUM(amount) FILTER (WHERE ok) AS x FROM rows", "CASE"),
        ("SELECT SUM(amount) OVER (ORDER BY line ROWS UNBOUNDED PRECEDING) AS x FROM rows", "leave ROWS or RANGE out"),
        ("SELECT RANK() OVER (PARTITION BY item) AS x FROM rows", "ORDER BY in OVER"),
        ("SELECT item FROM rows WHERE RANK() OVER (ORDER BY line) = 1", "filter that"),
        ("SELECT item FROM rows WHERE SUM(amount) > 1", "subquery"),
        ("SELECT MAX(COUNT(*)) AS x FROM rows GROUP BY item", "subquery"),
        ("SELECT item, COUNT(*) AS n FROM rows GROUP BY 1", "group by columns"),
        ("SELECT COUNT(*) AS n FROM rows GROUP BY ROLLUP (item)", "docs/views.md"),
        ("SELECT COUNT(*) AS n FROM rows HAVING COUNT(*) > 1", "name the columns"),
        ("SELECT item FROM rows WHERE ok IS TRUE", "IS NULL"),
        ("SELECT item FROM rows WHERE item = NULL", "IS NULL"),
        ("SELECT (item AS x) AS y FROM rows", "SELECT expression AS name"),
        ("SELECT item FROM rows WHERE (item AS x) = 'a'", "SELECT expression AS name"),
        ("SELECT SUBSTR(item, 0) AS x FROM rows", "from 1"),
        ("SELECT SUBSTR(item, line) AS x FROM rows", "from 1"),
        ("SELECT 1e3 AS x FROM rows", "without exponent"),
        ("SELECT 12345678901234567890 AS x FROM rows", "18 digits"),
        ("SELECT DATE '2025-02-29' AS x FROM rows", "of the calendar"),
        ("SELECT TIMESTAMP '2025-02-28 00:00:00' AS x FROM rows", "types to cast to"),
        ("SELECT CAST(item AS char(3)) AS x FROM rows", "types to cast to"),
        ("SELECT CAST(item AS double) AS x FROM rows", "types to cast to"),
        ("SELECT CAST(item AS decimal(39, 0)) AS x FROM rows", "types to cast to"),
        ("SELECT item FROM rows WHERE item = 'a\\b'", "differently"),
        ("SELECT item FROM rows WHERE item = '${env:HOME}'", "differently"),
        ('SELECT item AS "a b" FROM rows', "letters, digits"),
        ("WITH RECURSIVE q AS (SELECT item FROM rows) SELECT item FROM q", "Spark has none"),
        ("SELECT * FROM (WITH q AS (SELECT item FROM rows) SELECT item FROM q) AS x", "beginning of the view"),
    ],
)
def test_what_the_engines_do_not_do_alike_is_refused_with_its_line_and_a_way_out(query: str, fix: str) -> None:
    text = refused(query)
    assert fix in text
    assert "trial_view.sql: line 2: " in text


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT item FROM rows WHERE item = 5", "compares varchar with int"),
        ("SELECT item FROM rows WHERE aod = '2025-12-31'", "write the date as DATE"),
        ("SELECT item FROM rows WHERE item IN ('a', 5)", "compares varchar with varchar with int"),
        ("SELECT item FROM rows WHERE CAST(sent AS timestamp(6)) = sent", "compares timestamp(6) with"),
        ("SELECT item FROM rows WHERE TRY_CAST(item AS decimal(38, 38)) > rssdid", "compares decimal(38, 38)"),
        ("SELECT item FROM rows WHERE item", "write a condition"),
        ("SELECT COALESCE(item, 5) AS x FROM rows", "mixes varchar, int"),
        ("SELECT CASE WHEN ok THEN amount ELSE 0 END AS x FROM rows", "mixes decimal(12, 2), int"),
        ("SELECT NULLIF(1, rssdid) AS x FROM rows", "makes int of bigint: CAST both values"),
        (
            "SELECT TRY_CAST(CAST(TRY_CAST(item AS bigint) AS varchar) AS bigint) AS x FROM rows",
            "TRY_CAST within TRY_CAST: compute the inner one in a WITH query",
        ),
        ("SELECT rssdid + 1 AS x FROM rows", "whole numbers can overflow"),
        ("SELECT -rssdid AS x FROM rows", "whole numbers can overflow"),
        ("SELECT amount * amount * amount * amount AS x FROM rows", "38 is the most"),
        ("SELECT SUM(rssdid) AS x FROM rows", "decimal(19, 0)"),
        ("SELECT SUM(TRY_CAST(item AS decimal(38, 6))) AS x FROM rows", "at most decimal(28, s)"),
        ("SELECT MAX(ok) AS x FROM rows", "points in time"),
        ("SELECT CAST(item AS decimal(10, 2)) AS x FROM rows", "write TRY_CAST"),
        ("SELECT CAST(amount AS decimal(10, 2)) AS x FROM rows", "write TRY_CAST"),
        ("SELECT CAST(ok AS varchar) AS x FROM rows", "read it differently"),
        ("SELECT CAST(item AS date) AS x FROM rows", "read it differently"),
        ("SELECT CAST(amount AS bigint) AS x FROM rows", "read it differently"),
        ("SELECT YEAR(sent) AS x FROM rows", "other time zones"),
        ("SELECT line || item AS x FROM rows", "CAST it to varchar"),
        ("SELECT NULL AS x, item FROM rows", "CAST(NULL AS a type)"),
        (
            "SELECT item FROM rows UNION ALL SELECT rate AS item FROM other",
            "column item is varchar, then decimal(10, 6)",
        ),
        ("SELECT 1 AS x FROM rows UNION ALL SELECT line FROM rows", "column x is int, then bigint"),
        ("SELECT item FROM rows UNION ALL SELECT name, rate FROM other", "1 and 2 columns"),
        ("SELECT itm FROM rows", "did you mean item?"),
        ("SELECT zzz FROM other", "there are: rssdid, name, rate"),
        ("SELECT x.item FROM rows", "FROM has no x; it has: rows"),
        ("SELECT x.* FROM rows", "FROM has no x; it has: rows"),
        ("SELECT rssdid FROM rows JOIN other ON rows.rssdid = other.rssdid", "column rssdid is in rows and other"),
        ("SELECT * FROM rows JOIN other ON rows.rssdid = other.rssdid", "column rssdid is there twice"),
        ("SELECT item, value AS ITEM FROM rows", "column item is there twice"),
        ("SELECT r.item FROM rows r JOIN rows r ON r.ok", "r stands twice in FROM"),
        ("SELECT a.item FROM rows a JOIN rows b ON a.line = c.line JOIN rows c ON c.ok", "FROM has no c"),
        ("SELECT item FROM row", "did you mean rows?"),
        ("SELECT item FROM nothing", "there are: other, rows"),
        ("SELECT item FROM rows_view", "a view reads tables, never a view"),
        ("SELECT item FROM q", "there are: other, rows"),
        ("WITH rows AS (SELECT name FROM other) SELECT name FROM rows", "choose another"),
        ("WITH q AS (SELECT name FROM q) SELECT name FROM q", "there is no table q"),
        ("SELECT item, COUNT(*) AS n FROM rows", "item beside GROUP BY"),
        ("SELECT item, value, COUNT(*) AS n FROM rows GROUP BY item", "value beside GROUP BY"),
        ("SELECT item, RANK() OVER (ORDER BY item) AS n FROM rows GROUP BY item", "in a query around this one"),
        ("SELECT item, ROW_NUMBER() OVER (ORDER BY line) AS n FROM rows", "at the end: item"),
        (
            "SELECT ROW_NUMBER() OVER (ORDER BY item) AS n, ROW_NUMBER() OVER (ORDER BY item DESC) AS m FROM rows",
            "two ROW_NUMBER() in one SELECT",
        ),
    ],
)
def test_names_and_types_are_looked_up(query: str, reason: str) -> None:
    text = refused(query)
    assert reason in text
    assert "trial_view.sql: line 2: " in text


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = refused("SELECT\n  LOWER(item) AS x,\n  line / 2 AS y\nFROM rows\nLIMIT 3")
    assert [line.split(": ")[1] for line in text.splitlines()] == ["line 6", "line 3", "line 4"]


def test_what_follows_from_a_problem_is_not_told_too() -> None:
    told = refused("WITH q AS (SELECT itm AS a, line FROM rows) SELECT a || 'x' AS b FROM q UNION ALL SELECT a FROM q")
    assert told == "trial_view.sql: line 2: there is no column itm: did you mean item?"


def test_texts_have_full_names_and_types_of_their_own() -> None:
    view = definition_of("SELECT R.ITEM, sent, 'x' AS Kind, SUBSTR(value, 2) AS rest FROM Rows AS r WHERE line > 1")
    assert ATHENA.text(view.query) == (
        'SELECT "r"."item" AS "item", CAST("r"."sent" AS TIMESTAMP(6)) AS "sent", CAST(\'x\' AS VARCHAR) AS "kind", '
        'CAST(SUBSTR("r"."value", 2) AS VARCHAR) AS "rest" FROM "hub"."rows" AS "r" WHERE "r"."line" > 1'
    )
    assert SPARK.text(view.query) == (
        "SELECT `r`.`item` AS `item`, CAST(`r`.`sent` AS TIMESTAMP) AS `sent`, CAST('x' AS STRING) AS `kind`, "
        "CAST(SUBSTRING(`r`.`value`, 2) AS STRING) AS `rest` FROM `hub`.`rows` AS `r` WHERE `r`.`line` > 1"
    )
    assert view.columns == {"item": "string", "sent": "timestamp", "kind": "string", "rest": "string"}
    assert view.tables == (TABLES["rows"],)


def test_a_product_is_computed_in_as_many_digits_as_it_needs() -> None:
    view = definition_of("SELECT amount * amount AS x FROM rows")
    assert view.columns == {"x": "decimal(25,4)"}
    assert ATHENA.text(view.query).startswith(
        'SELECT CAST(CAST("rows"."amount" AS DECIMAL(19, 2)) * "rows"."amount" AS DECIMAL(25, 4)) AS "x" FROM'
    )


def test_stars_are_expanded_in_the_order_of_the_tables() -> None:
    view = definition_of("SELECT o.*, r.line FROM rows r JOIN other o ON r.rssdid = o.rssdid")
    assert list(view.columns) == ["rssdid", "name", "rate", "line"]
    assert list(definition_of("WITH q AS (SELECT * FROM other) SELECT * FROM q").columns) == ["rssdid", "name", "rate"]


def test_types_are_those_that_both_engines_have() -> None:
    query = """
        SELECT amount * 2 AS product, amount + 0.001 AS total, LENGTH(item) AS length, YEAR(aod) AS year, 1 AS one,
            5000000000 AS big, CASE WHEN ok THEN 1 ELSE line END AS mixed, COALESCE(1, line) AS first,
            ok AND line > 1 AS both, TRY_CAST(value AS decimal(38, 6)) AS number
        FROM rows
    """
    assert definition_of(query).columns == {
        "product": "decimal(23,2)",
        "total": "decimal(14,3)",
        "length": "bigint",
        "year": "bigint",
        "one": "int",
        "big": "bigint",
        "mixed": "bigint",
        "first": "bigint",
        "both": "boolean",
        "number": "decimal(38,6)",
    }


def test_text_is_cast_to_a_number_by_the_grammar_of_the_contract() -> None:
    text = SPARK.text(definition_of("SELECT TRY_CAST(value AS bigint) AS n FROM rows").query)
    assert "TRY_CAST(CASE WHEN `rows`.`value` RLIKE '^(?:-?[0-9]{1,19})$' AND NOT `rows`.`value` RLIKE" in text
