"""The gateway's HTTP interface, by its own description: schemathesis makes requests of it, right and wrong ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.security.door import WINDOW, Door

_EVERY = "--checks=all"
# Right by the schema, and refused all the same: what isn't the device's to say, or is of tomorrow. And the other way
# round: of a batch the events that are right are taken.
_BUT = "positive_data_acceptance,negative_data_rejection"
# As many wrong credentials as it likes to try.
_ENVIRON = {"PINGLIU_GATEWAY_PEER_FAILURES": "1000000"}


def fuzz(root: Path, *how_long: str) -> tuple[bool, str]:
    """Whether the gateway kept to its description, and all that was said. `how_long`: options of schemathesis."""
    door = Door(root / "d", _ENVIRON)
    token = door.add("DG-00042", "--window", WINDOW)
    endpoint = door.open()
    program = Path(sys.executable).with_name("schemathesis")
    where = f"http://{endpoint.host}:{endpoint.port}/v1/openapi.json"
    options = ("--phases", "fuzzing", "--header", f"Authorization: Bearer {token}", _EVERY, "--exclude-checks", _BUT)
    # It leaves what it learns in the folder where it is.
    done = subprocess.run([program, "run", where, *options, *how_long], capture_output=True, text=True, cwd=root)
    said = done.stdout + done.stderr
    ended = door.close()
    said += door.said()
    return (done.returncode, ended) == (0, 0) and "Traceback" not in door.said(), said
