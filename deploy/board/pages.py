"""The pages as NiceGUI serves them: one element that draws itself, and no file of anybody else's."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from nicegui import Client, ui
from nicegui import app as nicegui
from nicegui.element import Element

from deploy.board.names import Names
from deploy.board.screens import Screens
from deploy.board.skeleton import skeleton

_HERE: Final = Path(__file__).parent
_TITLE: Final = "好差评实时看板"
# A machine that is busy shall not lose its pages; who is gone for so long asks for all anew.
_RECONNECT_SECONDS: Final = 20.0
_UNKNOWN: Final = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>没有这个页面</title>'
    '<main><h1>没有这个页面</h1><p><a href="/">返回全部街道</a></p></main></html>'
)


class Panel(Element, component="panel.js"):
    """The board; its HTML is put in as it is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._props["html"] = html


def application(screens: Screens, names: Names) -> FastAPI:
    """The pages: `/` of the district, `/street/CODE` of a street of the registry. One application a process."""
    ui.add_head_html(f"<style>{(_HERE / 'board.css').read_text(encoding='utf-8')}</style>", shared=True)

    def show(client: Client, street: str) -> None:
        Panel(skeleton(names, street, screens.parts(street)))
        screens.open(client, street)

    @ui.page("/", title=_TITLE)
    def district(client: Client) -> None:
        show(client, "")

    @ui.page("/street/{code}", title=_TITLE)
    def of_street(client: Client, code: str) -> Response | None:
        if code not in names.streets:
            return HTMLResponse(_UNKNOWN, HTTPStatus.NOT_FOUND)
        client.title = f"{names.of(code)} {_TITLE}"
        show(client, code)
        return None

    # Its other way, by requests, would need what the guard refuses.
    nicegui.config.socket_io_js_transports = ["websocket"]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        app,
        title=_TITLE,
        dark=True,
        language="zh-CN",
        binding_refresh_interval=None,
        reconnect_timeout=_RECONNECT_SECONDS,
        tailwind=False,
        gzip_middleware_factory=None,  # the guard's is outside of what changes a page
        show_welcome_message=False,
    )
    return app
