"""The gate in front of readers' SQL: one statement that reads, and reads nothing but this database. It fails closed.

1. The text becomes tokens; outside strings and comments no refused word or call may stand (sinks.gate_words).
2. Settings must be of the allowed ones.
3. A query must be understood by sqlglot as exactly one SELECT, with no other kind of statement anywhere in it, and
   only allowed table functions in FROM. SHOW, EXISTS, DESCRIBE and EXPLAIN have small grammars of their own here.

sqlglot and ClickHouse read some texts differently, so give it what the engine's own parser made of the text
(Engine.normal_form), and run that. The gate is the first of several walls: the engine's parser must call the statement
read-only, the session is readonly=1, and the engine has no grant for files, addresses or other servers.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Final

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.errors import SqlglotError

from sinks.gate_tokens import Tokens, is_word, simplified, spelled, words
from sinks.gate_words import EXISTS, EXPLAIN, SHOW, TABLE_FUNCTIONS, may_set, never, no_call

# ClickHouse's own max_query_size.
_LONGEST: Final = 262_144
_COMMANDS: Final = ClickHouse.Tokenizer.COMMANDS
_FIRST: Final = ("select", "with", "from", "(", "exists", "describe", "desc")
_ONLY: Final = "only SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN are served here"
_NO_PLACE: Final = (
    exp.Command, exp.DDL, exp.DML, exp.Alter, exp.Drop, exp.Set, exp.Use, exp.Into, exp.Grant, exp.Revoke, exp.Kill,
    exp.Transaction, exp.Commit, exp.Rollback, exp.Copy, exp.Describe, exp.Show, exp.Pragma, exp.TruncateTable,
)  # fmt: skip

# It warns of statements that it can't parse, into our log; we refuse those.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Refused(Exception):  # noqa: N818 - it says what happened to the statement
    """The statement isn't served; the message says why, to the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a passed statement asks for beside its rows: the format's name, or "", settings by name, and the parameters
    that will be names of tables or databases, whose values `check_name` has to pass."""

    format: str
    settings: dict[str, str] = field(default_factory=dict)
    identifiers: frozenset[str] = frozenset()


def check(sql: str) -> None:
    """Passes one statement that reads this database. Raises Refused."""
    inspect(sql)


def check_name(name: str) -> None:
    """Passes what a parameter of type Identifier may be. Raises Refused."""
    if any(never(word) or word == "default" for word in re.split(r"\W+", name.lower())):
        raise Refused(f"{name!r} isn't served here")


def inspect(sql: str) -> Statement:
    """As `check`, and says what the statement asks for beside its rows. Raises Refused."""
    if len(sql) > _LONGEST:
        raise Refused(f"the statement is longer than {_LONGEST} characters")
    tokens = _tokens(sql)
    first = next(iter(words(tokens[0])), tokens[0].text)
    if first in ("show", "explain"):
        # sqlglot takes what follows these words for one text.
        tokens = _tokens(sql[tokens[0].end + 1 :])
    elif first not in _FIRST:
        raise Refused(_ONLY)
    _scan(tokens)
    statement = Statement(_format(tokens), _settings(tokens), _identifiers(tokens))
    match first:
        case "show":
            _check_whole(SHOW, tokens)
        case "explain":
            _check_explain(tokens)
        case "exists":
            _check_whole(EXISTS, tokens)
        case "describe" | "desc":
            _check_describe(tokens)
        case _:
            _check_query(tokens)
    return statement


def _tokens(sql: str) -> list[Token]:
    try:
        tokens = list(ClickHouse().tokenize(sql))
    except SqlglotError as error:
        raise Refused(f"not understood: {error}") from None
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise Refused("no statement")
    if any(token.token_type is TokenType.SEMICOLON for token in tokens):
        raise Refused("one statement at a time")
    return tokens


def _scan(tokens: Tokens) -> None:
    """Step 1: refused words and calls, wherever they stand."""
    for index, token in enumerate(tokens):
        if index and token.token_type is TokenType.STRING and tokens[index - 1].token_type in _COMMANDS:
            raise Refused(f"not understood near {tokens[index - 1].text}")
        for word in words(token):
            if never(word):
                raise Refused(f"{word} isn't served here")
            if is_word(tokens, index + 1, "(") and no_call(word):
                raise Refused(f"{word}() isn't served here")
            # chdb's database of this name is the file system.
            if word == "default" and is_word(tokens, index + 1, "."):
                raise Refused("database default isn't served here")
            if word == "identifier" and is_word(tokens, index - 1, ":") and not _names_table(tokens, index):
                raise Refused("a parameter of type Identifier can only be a table's name")


def _identifiers(tokens: Tokens) -> frozenset[str]:
    types = [index for index in range(2, len(tokens)) if is_word(tokens, index, "identifier")]
    return frozenset(str(tokens[index - 2].text) for index in types if is_word(tokens, index - 1, ":"))


def _names_table(tokens: Tokens, index: int) -> bool:
    """Whether `{name:Identifier}`, seen at its type, stands right after FROM or JOIN, or qualifies what does."""
    before = index - 4
    if is_word(tokens, before, ".") and is_word(tokens, before - 1, "}"):
        before -= 6
    elif is_word(tokens, before, "."):
        before -= 2
    return is_word(tokens, before, "from", "join") and is_word(tokens, index - 3, "{")


def _settings(tokens: Tokens) -> dict[str, str]:
    """Step 2: the settings of all SETTINGS clauses; each `name`, `name = value` or a list of these."""
    found: dict[str, str] = {}
    for start, token in enumerate(tokens):
        if token.token_type is not TokenType.SETTINGS or not _begins_settings(tokens, start + 1):
            continue
        index = start + 1
        while True:
            names = words(tokens[index]) if index < len(tokens) else []
            if len(names) != 1:
                raise Refused("a setting is a name, =, and a number or a text")
            if not may_set(names[0]):
                raise Refused(f"setting {names[0]} can't be changed here")
            value, index = _value(tokens, index + 1)
            found[names[0]] = value
            if not is_word(tokens, index, ","):
                break
            index += 1
    return found


def _begins_settings(tokens: Tokens, index: int) -> bool:
    """Whether a clause goes on here, and SETTINGS isn't the name of a column or an alias."""
    if index >= len(tokens) or not words(tokens[index]):
        return False
    return is_word(tokens, index + 1, "=", ",") or tokens[index].token_type in (TokenType.VAR, TokenType.IDENTIFIER)


