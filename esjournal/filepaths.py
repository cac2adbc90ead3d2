"""Where the path of a file leads: ~ is expanded as by a shell, and links are followed as by the kernel.

Programs that follow links themselves, as SQLite and a rename do, evade the kernel's rule for folders that everybody may
write to (https://docs.kernel.org/admin-guide/sysctl/fs.html, protected_symlinks). It applies here even if the kernel's
is switched off.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from esjournal.exceptions import UnusableFile

# The kernel's own limit.
_MOST_LINKS = 40


def expanded(path: str) -> str:
    """Return a path with the home folder for `~` or `~USER` at its beginning.

    A shell expands it only at the beginning of a word, and not in `--url=~/FILE`. If there is a file or folder of such
    a name, it is left as it is.

    Raises:
        UnusableFile: there is no such user.
    """
    name = path.partition("/")[0]
    if not name.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        if os.path.lexists(name):
            return path
        reason = f"there is no user {name[1:]}" if name != "~" else "this user has no home folder"
        raise UnusableFile(
            f"{path} begins with ~, and {reason}: write the path in full, or ./{path} if ~ is part of the name"
        ) from None


class Step(NamedTuple):
    """What a path leads to: `found` is None if nothing is there, and `around` is its folder's status."""

    path: Path
    found: os.stat_result | None
    around: os.stat_result

    @property
    def may_be_planted(self) -> bool:
        """Whether another user put it into a sticky folder where everybody may write."""
        everybodys = stat.S_ISVTX | stat.S_IWOTH
        return (
            self.found is not None
            and self.around.st_mode & everybodys == everybodys
            and self.found.st_uid not in (os.geteuid(), self.around.st_uid)
        )


def steps(path: Path) -> Iterator[Step]:
    """Yield what a path leads to, one link after another; the last one is not a link.

    Links among its folders are followed without a check, as the kernel does.

    Raises:
        OSError: a folder does not exist, or there are too many links.
    """
    for _ in range(_MOST_LINKS):
        folder = Path(os.path.realpath(path.parent))
        path = folder / path.name
        found = None
        with suppress(FileNotFoundError):
            found = path.lstat()
        yield Step(path, found, folder.stat())
        if found is None or not stat.S_ISLNK(found.st_mode):
            return
        path = folder / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def check_links(path: Path) -> None:
    """Refuse a path with a link that the kernel would not follow.

    Raises:
        OSError: there is such a link, or a folder does not exist, or there are too many links.
    """
    for step in steps(path):
        if step.found is not None and stat.S_ISLNK(step.found.st_mode) and step.may_be_planted:
            raise OSError(
                errno.EACCES,
                f"{step.path} is a link of another user, in a folder where everybody may write: name the file that it "
                f"leads to, if you trust it",
            )
