"""`pingliu board` as a process: what it serves and to whom, what it sends, and how it ends."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx
import pytest

from deploy.local.server import Certificate
from schemas.moments import MINUTE, iso
from tests.box import Box
from tests.live_board.halls import STREET, bad, clock_ms, hall, notice, rating, say
from tests.live_board.looker import Board, Page, board

_PASSWORD = "long enough 密码"  # noqa: S105 - the test's own


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    root = tmp_path_factory.mktemp("board") / "data"
    root.mkdir(mode=0o700)
    now = clock_ms()
    say(root / "log.db", hall(1, now, waiting=2, ratings=[rating("R-0", "satisfied", now)]), notice("n-0", now))
    with board(root) as started:
        yield started


async def _get(url: str, *, verify: ssl.SSLContext | bool = True, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(verify=verify) as web:
        return await web.get(url, **options)


class _Loads(HTMLParser):
    """What a page makes a browser fetch by its markup."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value or "" for name, value in attrs if name == "src" or (tag == "link" and name == "href")]


def _styled(css: str) -> list[str]:
    return re.findall(r"""url\(\s*["']?([^"')\s]+)""", css) + re.findall(r"""@import\s+["']([^"']+)""", css)


def _imported(script: str) -> list[str]:
    """What a module imports by a path or a URL; bare names are in the page's map."""
    return re.findall(r"""\bimport\b[^"'()]*["']((?:\.{0,2}/|\w+:)[^"']+)["']""", script)


def test_a_page_is_served_whole_and_nothing_of_it_comes_from_elsewhere(running: Board) -> None:
    with httpx.Client(base_url=running.url) as web:
        answer = web.get("/")
        loads = _Loads()
        loads.feed(answer.text)
        urls = {*loads.urls, *_styled(answer.text), *re.findall(r'"(/_nicegui/[^"]+\.js)"', answer.text)}
        seen: set[str] = set()
        while urls:
            url = urls.pop()
            if url.startswith(("data:", "#")) or url in seen:
                continue
            seen.add(url)
            parts = urlsplit(urljoin(running.url, url))
            assert f"{parts.scheme}://{parts.netloc}/" == running.url, url
            found = web.get(url)
            assert found.status_code == 200, url
            kind = found.headers["content-type"]
            more = _styled(found.text) if "css" in kind else _imported(found.text) if "javascript" in kind else []
            urls |= {urljoin(url, one) for one in more}
    assert any("panel" in url for url in seen)
    assert any(url.endswith(".css") for url in seen)
    assert '<html lang="zh-CN">' in answer.text
    assert "好差评实时看板" in answer.text


def test_a_browser_may_run_what_is_the_board_s_own_and_nothing_else(running: Board) -> None:
    answers = [httpx.get(running.url) for _ in range(2)]
    nonces = set()
    for answer in answers:
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
        own, nonce = policy["script-src"].split(" ")
        assert own == "'self'"
        assert set(re.findall(r"<script([^>]*?)(?: src| defer| type|>)", answer.text)) == {f' nonce="{nonce[7:-1]}"'}
        nonces.add(nonce)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert len(nonces) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "street/530102001", 200),
        ("HEAD", "favicon.ico", 200),
        ("GET", "street/530102999", 404),
        ("GET", "docs", 404),
        ("GET", "openapi.json", 404),
        ("GET", "_nicegui_ws/socket.io/?EIO=4&transport=polling", 404),
        ("GET", "_nicegui/../../etc/passwd", 404),
        ("POST", "", 405),
        ("DELETE", "street/530102001", 405),
    ],
)
def test_there_are_the_pages_and_only_to_be_looked_at(running: Board, method: str, path: str, status: int) -> None:
    assert httpx.request(method, running.url + path).status_code == status


def test_by_another_name_than_this_machine_s_or_for_another_site_s_page_there_is_nothing(running: Board) -> None:
    assert httpx.get(running.url, headers={"Host": "rebound.example"}).status_code == 421

    async def cross() -> None:
        async with aiohttp.ClientSession() as session:
            page = Page(running.url, session, (await _get(running.url)).text)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.connect(Origin="https://evil.example")
            await page.connect(Origin=running.url.rstrip("/"))
            await page.hear()

    asyncio.run(cross())


