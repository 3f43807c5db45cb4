"""Where a Unix socket lies, said in so few bytes that the kernel takes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# sun_path has 108 bytes, the last of which is 0.
_LONGEST: Final = 107


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """A name for a socket at `path`, to bind or connect to; it means that as long as the context lasts. The folder must
    exist: else FileNotFoundError.

    A path that is too long is said by way of its folder, held open: Linux names that in a few bytes.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
