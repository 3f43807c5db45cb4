"""Rotation of the district's secret: its file becomes a ring with one more in it."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from deploy.folder import Folder, FolderBusy
from deploy.mistake import Mistake
from schemas.moments import SHANGHAI, iso
from schemas.secret import fresh_secret, load_secret, replace_secret

_DAY: Final = timedelta(days=1)


def rotate(path: Path, folder: Path | None, start: datetime | None) -> str:
    """Adds a secret to the file at `path`, a folder's where one is given; returns the moment from which it is in force.

    `start`: that moment, in Asia/Shanghai; without one it is now, where nothing runs over the folder, and else the end
    of the day, so that roles can be restarted before. What came before keeps its hashes. Raises Mistake, SecretError.
    """
    with ExitStack() as held:
        is_alone = folder is not None and _is_held(held, Folder(folder.absolute()))
        moment = _moment(start, is_alone=is_alone)
        replace_secret(path, load_secret(path).rotated(moment, fresh_secret()))
    return iso(moment)


def _is_held(held: ExitStack, folder: Folder) -> bool:
    try:
        held.enter_context(folder.lock())
    except FolderBusy:
        return False
    return True


def _moment(start: datetime | None, *, is_alone: bool) -> int:
    now = datetime.now(SHANGHAI)
    if start is not None:
        wanted = start.replace(tzinfo=SHANGHAI)
        if wanted <= now:
            raise Mistake(f"--from: {iso(_ms(wanted))} is past; events of then are hashed already")
    elif is_alone:
        wanted = now
    else:
        wanted = (now + _DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    return _ms(wanted)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
