"""A RAM disk: what writes there does not wait for a disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER = Path("/dev/shm")
ROOM = 2 * 1024**3


def ram_disk() -> Path | None:
    """Return the folder of a RAM disk that has room and on which programs can be run; None if there is none."""
    if not FOLDER.is_dir() or shutil.disk_usage(FOLDER).free <= ROOM or os.statvfs(FOLDER).f_flag & os.ST_NOEXEC:
        return None
    return FOLDER
