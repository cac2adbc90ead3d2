"""The user's own code: what is said about it if it fails."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def failure(name: str, error: BaseException) -> str:
    """Return what failed, where in the user's files, and why.

    Args:
        name: the name of the function or class in messages.
        error: what it raised.
    """
    cause = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{name} failed{_place_of(error)}: {cause}"


def _place_of(error: BaseException) -> str:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        # What was given on the command line has no file.
        if not frame.filename.startswith("<") and not Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    if not frames:
        return ""
    here = [frame for frame in frames if Path(frame.filename).is_relative_to(Path.cwd())]
    frame = (here or frames)[-1]
    path = Path(frame.filename)
    shown = path.relative_to(Path.cwd()) if here else path
    return f" at {shown}:{frame.lineno}"
