"""The gateway serves terminals' pages: its files to anybody, what is to be rated to the window's device."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from deploy.district import FOLDER
from deploy.folder import Endpoint, Folder
from schemas.levels import LEVEL_NAMES, LEVELS
from schemas.registry import Registry
from schemas.secret import load_secret
from schemas.tags import CURRENT_VERSION, find_tag
from streams.gateway.devices import DeviceBook, now_ms
from tests.box import await_that
from tests.gateway.caller import Caller, Said
from tests.gateway.conftest import add_device
from tests.kiosk.hall import Hall
from tests.security.door import OTHER_WINDOW, WINDOW, Door

_PAGE = "/terminal"
_STATION = "/v1/terminal"
# Long beside all that happens here: who is answered before has not waited it out.
_LONG = {"PINGLIU_GATEWAY_POLL_SECONDS": "600"}


@dataclass(frozen=True)
class Place:
    """A gateway, the hall that it is told of, and a tablet at the window."""

    door: Door
    endpoint: Endpoint
    hall: Hall
    token: str

    def get(self, path: str, token: str | None = None, headers: Mapping[str, str] | None = None, **how: Any) -> Said:
        caller = Caller(self.endpoint, token)
        return caller.call(path=path, **{"method": "GET", "content_type": "", "headers": headers, **how})

    def ask(self, seen: str = "", **how: Any) -> Said:
        """What the tablet is told."""
        return self.get(f"{_STATION}?seen={seen}", self.token, **how)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    door = Door(tmp_path_factory.mktemp("kiosk") / "data", _LONG)
    token = add_device(Folder(door.root), "K-1", "terminal/K-1")
    endpoint = door.open()
    yield Place(door, endpoint, Hall(door.root, WINDOW), token)
    door.close()


class _Links(HTMLParser):
    """What a page loads, and what in it a policy of no inline code forbids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loaded += [value for name in ("src", "href") if (value := named.get(name)) and not value.startswith("#")]
        self.inline += [name for name in named if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in named):
            self.inline.append(tag)


def _files(place: Place) -> dict[str, Said]:
    """All that the page is made of: what it loads, and what that names."""
    found = {_PAGE: place.get(_PAGE)}
    wanted = [f"/{path}" for path in _Links(found[_PAGE].text.decode()).loaded]
    while wanted:
        path = wanted.pop()
        if path not in found:
            found[path] = place.get(path)
            named = re.findall(r'from "\./([\w.]+)"|new URL\("([\w.]+)", import', found[path].text.decode())
            wanted += [f"{_PAGE}/{''.join(names)}" for names in named]
    return found


def test_the_page_is_there_without_credentials_and_lets_in_nothing_that_is_not_its_own(place: Place) -> None:
    files = _files(place)
    assert {f"{_PAGE}/worker.js", f"{_PAGE}/levels.json", f"{_PAGE}/terminal.css"} < files.keys()
    assert {path: said.status for path, said in files.items() if said.status != 200} == {}
    assert _Links(files[_PAGE].text.decode()).inline == []
    for path, said in files.items():
        policy = dict(part.strip().split(" ", 1) for part in said.headers["content-security-policy"].split(";"))
        assert policy.pop("default-src") == "'none'", path
        assert set(policy.values()) == {"'self'", "'none'"}, path
        assert said.headers["x-content-type-options"] == "nosniff"
        assert said.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in said.headers
        assert not any(name.startswith("access-control") for name in said.headers)
        outside = set(re.findall(rb"https?://[\w./]+", said.text)) - {b"http://www.w3.org/2000/svg"}
        assert outside == set(), path


def test_the_worker_keeps_every_file_of_the_page_and_may_serve_the_page_itself(place: Place) -> None:
    files = _files(place)
    worker = files[f"{_PAGE}/worker.js"]
    assert worker.headers["service-worker-allowed"] == _PAGE
    (kept,) = re.findall(r"const FILES = \[(.+)\];", worker.text.decode())
    assert {path.strip('"') for path in kept.split(",")} == files.keys() - {f"{_PAGE}/worker.js"}
    assert b"{{" not in worker.text


def test_a_file_that_a_browser_has_already_is_not_sent_again(place: Place) -> None:
    for path, said in _files(place).items():
        again = place.get(path, headers={"If-None-Match": said.headers["etag"]})
        assert (again.status, again.text) == (304, b""), path
        other = place.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status, other.text) == (200, said.text)
        assert place.get(path, method="HEAD").headers["etag"] == said.headers["etag"]
        assert said.headers["cache-control"] == "no-cache"