async def test_a_page_is_told_all_when_it_connects_and_then_what_changed_and_a_bad_rating_within_its_own_street(
    running: Board,
) -> None:
    now = clock_ms()
    async with aiohttp.ClientSession() as session:
        district = await Page.open(session, running.url)
        other = await Page.open(session, running.url, "street/530102002")
        first = await district.hear()
        assert {"tiles", "bad", f"row-{STREET}", "told", "clock"} <= first["parts"].keys()
        assert "排队拥堵" in district.parts["told"]
        before = dict(district.parts)
        await other.hear()
        ratings = [rating("R-1", "dissatisfied", now, "213"), rating("R-0", "satisfied", now - MINUTE)]
        say(running.folder.log, hall(2, now, waiting=5, ratings=ratings, bad=[bad("R-1", now, "213")]))
        await district.hear_until("bad", "窗口人员业务不熟练")
        assert ">5<" in district.parts[f"row-{STREET}"]
        assert district.said == ["新差评1条：华山街道便民服务中心 3号综合窗口，不满意"]
        changed = {name for name, text in district.parts.items() if before[name] != text} - {"clock", "state"}
        assert changed == {"tiles", "bad", "ratings", f"row-{STREET}"}
        assert all(f"row-{street}" not in message["parts"] for street in ("530102002", "530102003")
                   for message in district.messages[1:])  # fmt: skip
        await other.hear()
        assert "窗口人员" not in "".join(other.parts.values())
        # A page that connects later, or does so again, is told what is so by then.
        late = await Page.open(session, running.url)
        await late.hear()
        assert late.parts["ratings"] == district.parts["ratings"]
        # A street's page reads out its own alone.
        say(running.folder.log, hall(1, now, "530102002", bad=[bad("R-2", clock_ms(), level="very_dissatisfied")]))
        await other.hear_until("bad", "新")
        assert other.said == ["新差评1条：华山街道便民服务中心 3号综合窗口，非常不满意"]


async def test_a_street_that_is_silent_says_so_on_its_own_page_and_in_its_row(running: Board) -> None:
    now, street = clock_ms(), "530102003"
    say(
        running.folder.log,
        hall(1, now - 25 * MINUTE, street, heard=iso(now - 11 * MINUTE)),
        hall(3, now, heard=iso(now)),
    )
    async with aiohttp.ClientSession() as session:
        own = await Page.open(session, running.url, f"street/{street}")
        await own.hear_until("state", "11分钟没有新数据")
        district = await Page.open(session, running.url)
        await district.hear_until(f"row-{street}", "11分钟无数据")
        assert "没有新数据" not in district.parts["state"]


async def test_each_second_a_page_is_told_the_time_so_that_it_knows_when_nobody_tells_it_anything(
    running: Board,
) -> None:
    async with aiohttp.ClientSession() as session:
        page = await Page.open(session, running.url)
        await page.hear()
        clocks: set[str | None] = set()
        while len(clocks) < 3:
            clocks.add((await page.hear())["parts"].get("clock"))


async def test_what_a_socket_says_changes_nothing_and_is_logged_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    say(root / "log.db", hall(1, clock_ms()))
    with board(root) as started:
        async with aiohttp.ClientSession() as session:
            page = await Page.open(session, started.url)
            await page.hear()
            client = re.findall(r"'client_id': '([0-9a-f-]+)'", page.html)[0]
            assert page.socket is not None
            said = f'"client_id":"{client}"'
            await page.socket.send_str(f'42["log",{{{said},"level":"error","message":"CANARY-1"}}]')
            await page.socket.send_str(f'42["event",{{{said},"id":4,"listener_id":"x","args":["CANARY-2"]}}]')
            await page.socket.send_str(f'42["javascript_response",{{{said},"request_id":"x","result":"CANARY-3"}}]')
            await page.socket.send_str('42["ack",' + "9" * 5000)
            await page.socket.send_str(f'42["ack",{{{said},"next_message_id":1}}]')
            await page.hear()
            other = await Page.open(session, started.url)
            await other.hear()
        code, logged = started.end()
    assert code == 0
    assert "CANARY" not in logged
    assert "Traceback" not in logged
    assert "ERROR" not in logged


def test_it_ends_when_it_is_told_to_with_pages_open_and_leaves_nothing_but_its_log_behind(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    say(root / "log.db", hall(1, clock_ms()))

    async def look(url: str) -> None:
        async with aiohttp.ClientSession() as session:
            page = await Page.open(session, url)
            await page.hear()
            code, logged = await asyncio.to_thread(started.end)
            assert code == 0, logged
            assert logged.rstrip().endswith("board: stopped")

    with board(root) as started:
        port = re.findall(r"[0-9]+", started.url)[-1]
        asyncio.run(look(started.url))
    assert started.folder.board() is None
    assert not (root / "run" / "board.json").exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("log.db")} == {"secret"}


