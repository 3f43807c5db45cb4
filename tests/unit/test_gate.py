"""The gate passes what auditors write, and nothing that writes or reaches out, however it is dressed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.gate import Refused, check, check_name, inspect
from sinks.gate_words import SETTING_FAMILIES, SETTINGS, may_set
from tests.gate_samples import ACCEPTED, REACHING_EXPRESSIONS, REACHING_TABLES, REFUSED, WRITES

# Where ClickHouse allows white space and comments, anyone may put them.
_SPACES = st.sampled_from((" ", "\n", "\t", " /* SELECT 1 */ ", " -- SELECT 1\n", "\r\n", "  "))
# (No DESCRIBE, EXISTS or FROM: WATCH and SYSTEM name tables there. tests/integration asks the engine's parser.)
_BEFORE = st.sampled_from((
    "", " ", "(", "EXPLAIN ", "EXPLAIN AST ", "EXPLAIN SYNTAX ", "EXPLAIN PLAN actions = 1 ", "SELECT 1; ",
    "SELECT 1;;", "/* SELECT */ ", "-- SELECT 1\n", "SELECT 1 UNION ALL ", "WITH x AS (SELECT 1) ", "'SELECT 1' ",
    "$$SELECT 1$$ ",
))  # fmt: skip
_AFTER = st.sampled_from(
    ("", ";", ")", " FORMAT JSON", " SETTINGS max_threads = 1", "; SELECT 1", ") SELECT 1", " -- ")
)
_FRAMES = st.sampled_from((
    "SELECT {}", "SELECT 1 FROM t WHERE {} = 1", "SELECT (SELECT {})", "WITH {} AS x SELECT x",
    "WITH a AS (SELECT {} AS x) SELECT x FROM a", "SELECT * FROM (SELECT {} AS x)", "SELECT x FROM t ORDER BY {}",
    "SELECT x FROM t GROUP BY {} AS g", "SELECT x FROM t LIMIT 1 BY {} LIMIT 5", "SELECT x FROM t HAVING {} = 'x'",
    "SELECT sum(1) OVER (PARTITION BY {}) FROM t", "SELECT 1 UNION ALL SELECT {}", "SELECT if(1, {}, 2)",
    "SELECT [{}][1]", "SELECT ({}, 1).1", "SELECT map('a', {})", "SELECT CASE WHEN {} = '' THEN 1 END",
    "SELECT * FROM a JOIN b ON a.x = {}", "SELECT x FROM t ARRAY JOIN [{}] AS y", "SELECT * REPLACE ({} AS x) FROM t",
    "SELECT arrayMap(x -> {}, [1])", "SELECT x FROM t PREWHERE {} = 1", "EXPLAIN SELECT {}", "DESC (SELECT {} AS x)",
    "SELECT * FROM view(SELECT {})", "SELECT x FROM t QUALIFY {} = 1", "SELECT '\\'', {}", "SELECT 'a''', {}",
    "SELECT x FROM t ORDER BY x WITH FILL FROM {}", "SELECT * FROM numbers({})", "SELECT quantile(0.5)({})",
))  # fmt: skip
_FROMS = st.sampled_from((
    "SELECT * FROM {}", "SELECT * FROM {} AS x", "SELECT * FROM a, {}", "SELECT * FROM a JOIN {} ON 1",
    "FROM {} SELECT *",
    "SELECT 1 UNION ALL SELECT * FROM {}", "WITH x AS (SELECT * FROM {}) SELECT * FROM x", "SELECT (SELECT 1 FROM {})",
    "SELECT * FROM a WHERE x IN (SELECT * FROM {})", "SELECT * FROM view(SELECT * FROM {})", "DESCRIBE {}",
    "DESCRIBE TABLE {}", "EXPLAIN SELECT * FROM {}", "SELECT * FROM (SELECT * FROM {}) FINAL",
    "SELECT * FROM {} SAMPLE 0.1",
    "SELECT * FROM a GLOBAL ANY LEFT JOIN {} USING x", "SELECT * FROM a ASOF JOIN {} ON a.x = b.x AND a.t > b.t",
))  # fmt: skip


@pytest.mark.parametrize("sql", ACCEPTED)
def test_what_auditors_write_passes(sql: str) -> None:
    check(sql)


_COLUMNS = (
    "case", "comment", "day", "due", "data", "finding", "flags", "id", "kind", "level", "live", "measure", "number",
    "offset", "partition", "path", "points", "raw", "reason", "round", "services", "source", "start", "state", "street",
    "tags", "time", "topic", "type", "value", "version", "window",
)  # fmt: skip
_USES = (
    "SELECT a, {} FROM t", "SELECT t.{} AS x FROM t", "SELECT {}, count() FROM t GROUP BY {} ORDER BY {}",
    "SELECT a FROM t WHERE {} = 1 ORDER BY a, {} DESC LIMIT 1 BY {} LIMIT 5 OFFSET 2",
    "SELECT rank() OVER (PARTITION BY {} ORDER BY {}) FROM t", "SELECT sum({}), f(a, {}), {} + 1, [{}], ({}, 1) FROM t",
    "SELECT a FROM t JOIN u USING ({})", "SELECT a FROM t JOIN u ON t.{} = u.{} AND a.t >= u.t",
    "SELECT a FROM t WHERE {} IN (1, 2) AND {} IS NOT NULL GROUP BY {} HAVING {} > 1", "SELECT DISTINCT {} FROM t",
)  # fmt: skip


@pytest.mark.parametrize("column", _COLUMNS)
def test_columns_of_the_contract_are_columns_also_where_their_names_are_keywords(column: str) -> None:
    for use in _USES:
        check(use.replace("{}", column))
    check(f"SELECT lag({column}) OVER w FROM t WINDOW w AS (PARTITION BY {column} ORDER BY a)")


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_what_writes_or_reaches_out_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        check(sql)


@given(_BEFORE, st.sampled_from(WRITES), _AFTER, _SPACES, st.booleans())
def test_nothing_that_writes_passes_whatever_stands_around_it(
    before: str, write: str, after: str, space: str, lower: bool
) -> None:
    with pytest.raises(Refused):
        check(before + (write.lower() if lower else write).replace(" ", space) + after)


@given(_FRAMES, st.sampled_from(REACHING_EXPRESSIONS), st.sampled_from(("", "\n", "/*'*/", "-- '\n")))
def test_no_expression_that_reaches_out_passes_wherever_it_stands(frame: str, expression: str, before: str) -> None:
    with pytest.raises(Refused):
        check(before + frame.replace("{}", expression))


@given(_FROMS, st.sampled_from(REACHING_TABLES))
def test_no_table_that_reaches_out_passes_wherever_it_stands(frame: str, table: str) -> None:
    with pytest.raises(Refused):
        check(frame.replace("{}", table))


@given(st.text(max_size=200))
def test_any_text_is_passed_or_refused_and_nothing_else_happens(text: str) -> None:
    with contextlib.suppress(Refused):
        check(text)


@pytest.mark.parametrize(
    "sql", ["SELECT file FROM t", "SELECT 'file(1); DROP TABLE t'", "SELECT * FROM t WHERE a = 'INTO OUTFILE'"]
)
def test_texts_are_no_calls(sql: str) -> None:
    if sql == "SELECT file FROM t":
        with pytest.raises(Refused):  # could be the function, passed by its name
            check(sql)
    else:
        check(sql)


def test_a_statement_says_its_format_and_settings() -> None:
    found = inspect("SELECT 1 SETTINGS max_threads = 2, session_timezone = 'UTC', final FORMAT JSONEachRow")
    assert found.format == "JSONEachRow"
    assert found.settings == {"max_threads": "2", "session_timezone": "UTC", "final": "1"}
    assert inspect("SELECT format('{}', 'FORMAT JSON')").format == ""
    assert inspect("SHOW TABLES FORMAT TSV").format == "TSV"
    assert inspect("SELECT settings AS s FROM t WHERE settings = 1").settings == {}


def test_names_that_parameters_give_are_told_and_checked() -> None:
    assert inspect("SELECT {a:Int8} FROM {b:Identifier}.{c:Identifier}").identifiers == {"b", "c"}
    check_name("ratings")
    for name in ("default", "Default", "system.stack_trace", "`stack_trace`", "file"):
        with pytest.raises(Refused):
            check_name(name)


def test_a_refusal_tells_the_writer_what_it_was() -> None:
    with pytest.raises(Refused, match="url"):
        check("SELECT * FROM url('http://x', 'CSV')")
    with pytest.raises(Refused, match="one statement"):
        check("SELECT 1; SELECT 2")
    with pytest.raises(Refused, match="readonly"):
        check("SELECT 1 SETTINGS readonly = 0")
    with pytest.raises(Refused, match="only SELECT"):
        check("DROP TABLE facts")


def test_no_setting_that_names_a_file_an_address_or_an_expression_can_be_changed() -> None:
    assert not [name for name in SETTINGS for word in ("path", "url", "schema", "filter", "readonly") if word in name]
    assert not may_set("output_format_schema")
    assert not may_set("format_template_row")
    assert all(family.startswith("output_format_") for family in SETTING_FAMILIES)
