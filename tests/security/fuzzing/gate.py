"""The gate in front of readers' SQL: it says Refused or passes, and passes nothing that writes or reaches out.

What it passed is read once more by a scanner of quotes and comments that shares nothing with sqlglot.
"""

from __future__ import annotations

import re

from sinks.gate import Refused, inspect
from tests.gate_samples import ACCEPTED, REFUSED

_LONGEST = 4_000
SEEDS = [sql.encode() for sql in (*ACCEPTED, *REFUSED) if len(sql) < _LONGEST]
WORDS = [
    *(b"SELECT ", b" FROM ", b" WHERE ", b" UNION ALL ", b" SETTINGS ", b" FORMAT ", b"INTO OUTFILE ", b"EXPLAIN "),
    *(b"file(", b"url(", b"remote(", b"INSERT INTO ", b"DROP TABLE ", b"readonly=0", b"default.", b"system.", b"--"),
    *(b"/*", b"*/", b"'", b"''", b"\\'", b"`", b'"', b";", b"$$", b"{x:Identifier}", b"(", b")", b"\x00", b"\xc2\xa0"),
]  # fmt: skip
# As sqlglot has it; ClickHouse takes some of the texts that # begins for no comment. In what its own parser made of a
# statement, which is what the gate is given, there are no comments.
_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`|(?:--|\#)[^\n]*|/\*.*?\*/""", re.DOTALL
)
_BLANKS = str.maketrans("\t\n\r", "   ")
_FIRST = frozenset({"select", "with", "from", "exists", "describe", "desc", "show", "explain"})
_REACHING = re.compile(r"\b(?:file|url|s3|remote|remotesecure|mysql|postgresql|executable|cluster|jdbc|odbc)\s*\(")


def check(data: bytes) -> None:
    """G18, for the gate alone: the engine's own walls stand behind it."""
    sql = data.decode("utf-8", "replace")
    try:
        inspect(sql)
    except Refused:
        return
    bare = _QUOTED.sub(" ", sql).lower()
    if not bare.isascii() or not bare.translate(_BLANKS).isprintable():
        # sqlglot takes these for letters; the engine's parser, which comes first, takes none outside quotes.
        return
    first = re.findall(r"\w+", bare)
    assert first, sql
    assert first[0] in _FIRST or bare.lstrip().startswith("("), sql
    assert ";" not in bare.rstrip().rstrip("; \t\n\r\f\v"), sql
    assert not _REACHING.search(bare), sql
    assert not re.search(r"\binto\s+outfile\b", bare), sql
