"""Statements as tokens of sqlglot's: what the gate asks of them, and how it spares sqlglot what it can't read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlglot import Token, TokenType

_WORD: Final = re.compile(r"[a-z_]\w*", re.ASCII)
_CLAUSES: Final = (
    TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.SETTINGS, TokenType.FORMAT,
    TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.WINDOW, TokenType.QUALIFY,
)  # fmt: skip

Tokens = Sequence[Token]


def words(token: Token) -> list[str]:
    """What a token says in lower case; nothing for texts and numbers. Some keywords are of several words."""
    if token.token_type is TokenType.IDENTIFIER:
        return [token.text.lower()]
    if token.token_type.name.endswith("STRING"):
        return []
    return [word for word in token.text.lower().split() if _WORD.fullmatch(word)]


def is_word(tokens: Tokens, index: int, *texts: str) -> bool:
    """Whether the token at an index, which may be out of range, is one of these words or signs, not quoted."""
    return 0 <= index < len(tokens) and not _is_text(tokens[index]) and tokens[index].text.lower() in texts


def spelled(tokens: Tokens) -> str:
    """The tokens with a space between: words in lower case, ' for a text, 9 for a number."""
    return " ".join(_spelling(token) for token in tokens)


def _spelling(token: Token) -> str:
    if token.token_type is TokenType.NUMBER:
        return "9"
    if token.token_type is TokenType.IDENTIFIER:
        return "quoted"
    return "'" if _is_text(token) else token.text.lower()


def _is_text(token: Token) -> bool:
    return token.token_type is TokenType.IDENTIFIER or token.token_type.name.endswith("STRING")


def simplified(tokens: Tokens) -> list[Token]:
    """Without what sqlglot can't read and holds nothing to check that step 1 hasn't: `LIMIT 10` after LIMIT BY,
    `AS name` in GROUP BY, `APPLY name`, `COLLATE 'zh'`. Columns named like keywords become plain names."""
    tokens = _named(tokens)
    kept: list[Token] = []
    depth = 0
    grouping: list[int] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        kind = token.token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if kind is TokenType.GROUP_BY:
            grouping.append(depth)
        elif grouping and (depth < grouping[-1] or (depth == grouping[-1] and kind in _CLAUSES)):
            grouping.pop()
        skipped = _limit(tokens, index) or _apply(tokens, index) or _collate(tokens, index)
        if not skipped and kind is TokenType.ALIAS and grouping and depth == grouping[-1]:
            skipped = 2
        if not skipped:
            kept.append(token)
        index += skipped or 1
    return kept


def _named(tokens: Tokens) -> list[Token]:
    """With `window`, `offset` and `case`, which are columns of ours, as names where they are no keywords."""
    when = any(is_word(tokens, index, "when") for index in range(len(tokens)))
    named = []
    for index, token in enumerate(tokens):
        match token.token_type:
            case TokenType.WINDOW:
                clause = is_word(tokens, index + 2, "as") and is_word(tokens, index + 3, "(")
            case TokenType.OFFSET:
                clause = _number(tokens, index + 1) != 0
            case TokenType.CASE:
                clause = when
            case _:
                clause = True
        named.append(token if clause else Token.identifier(token.text))
    return named


def _limit(tokens: Tokens, index: int) -> int:
    """How many tokens of `LIMIT n[, n] [OFFSET n] [WITH TIES]` stand here: 0 if it is another limit or has a BY."""
    if tokens[index].token_type is not TokenType.LIMIT:
        return 0
    end = _number(tokens, index + 1)
    if end and is_word(tokens, end, ",", "offset"):
        end = _number(tokens, end + 1)
    if not end or is_word(tokens, end, "by"):
        return 0
    if is_word(tokens, end, "with") and is_word(tokens, end + 1, "ties"):
        end += 2
    at_end = end == len(tokens) or is_word(tokens, end, ")") or tokens[end].token_type in _CLAUSES
    return end - index if at_end else 0


def _number(tokens: Tokens, index: int) -> int:
    """The index after a number or a parameter, 0 if there is none."""
    if index < len(tokens) and tokens[index].token_type is TokenType.NUMBER:
        return index + 1
    return index + 5 if is_word(tokens, index, "{") and is_word(tokens, index + 4, "}") else 0


def _apply(tokens: Tokens, index: int) -> int:
    """How many tokens of `APPLY name` or `APPLY(name)` stand here."""
    if not is_word(tokens, index, "apply") or index == 0:
        return 0
    if is_word(tokens, index + 1, "(") and is_word(tokens, index + 3, ")") and words(tokens[index + 2]):
        return 4
    return 2 if index + 1 < len(tokens) and tokens[index + 1].token_type is TokenType.VAR else 0


def _collate(tokens: Tokens, index: int) -> int:
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    return 2 if is_word(tokens, index, "collate") and after and after.token_type is TokenType.STRING else 0
