"""Files of lines that grow, and what a kill leaves of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from esjournal.exceptions import UnusableFile
from esjournal.interchange.appendedfiles import append_lines


def test_lines_come_after_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_lines(str(path), b'{"n":1}\n{"n":2}\n')
    append_lines(str(path), b'{"n":3}\n')
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n{"n":3}\n'
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", [b"", b'{"n":1}\n', b'{"n":"' + b"x" * 100_000 + b'"}\n'])
@pytest.mark.parametrize("cut", [b"{", b'{"n":2', b'{"n":"' + b"y" * 20_000, '{"n":"é'.encode()[:-1]])
def test_the_beginning_of_a_line_that_was_cut_off_is_removed(tmp_path: Path, before: bytes, cut: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(before + cut)
    append_lines(str(path), b'{"n":2}\n')
    assert path.read_bytes() == before + b'{"n":2}\n'


def test_a_last_line_that_only_lacks_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"n":1}')
    append_lines(str(path), b'{"n":2}\n')
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'


def test_they_are_on_the_disk_and_so_is_the_name_of_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    append_lines(str(tmp_path / "lines"), b"{}\n")
    assert synced == [(tmp_path / "lines").stat().st_ino, tmp_path.stat().st_ino]


def test_several_processes_append_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    code = (
        "import sys; from esjournal.interchange.appendedfiles import append_lines\n"
        "for n in range(20): append_lines(sys.argv[1], b'{\"text\":\"' + sys.argv[2].encode() * 1_000_000 + b'\"}\\n')"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path), letter]) for letter in "abc"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    lines = path.read_bytes().splitlines()
    assert len(lines) == 60
    assert set(lines) == {b'{"text":"' + letter * 1_000_000 + b'"}' for letter in (b"a", b"b", b"c")}


@pytest.mark.parametrize("name", ["", "nonesuch/lines", "a\0b"])
def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableFile, match="cannot be written: "):
        append_lines(str(tmp_path / name), b"{}\n")
