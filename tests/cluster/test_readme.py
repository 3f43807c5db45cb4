"""The words of README for several machines, as they stand there, and then a rating written by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from deploy.folder import Folder
from deploy.local.packages import kcat
from streams.topics import EVENTS
from tests.box import Box, await_that, write_simulated
from tests.examples import event
from tests.servers import need
from tests.stage import Stage

_README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_by_readme_s_words_a_rating_written_by_hand_reaches_the_server_and_the_engine(
    stage: Stage, tmp_path: Path
) -> None:
    need(stage.kafka.start)
    need(stage.clickhouse.start)
    write_simulated(tmp_path / "a.ndjson", days=1, scale=0.05)
    section = _README.partition("## Several machines")[2]
    words = re.findall(r"```\n(.*?)```", section, re.DOTALL)[0]
    # The local stack has ports of its own here, and nobody's home is touched; all else is as it stands.
    words = words.replace("127.0.0.1:9092", stage.kafka.address).replace("127.0.0.1:9000", stage.clickhouse.address)
    words = words.replace(".venv/bin/pingliu", f"{sys.executable} -m deploy")
    script = f"set -e\nexport PINGLIU_SECRET={stage.secret}\n{words}\necho PIDS $(jobs -p)\n"
    # Into a file: a pipe would be held open by what goes on in the background.
    with (tmp_path / "output").open("wb") as output:
        started = subprocess.run(["bash", "-c", script], cwd=tmp_path, stdout=output, stderr=output, check=False)
    said = (tmp_path / "output").read_text(errors="replace")
    pids = [int(pid) for pid in said.partition("PIDS ")[2].partition("\n")[0].split()]
    try:
        assert started.returncode == 0, said
        assert len(pids) == 5
        message = json.dumps(event("rating.submitted", id="by-hand", rating="R-by-hand"), separators=(",", ":"))
        kafka = ("-b", stage.kafka.address, "-t", EVENTS)
        subprocess.run([str(need(kcat)), "-P", "-K", "|", *kafka], input=f"530102001|{message}\n".encode(), check=True)
        engine = Box(tmp_path / "engine")
        found = "SELECT count() AS n FROM {} WHERE rating = 'R-by-hand'"
        await_that(lambda: engine.rows(found.format("ratings")) == [{"n": 1}], "it is in `ratings` of the engine")
        await_that(lambda: stage.ask(found.format("pingliu.event_log")) == [(1,)], "it is in the table on the server")
        assert Folder(engine.root).endpoint() is not None
    finally:
        subprocess.run(["kill", *map(str, pids)], check=False)
        for pid in pids:
            await_that(lambda: not Path(f"/proc/{pid}").exists(), f"{pid} has ended")  # noqa: B023
