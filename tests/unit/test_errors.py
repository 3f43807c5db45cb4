"""The published table of error codes: what it says of each, row by row."""

from __future__ import annotations

import pytest

from sinks.errors import CODES, ClickHouseError, Outcome, outcome, without_values

# What was promised, apart from the table itself: who changes that changes this too, and says so in the changelog.
_PROMISED: list[tuple[int, str, Outcome]] = [
    (75, "CANNOT_WRITE_TO_FILE_DESCRIPTOR", "busy"),
    (159, "TIMEOUT_EXCEEDED", "busy"),
    (173, "CANNOT_ALLOCATE_MEMORY", "busy"),
    (198, "DNS_ERROR", "busy"),
    (201, "QUOTA_EXCEEDED", "busy"),
    (202, "TOO_MANY_SIMULTANEOUS_QUERIES", "busy"),
    (203, "NO_FREE_CONNECTION", "busy"),
    (209, "SOCKET_TIMEOUT", "busy"),
    (210, "NETWORK_ERROR", "busy"),
    (225, "NO_ZOOKEEPER", "busy"),
    (236, "ABORTED", "busy"),
    (241, "MEMORY_LIMIT_EXCEEDED", "busy"),
    (242, "TABLE_IS_READ_ONLY", "busy"),
    (243, "NOT_ENOUGH_SPACE", "busy"),
    (252, "TOO_MANY_PARTS", "busy"),
    (279, "ALL_CONNECTION_TRIES_FAILED", "busy"),
    (285, "TOO_FEW_LIVE_REPLICAS", "busy"),
    (286, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", "busy"),
    (319, "UNKNOWN_STATUS_OF_INSERT", "busy"),
    (394, "QUERY_WAS_CANCELLED", "busy"),
    (439, "CANNOT_SCHEDULE_TASK", "busy"),
    (473, "DEADLOCK_AVOIDED", "busy"),
    (574, "DISTRIBUTED_TOO_MANY_PENDING_BYTES", "busy"),
    (700, "USER_SESSION_LIMIT_EXCEEDED", "busy"),
    (733, "TABLE_IS_BEING_RESTARTED", "busy"),
    (745, "SERVER_OVERLOADED", "busy"),
    (749, "TCP_CONNECTION_LIMIT_REACHED", "busy"),
    (999, "KEEPER_EXCEPTION", "busy"),
    (1019, "QUERY_SLOT_ACQUISITION_TIMEOUT", "busy"),
    (1020, "MEMORY_RESERVATION_ACQUISITION_TIMEOUT", "busy"),
    (6, "CANNOT_PARSE_TEXT", "bad"),
    (26, "CANNOT_PARSE_QUOTED_STRING", "bad"),
    (27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", "bad"),
    (38, "CANNOT_PARSE_DATE", "bad"),
    (41, "CANNOT_PARSE_DATETIME", "bad"),
    (53, "TYPE_MISMATCH", "bad"),
    (69, "ARGUMENT_OUT_OF_BOUND", "bad"),
    (70, "CANNOT_CONVERT_TYPE", "bad"),
    (72, "CANNOT_PARSE_NUMBER", "bad"),
    (117, "INCORRECT_DATA", "bad"),
    (128, "TOO_LARGE_ARRAY_SIZE", "bad"),
    (131, "TOO_LARGE_STRING_SIZE", "bad"),
    (153, "ILLEGAL_DIVISION", "bad"),
    (190, "SIZES_OF_ARRAYS_DONT_MATCH", "bad"),
    (321, "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", "bad"),
    (349, "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", "bad"),
    (376, "CANNOT_PARSE_UUID", "bad"),
    (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", "bad"),
    (407, "DECIMAL_OVERFLOW", "bad"),
    (441, "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", "bad"),
    (467, "CANNOT_PARSE_BOOL", "bad"),
    (469, "VIOLATED_CONSTRAINT", "bad"),
    (632, "UNEXPECTED_DATA_AFTER_PARSED_VALUE", "bad"),
    (675, "CANNOT_PARSE_IPV4", "bad"),
    (676, "CANNOT_PARSE_IPV6", "bad"),
    (691, "UNKNOWN_ELEMENT_OF_ENUM", "bad"),
]
# Codes that look like one of those, and are not.
_BROKEN = [16, 36, 47, 48, 49, 50, 60, 62, 81, 115, 164, 192, 193, 194, 195, 246, 454, 497, 516, 774, 1000, 1001, 1002]


@pytest.mark.parametrize(("code", "name", "promised"), _PROMISED)
def test_a_code_has_its_name_its_outcome_and_a_reason(code: int, name: str, promised: Outcome) -> None:
    assert outcome(code) == promised
    assert CODES[code].name == name
    assert CODES[code].why


def test_the_table_holds_no_code_that_was_not_promised() -> None:
    assert sorted(CODES) == sorted(code for code, _, _ in _PROMISED)


@pytest.mark.parametrize("code", [*_BROKEN, 0, -1, 10_000])
def test_any_other_code_means_that_something_is_broken(code: int) -> None:
    assert outcome(code) == "broken"


def test_an_error_carries_clickhouses_code_name_and_message() -> None:
    error = ClickHouseError(60, "UNKNOWN_TABLE", "Table x doesn't exist")
    assert (error.code, error.name, error.message) == (60, "UNKNOWN_TABLE", "Table x doesn't exist")
    assert str(error) == "Code: 60. DB::Exception: Table x doesn't exist. (UNKNOWN_TABLE)"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Cannot parse 'Zhang San' as Int64", "Cannot parse '…' as Int64"),
        ("Could not convert 'it\\'s Zhang' with type str", "Could not convert '…' with type str"),
        ("Could not convert b'\\xff' with type bytes", "Could not convert b'…' with type bytes"),
        (
            "Constraint `k` is violated at row 1. Expression: (n != 14). Column values: a = 'Zhang', n = 14",
            "Constraint `k` is violated at row 1. Expression: (n != 14). Column values: …",
        ),
        ("column n: argument out of range", "column n: argument out of range"),
    ],
)
def test_what_an_error_quotes_of_rows_can_be_left_out(message: str, said: str) -> None:
    assert without_values(message) == said