def _value(tokens: Tokens, index: int) -> tuple[str, int]:
    if not is_word(tokens, index, "="):
        return "1", index
    sign = "-" if is_word(tokens, index + 1, "-") else ""
    index += 1 + len(sign)
    if index < len(tokens):
        token = tokens[index]
        if token.token_type in (TokenType.NUMBER, TokenType.TRUE, TokenType.FALSE) or (
            token.token_type is TokenType.STRING and not sign
        ):
            return sign + token.text, index + 1
    raise Refused("a setting's value is a number or a text")


def _format(tokens: Tokens) -> str:
    """The name after FORMAT, which only SETTINGS may follow."""
    for index in range(len(tokens) - 2, -1, -1):
        last = index + 2 == len(tokens) or tokens[index + 2].token_type is TokenType.SETTINGS
        if last and tokens[index].token_type is TokenType.FORMAT and len(words(tokens[index + 1])) == 1:
            return str(tokens[index + 1].text)
    return ""


def _check_query(tokens: Tokens) -> None:
    """Step 3."""
    tokens = simplified(tokens)
    try:
        trees = ClickHouse().parser().parse(list(tokens), "")
    except SqlglotError as error:
        raise Refused(f"not understood: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise Refused("nested too deeply") from None
    except (LookupError, ValueError, TypeError, AttributeError):
        # Slips of the library's own, over what is no SQL, such as a map() of one value: not read, so not served.
        raise Refused("not understood") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise Refused(_ONLY)
    for node in tree.walk():
        if isinstance(node, _NO_PLACE) or node.args.get("into"):
            raise Refused(_ONLY)
        if isinstance(node, exp.Table):
            _check_table(node)


def _check_table(table: exp.Table) -> None:
    function = table.this
    if not isinstance(function, exp.Func):
        alias = table.args.get("alias")
        if alias and alias.args.get("columns") and not alias.this:  # how a function with a keyword's name is read
            raise Refused(f"table function {table.name}() isn't served here")
        return
    name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
    if name.lower() in TABLE_FUNCTIONS and not table.db:
        return
    # A view with parameters: of a database, and every argument named. No function of the engine's is called like that.
    qualified = bool(table.db) or "." in name
    if not qualified or not all(
        isinstance(argument, exp.EQ) for argument in function.args.get("expressions") or [None]
    ):
        raise Refused(f"table function {name}() isn't served here")


def _check_describe(tokens: Tokens) -> None:
    rest = tokens[2:] if is_word(tokens, 1, "table") and len(tokens) > 2 else tokens[1:]
    _check_query([*_tokens("SELECT * FROM"), *rest])


def _check_explain(tokens: Tokens) -> None:
    for kind in EXPLAIN:
        if all(is_word(tokens, index, word) for index, word in enumerate(kind)):
            index = len(kind)
            break
    while index + 2 < len(tokens) and words(tokens[index]) and is_word(tokens, index + 1, "="):
        _, index = _value(tokens, index + 1)
        index += is_word(tokens, index, ",")
    if not is_word(tokens, index, "select", "with", "("):
        raise Refused("EXPLAIN is served of a SELECT only")
    _check_query(tokens[index:])


def _check_whole(pattern: re.Pattern[str], tokens: Tokens) -> None:
    if pattern.fullmatch(spelled(tokens)) is None:
        raise Refused("of SHOW and EXISTS the usual forms are served, without WHERE; ask system.tables and its like")
