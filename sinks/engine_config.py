"""The engine's configuration, for one small box: bounded memory, few threads, durable parts, no way out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

_MB: Final = 1024 * 1024

# Caches of a server with hundreds of tables; ours has a dozen. They fill up to these bounds, which count in the memory.
_CACHES: Final = {
    "mark_cache_size": 32 * _MB,
    "primary_index_cache_size": 32 * _MB,
    "index_mark_cache_size": 8 * _MB,
    "uncompressed_cache_size": 0,
    "query_condition_cache_size": 8 * _MB,
    "compiled_expression_cache_size": 16 * _MB,
}

# Merges: two at a time. Without the second three, MergeTree refuses a pool this small.
_POOL: Final = 2
_MERGE_TREE: Final = {
    "number_of_free_entries_in_pool_to_lower_max_size_of_merge": _POOL,
    "number_of_free_entries_in_pool_to_execute_mutation": _POOL,
    "number_of_free_entries_in_pool_to_execute_optimize_entire_partition": _POOL,
    # Parts below this keep all columns in one file: an insert of 50,000 rows of 25 columns costs half.
    "min_bytes_for_wide_part": 64 * _MB,
    # What was inserted is acknowledged to the log, so it must survive a power cut too (10 ms an insert).
    "fsync_after_insert": 1,
    "fsync_part_directory": 1,
    "min_rows_to_fsync_after_merge": 1,
}

# Not among them: SOURCES (file, url, remote, s3, …), users and roles, named collections, backups. Nobody here needs
# them, and what even the writer may not do, no query that slips past the other walls can.
_GRANTS: Final = (
    "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM, CHECK,"
    " dictGet ON *.*",
    "GRANT TABLE ENGINE ON *",
    "GRANT SET DEFINER ON *",
)


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What the engine as a whole may take: bytes of memory for queries, merges and caches together."""

    memory_bytes: int = 1024 * _MB

    def __post_init__(self) -> None:
        if self.memory_bytes < 128 * _MB:
            raise ValueError(f"memory_bytes must be at least 128 MB, not {self.memory_bytes}")


def write_config(path: Path, limits: EngineLimits) -> Path:
    """Writes the configuration into the data path (an existing directory) and returns the file."""
    file = path / "engine.xml"
    settings = {
        "max_server_memory_usage": limits.memory_bytes,
        "background_pool_size": _POOL,
        # What is dropped is gone: a computation's copy of the facts may hold who is to be forgotten.
        "database_atomic_delay_before_drop_table_sec": 0,
        **_CACHES,
    }
    text = (
        "<clickhouse>"
        + _elements(settings)
        + f"<merge_tree>{_elements(_MERGE_TREE)}</merge_tree>"
        + f"<users_config>{escape(str(file))}</users_config>"
        + "<profiles><default/></profiles><quotas><default/></quotas>"
        + "<users><default><password/><profile>default</profile><quota>default</quota><grants>"
        + "".join(f"<query>{grant}</query>" for grant in _GRANTS)
        + "</grants></default></users></clickhouse>\n"
    )
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, file)
    return file


def _elements(values: dict[str, int]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
