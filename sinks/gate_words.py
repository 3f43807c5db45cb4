"""The gate's lists. What isn't listed as allowed where a list of allowed words applies is refused."""

from __future__ import annotations

import re
from typing import Final

# Functions in FROM that make rows of nothing. Lower case, as are all lists here.
TABLE_FUNCTIONS: Final = frozenset({
    "numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateseries", "generate_series", "values",
    "sqlstandardvalues", "view", "null",
})  # fmt: skip

# Words that never stand for anything else here: a function that reads files or calls out can be passed by its bare
# name too (`arrayMap(file, …)`, `APPLY file`). Engine-wide grants and readonly=1 don't stop these. (stack_trace, a
# table of system, sends signals to every thread of this process.)
NEVER: Final = re.compile(
    r"file|outfile|infile|catboostevaluate|getclienthttpheader|stack_trace"
    r"|ai(?:classify|embed|extract|filter|generate|redact|similarity|translate)\w*"
)

# Names that may be columns, but not calls: table functions that reach out of the database, wherever they stand
# (`x IN url(…)` calls one outside FROM). The lake and cloud ones come in families.
CALLS: Final = re.compile(
    r"url|urlcluster|executable|input|jdbc|odbc|sqlite|mysql|postgresql|mongodb|redis|python|eval|filesystem|loop|merge"
    r"|fuzz\w+|viewexplain|viewifpermitted|arrowstream|bigquery|ytsaurus|cosn|gcs|oss|mergetree\w+"
    r"|prometheusquery\w*|timeseries(?:data|tags|metrics|samples|selector|metricfamilies)"
    r"|(?:s3|azure|hdfs|iceberg|deltalake|hudi|paimon|remote|cluster|file)\w*"
)

# Settings that a reader may change: they choose how results look, or take less than the limits. None of them names a
# file, an address or an expression (as format_schema, format_template_row and additional_table_filters do).
SETTINGS: Final = frozenset({
    "max_threads", "max_block_size", "max_execution_time", "timeout_overflow_mode", "max_memory_usage",
    "max_result_rows", "max_result_bytes", "result_overflow_mode", "max_rows_to_read", "max_bytes_to_read",
    "read_overflow_mode", "max_rows_to_group_by", "group_by_overflow_mode", "max_rows_to_sort", "sort_overflow_mode",
    "max_rows_in_set", "max_rows_in_join", "max_bytes_before_external_group_by", "max_bytes_before_external_sort",
    "final", "do_not_merge_across_partitions_select_final", "optimize_move_to_prewhere", "join_use_nulls",
    "join_algorithm", "any_join_distinct_right_table_keys", "joined_subquery_requires_alias", "transform_null_in",
    "union_default_mode", "intersect_default_mode", "except_default_mode", "group_by_use_nulls", "totals_mode",
    "aggregate_functions_null_for_empty", "count_distinct_implementation", "prefer_column_name_to_alias", "extremes",
    "cast_keep_nullable", "cast_string_to_dynamic_use_inference", "low_cardinality_allow_in_native_format",
    "session_timezone", "date_time_output_format", "date_time_input_format", "format_csv_delimiter",
    "format_csv_null_representation", "format_tsv_null_representation", "output_format_write_statistics",
    "output_format_decimal_trailing_zeros", "output_format_compression_level", "output_format_parallel_formatting",
    "output_format_float_precision",
})  # fmt: skip
_FAMILIES: Final = (
    "json", "csv", "tsv", "pretty", "arrow", "parquet", "orc", "native", "binary", "values", "xml", "markdown",
    "msgpack", "sql_insert", "bson", "avro",
)  # fmt: skip
SETTING_FAMILIES: Final = tuple(f"output_format_{family}_" for family in _FAMILIES)

# Whole statements beside SELECT, as `gate_tokens.spelled` puts them: words in lower case, ' for a text, 9 for a number.
_NAME: Final = r"\w+(?: \. \w+)?"
_VALUE: Final = r"(?:'|(?:- )?9|true|false)"
_END: Final = rf"(?: format \w+)?(?: settings \w+ = {_VALUE}(?: , \w+ = {_VALUE})*)?(?: format \w+)?"
SHOW: Final = re.compile(
    rf"(?:create (?:table |view |dictionary |database )?{_NAME}|processlist|engines|setting \w+"
    r"|(?:full |extended |changed |temporary )*"
    r"(?:tables|databases|columns|fields|dictionaries|functions|settings|indexes|index|indices|keys)"
    rf"(?: (?:from|in) {_NAME}){{0,2}}(?:(?: not)? i?like ')?(?: limit 9)?){_END}"
)
EXISTS: Final = re.compile(rf"exists (?:temporary )?(?:table |view |dictionary |database )?{_NAME}{_END}")
# What EXPLAIN may explain a SELECT as.
EXPLAIN: Final = (("ast",), ("syntax",), ("query", "tree"), ("plan",), ("pipeline",), ("estimate",), ())


def may_set(name: str) -> bool:
    """Whether a reader may change this setting."""
    return name in SETTINGS or name.startswith(SETTING_FAMILIES)


def never(word: str) -> bool:
    """Whether a word is refused wherever it stands outside a string."""
    return NEVER.fullmatch(word) is not None


def no_call(word: str) -> bool:
    """Whether a word is refused as the name of a function."""
    return CALLS.fullmatch(word) is not None