def test_it_tells_of_its_health_and_of_who_looks(tmp_path: Path, free_port: int) -> None:
    root = tmp_path / "data"
    root.mkdir()
    say(root / "log.db", hall(1, clock_ms()))

    async def look(url: str) -> str:
        async with aiohttp.ClientSession() as session:
            page = await Page.open(session, url)
            await page.hear()
            return (await _get(f"http://127.0.0.1:{free_port}/metrics")).text

    with board(root, "--listen", str(free_port)) as started:
        metrics = asyncio.run(look(started.url))
        assert httpx.get(f"http://127.0.0.1:{free_port}/healthz").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{free_port}/readyz").json() == {"ready": True, "reasons": []}
    assert 'pingliu_ready{role="board"} 1.0' in metrics
    assert 'pingliu_board_clients{role="board"} 1.0' in metrics
    assert float(re.findall(r'pingliu_board_updates_total\{role="board"\} (\S+)', metrics)[0]) >= 1
    assert 0 < float(re.findall(r'pingliu_board_live_age_seconds\{role="board"\} (\S+)', metrics)[0]) < 3600


async def test_with_a_password_nobody_looks_without_it_and_its_cookie_opens_the_socket(tmp_path: Path) -> None:
    root, secret = tmp_path / "data", tmp_path / "password"
    root.mkdir()
    say(root / "log.db", hall(1, clock_ms()))
    secret.write_text(_PASSWORD + "\n", encoding="utf-8")
    with board(root, PINGLIU_BOARD_PASSWORD_FILE=str(secret)) as started:
        for path in ("", "favicon.ico", "street/530102001", "nothing"):
            assert (await _get(started.url + path)).status_code == 401
        refused = await _get(started.url, auth=("any", "wrong password"))
        assert (refused.status_code, refused.headers["www-authenticate"].split()[0]) == (401, "Basic")
        answer = await _get(started.url, auth=("wall", _PASSWORD))
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert _PASSWORD not in cookie
        jar = {"Cookie": cookie.partition(";")[0]}
        async with aiohttp.ClientSession() as session:
            page = Page(started.url, session, answer.text)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.connect()
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.connect(Cookie=f"{jar['Cookie'][:-1]}x")
            await page.connect(**jar)
            await page.hear()
        # Who guesses is slowed down; who knows is not.
        async with httpx.AsyncClient() as web:
            codes = [(await web.get(started.url, auth=("any", f"guess {n}"))).status_code for n in range(70)]
        assert codes[-1] == 429
        assert (await _get(started.url, headers=jar)).status_code == 200
        code, logged = started.end()
    assert code == 0
    assert _PASSWORD not in logged


async def test_beyond_this_machine_pages_and_socket_are_encrypted_and_its_cookie_goes_no_other_way(
    tmp_path: Path,
) -> None:
    root, certificate = tmp_path / "data", Certificate(tmp_path / "tls")
    root.mkdir()
    certificate.make()
    say(root / "log.db", hall(1, clock_ms()))
    tls = ssl.create_default_context(cafile=certificate.ca_file)
    files = ("--tls-cert", str(certificate.file), "--tls-key", str(certificate.file))
    # So written it is this machine's address, but not one that the board knows as such.
    with board(root, "--host", "127.1", *files, PINGLIU_BOARD_PASSWORD=_PASSWORD) as started:
        assert started.url.startswith("https://127.0.0.1:")
        for url, trusted in ((started.url, True), (started.url.replace("https:", "http:"), tls)):
            with pytest.raises(httpx.TransportError):
                await _get(url, auth=("wall", _PASSWORD), verify=trusted)
        assert (await _get(started.url, verify=tls)).status_code == 401
        answer = await _get(started.url, auth=("wall", _PASSWORD), verify=tls)
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        assert "; Secure" in answer.headers["set-cookie"]
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
            page = Page(started.url, session, answer.text)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await page.connect()
            own = {"Origin": started.url.rstrip("/"), "Cookie": answer.headers["set-cookie"].partition(";")[0]}
            await page.connect(**own)
            assert "clock" in (await page.hear())["parts"]
        code, logged = started.end()
    assert code == 0
    assert " with TLS" in logged
    assert _PASSWORD not in logged


@pytest.mark.parametrize(
    ("options", "environ", "fault"),
    [
        (["--host", "0.0.0.0"], {}, "set PINGLIU_BOARD_PASSWORD"),  # noqa: S104 - it is to be refused
        (["--host", "0.0.0.0"], {"PINGLIU_BOARD_PASSWORD": _PASSWORD}, "--insecure"),  # noqa: S104 - as above
        ([], {"PINGLIU_BOARD_PASSWORD": "short"}, "password: at least"),
        ([], {"PINGLIU_BOARD_QUIET_SECONDS": "1"}, "quiet_seconds"),
        ([], {"PINGLIU_DISTRICT": "/proc"}, "streets.csv"),
    ],
)
def test_what_is_unsafe_or_wrong_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], environ: dict[str, str], fault: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    said = Box(tmp_path / "data").refused("board", "--port", "0", "--listen", "0", *options)
    assert fault in said
    assert "short" not in said.replace("shortest", "")


def test_a_street_s_page_names_it(running: Board) -> None:
    page = httpx.get(f"{running.url}street/{STREET}").text
    assert "<title>华山街道 好差评实时看板</title>" in page
