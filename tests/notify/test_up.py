"""`pingliu up` with webhooks: a bad rating is told to people as it happens; `notify preview` shows the same."""

from __future__ import annotations

import json
import signal
import time
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner

from deploy.cli import cli
from deploy.folder import Folder
from schemas.moments import SHANGHAI
from streams.routing import entry_of
from streams.transport.log import Log
from tests.box import Box, await_that
from tests.examples import event
from tests.notify.robot import KEY, serving

_SAID = "华山街道便民服务中心3号综合窗口收到差评（R-1），"
_PHONE = "13800000000"


def test_a_bad_rating_is_told_as_it_happens_by_name_and_without_a_person(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.toml"
    with serving() as robots:
        file.write_text(f'[[target]]\nname = "wecom-a"\nformat = "wecom"\nurl = "{robots.url("wecom-a")}"\n')
        file.chmod(0o600)
        box = Box(tmp_path / "data")
        process = box.start("up", "--port", "0", "--gateway-port", "0", "--no-board", "--webhooks", str(file))
        try:
            await_that(lambda: Folder(box.root).endpoint() is not None or process.poll() is not None, "it is up")
            assert process.poll() is None, process.communicate()
            now = datetime.now(SHANGHAI).isoformat(timespec="seconds")
            rating = event("rating.submitted", time=now, rater=_PHONE, comment=f"致电{_PHONE}")
            with Log(box.root / "log.db") as log:
                await_that(lambda: log.partitions("pingliu.events") is not None, "there are topics")
                partitions = log.partitions("pingliu.events") or 0
                log.append([entry_of(json.dumps(rating).encode(), partitions, time.time_ns() // 1_000_000)])
            await_that(
                lambda: any(_SAID in text for text in robots.texts("wecom-a")) or process.poll() is not None,
                "people are told",
            )
        finally:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
        assert robots.texts("wecom-a")
        told = "".join(robots.texts("wecom-a"))
    assert _PHONE not in told
    logs = "".join(path.read_text(errors="replace") for path in Folder(box.root).run.glob("*.log"))
    assert "tells wecom-a (wecom)" in logs
    assert KEY not in logs + output.decode() + errors.decode()
    # What would be told, without a network.
    previewed = CliRunner().invoke(cli, ["notify", "preview", "--data", str(box.root), "--webhooks", str(file)])
    assert previewed.exit_code == 0, previewed.output
    assert _SAID in previewed.output
    assert KEY not in previewed.output


def test_a_webhooks_file_with_a_mistake_keeps_up_from_starting_and_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "webhooks.toml"
    file.write_text(f'[[target]]\nname = "a"\nformat = "wecom"\nurl = "http://10.0.0.7/{KEY}"\n')
    file.chmod(0o600)
    for command in (["up"], ["run", "notify"]):
        done = CliRunner().invoke(cli, [*command, "--data", str(tmp_path / "d"), "--webhooks", str(file)])
        assert done.exit_code == 1
        assert "target 1: url: must be https" in done.output
        assert KEY not in done.output
        assert "Traceback" not in done.output
    assert not (tmp_path / "d").exists()
