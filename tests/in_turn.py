"""`python -m tests.in_turn`: commands of pingliu in turn, in one process, since starting one takes longer than most do.

Their arguments come in as JSON, and what each printed goes out as JSON. All must succeed.
"""

from __future__ import annotations

import json
import sys

from click.testing import CliRunner

from deploy.cli import cli


def main() -> None:
    said = []
    for arguments in json.load(sys.stdin):
        result = CliRunner().invoke(cli, arguments)
        if result.exit_code:
            sys.exit(f"{arguments}: {result.output}{result.exception!r}")
        said.append(result.stdout)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
