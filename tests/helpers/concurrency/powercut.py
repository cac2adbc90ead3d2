"""Simulated power cuts: the content of the disk after a cut is computed from system calls that strace recorded.

Of a file, everything written before its last fsync is there; each later write may be there or not. Of a folder, all
that was created, renamed and removed before its last fsync is done; operations after it may be done up to any point.
The index of a WAL is left out: SQLite makes it again.
"""

from __future__ import annotations

import ast
import random
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

_CALLS = "openat,mknod,mknodat,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,link,write"
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>(?:\(deleted\))?$")
_MADE = "made"
_REMOVED = "removed"


class Call(NamedTuple):
    """A system call that succeeded: its name, and its arguments as strace shows them."""

    name: str
    arguments: list[str]


def watched(command: list[str], log: Path, **options: Any) -> list[Call]:
    """Run a command to its end under strace, and return its calls on files.

    Args:
        command: the command; it must end with 0.
        log: the file for the output of strace.
        options: options of `subprocess.run`.
    """
    strace = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={_CALLS}", "-o", str(log)]
    subprocess.run([*strace, *command], check=True, **options)
    calls = []
    for line in log.read_text().splitlines():
        if (found := _CALL.match(line)) and int(found[3]) >= 0:
            calls.append(Call(found[1], found[2].split(", ")))
    return calls


@dataclass
class _File:
    content: bytes
    # The changes since it was last synced: an offset and bytes, or a size and None.
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def synced(self) -> None:
        for change in self.unsynced:
            self.content = _changed(self.content, change)
        self.unsynced = []

    def after_a_cut(self, generator: random.Random) -> bytes:
        content = self.content
        for change in self.unsynced:
            if generator.random() < 0.5:
                content = _changed(content, change)
        return content


class Disk:
    """A folder and its files, as they would survive a power cut.

    Args:
        folder: the folder to watch; its present content is on the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._now = {path.name: _File(path.read_bytes()) for path in folder.iterdir()}
        self._on_disk = dict(self._now)
        self._changes: list[tuple[str, str, _File | None]] = []

    def take(self, call: Call) -> None:
        """Apply a call that a program made."""
        if call.name == "openat":
            name = self._name(call.arguments[1])
            if name is not None and name not in self._now and "O_CREAT" in call.arguments[2]:
                self._change(_MADE, name, _File(b""))
            elif name is not None and "O_TRUNC" in call.arguments[2]:
                self._now[name].unsynced.append((0, None))
        elif call.name in ("mknod", "mknodat"):
            name = self._name(call.arguments[0 if call.name == "mknod" else 1])
            if name is not None:
                self._change(_MADE, name, _File(b""))
        elif call.name in ("unlink", "unlinkat"):
            name = self._name(call.arguments[0 if call.name == "unlink" else 1])
            if name in self._now:
                self._change(_REMOVED, str(name), None)
        elif call.name in ("pwrite64", "ftruncate", "fsync", "fdatasync"):
            self._take_change_of_a_file(call)
        elif call.name != "write":
            raise NotImplementedError(call.name)

    def _take_change_of_a_file(self, call: Call) -> None:
        found = _DESCRIPTOR.match(call.arguments[0])
        path = _text(found[2]) if found else ""
        if path == self._folder:
            self._on_disk, self._changes = dict(self._now), []
            return
        file = self._now.get(str(self._name(path)))
        if file is None:
            return
        if call.name == "pwrite64":
            file.unsynced.append((int(call.arguments[-1]), _bytes(call.arguments[1])))
        elif call.name == "ftruncate":
            file.unsynced.append((int(call.arguments[1]), None))
        else:
            file.synced()

    def after_a_cut(self, folder: Path, generator: random.Random) -> None:
        """Write into a folder what may be on the disk after a power cut at this point."""
        names = dict(self._on_disk)
        for kind, name, file in self._changes[: generator.randrange(len(self._changes) + 1)]:
            if kind == _MADE and file is not None:
                names[name] = file
            else:
                names.pop(name, None)
        for name, file in names.items():
            if not name.endswith("-shm"):
                (folder / name).write_bytes(file.after_a_cut(generator))

    def _change(self, kind: str, name: str, file: _File | None) -> None:
        self._changes.append((kind, name, file))
        if file is None:
            del self._now[name]
        else:
            self._now[name] = file

    def _name(self, path: str) -> str | None:
        path = _text(path)
        return path.removeprefix(f"{self._folder}/") if path.startswith(f"{self._folder}/") else None


def _changed(content: bytes, change: tuple[int, bytes | None]) -> bytes:
    at, data = change
    if data is None:
        return content[:at].ljust(at, b"\0")
    return content[:at].ljust(at, b"\0") + data + content[at + len(data) :]


def _bytes(argument: str) -> bytes:
    data: bytes = ast.literal_eval(f"b{argument}")
    return data


def _text(argument: str) -> str:
    quoted = argument if argument.startswith('"') else f'"{argument}"'
    return _bytes(quoted).decode()
