"""A gateway that several tests share, each with a device of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.folder import Endpoint, Folder
from schemas.secret import ensure_secret
from streams.gateway.devices import Device, DeviceBook, now_ms
from tests.security.door import WINDOW, Door

Add = Callable[..., str]


def add_device(folder: Folder, name: str, source: str, *, window: str = WINDOW, role: str = "device") -> str:
    """Registers a device, as `device add` does, and returns its token."""
    folder.create()
    bound = (window[:9], window[:12], window) if window else ("", "", "")
    device = Device(name, source, *bound, "office" if role == "office" else "device")
    return DeviceBook(folder.devices, ensure_secret(folder.secret)).add(device, now_ms())


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A folder, and a gateway over it once it is opened."""
    door = Door(tmp_path_factory.mktemp("gateway") / "data")
    yield door
    door.close()


@pytest.fixture(scope="module")
def endpoint(door: Door) -> Endpoint:
    """Where the gateway listens."""
    Folder(door.root).create()
    return door.open()