def test_the_levels_and_their_tags_are_those_of_the_catalogue(place: Place) -> None:
    said = place.get(f"{_PAGE}/levels.json").json
    assert said["version"] == CURRENT_VERSION
    assert [(one["level"], one["word"]) for one in said["levels"]] == [(level, LEVEL_NAMES[level]) for level in LEVELS]
    for one in said["levels"]:
        assert 1 <= len(one["tags"]) <= 8
        for tag in one["tags"]:
            found = find_tag(tag["code"])
            assert found is not None
            assert (found.level, found.text) == (one["level"], tag["text"])


def test_only_the_window_s_device_is_told_what_is_served_there(place: Place) -> None:
    stranger, other = "pl1_" + 43 * "A", add_device(Folder(place.door.root), "K-2", "terminal/K-2", window=OTHER_WINDOW)
    place.hall.serves("V-secret")
    await_that(lambda: place.ask().json["offer"].get("service") == "V-secret", "the gateway has heard of it")
    said = {
        "nobody": place.get(f"{_STATION}?window={WINDOW}"),
        "stranger": place.get(f"{_STATION}?window={WINDOW}", stranger),
        "in the query": place.get(f"{_STATION}?window={WINDOW}&token={place.token}"),
        "another window's": place.get(f"{_STATION}?window={WINDOW}", other),
        "preflight": place.get(_STATION, method="OPTIONS", headers={"Origin": "http://elsewhere.example"}),
        "a post": place.get(_STATION, place.token, method="POST"),
    }
    assert {who: one.status for who, one in said.items()} == {
        "nobody": 401, "stranger": 401, "in the query": 401, "another window's": 403, "preflight": 405, "a post": 405,
    }  # fmt: skip
    for one in said.values():
        assert b"V-secret" not in one.text
        assert not any(name.startswith("access-control") for name in one.headers)
    told = place.ask()
    assert told.headers["cache-control"] == "no-store"
    registry = Registry.load(FOLDER)
    assert {name: value for name, value in told.json.items() if name not in ("offer", "seen")} == {
        "device": "K-1", "source": "terminal/K-1", "street": WINDOW[:9], "site": WINDOW[:12], "window": WINDOW,
        "name": f"{registry.sites[WINDOW[:12]].name} {registry.windows[WINDOW].name}",
    }  # fmt: skip
    assert place.token not in place.door.said()


def test_a_device_of_a_site_says_which_window_and_a_revoked_one_is_told_nothing(place: Place) -> None:
    token = add_device(Folder(place.door.root), "K-3", "terminal/K-3", window="")
    assert place.get(_STATION, token).status == 400
    assert place.get(f"{_STATION}?window={WINDOW}", token).json["window"] == WINDOW
    assert place.get(f"{_STATION}?window={WINDOW}9", token).status == 403
    DeviceBook(Folder(place.door.root).devices, load_secret(Folder(place.door.root).secret)).revoke("K-3")
    assert place.get(f"{_STATION}?window={WINDOW}", token).status == 401


def test_an_answer_waits_until_there_is_something_new_and_comes_then(place: Place) -> None:
    place.hall.serves("V-1")
    await_that(lambda: place.ask().json["offer"].get("service") == "V-1", "the gateway has heard of it")
    seen = place.ask().json["seen"]
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(place.ask, seen) for _ in range(2)]
        await_that(lambda: _waiting(place) >= 2, "both wait")
        Hall(place.door.root, OTHER_WINDOW).serves("V-9")
        place.hall.serves("V-1", completed_ms=now_ms())
        completed = [one.result().json for one in waiting]
        assert [(one["offer"]["service"], one["offer"]["is_completed"]) for one in completed] == [("V-1", True)] * 2
        last = pool.submit(place.ask, completed[0]["seen"])
        place.hall.serves("V-2")
        assert last.result().json["offer"]["service"] == "V-2"


def _waiting(place: Place) -> int:
    (count,) = re.findall(r"^pingliu_gateway_connections\S* (\d+)", place.door.metrics(), re.MULTILINE)
    return int(count)


def test_who_waits_is_answered_when_the_gateway_ends_and_it_may_be_told_to_serve_no_such_page(tmp_path: Path) -> None:
    door = Door(tmp_path / "data", _LONG)
    token = add_device(Folder(door.root), "K-1", "terminal/K-1")
    place = Place(door, door.open(), Hall(door.root, WINDOW), token)
    seen = place.ask().json["seen"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(place.ask, seen)
        await_that(lambda: _waiting(place) >= 1, "it waits")
        assert door.close() == 0
        assert (waiting.result().status, waiting.result().json["seen"]) == (200, seen)
    assert "not answered" not in door.said()
    without = Door(tmp_path / "data", {"PINGLIU_GATEWAY_TERMINAL": "false"})
    place = Place(without, without.open(), place.hall, token)
    assert [place.get(path, token).status for path in (_PAGE, f"{_PAGE}/main.js", _STATION)] == [404] * 3
    without.close()
