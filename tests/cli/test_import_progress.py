"""Progress of an import on a terminal of 80 columns: what is seen while it runs, and that stdout has nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from esjournal.interchange.streams import sink
from tests.events import generated
from tests.program import COMMAND, environment, file_with, journal_with, read_terminal

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COUNT = 40_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events in files that are compressed and not, and all of them in one."""
    folder = tmp_path_factory.mktemp("progress")
    events = list(generated(COUNT))
    file_with(folder / "all.ndjson", events)
    file_with(folder / "part-1.ndjson", events[: COUNT // 2])
    file_with(folder / "rest.ndjson", events[COUNT // 2 :])
    with sink(str(folder / "part-2.ndjson.gz")) as stream:
        stream.write((folder / "rest.ndjson").read_bytes())
    return folder


def seen(*arguments: str, url: str, folder: Path, stdin: str = os.devnull) -> list[str]:
    """Import with stderr on a terminal, check the end, and return all that stood in a line of it, one after another."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = environment(TERM="xterm-256color")
    command = [*COMMAND, "--url", url, "import", *arguments]
    with (
        (folder / stdin).open("rb") as given,
        subprocess.Popen(
            command, stdin=given, stdout=subprocess.PIPE, stderr=secondary, env=env, cwd=folder
        ) as process,
    ):
        os.close(secondary)
        text = read_terminal(primary)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 0, text
    return [line for line in re.split(r"[\r\n]+", CONTROL.sub("", text.decode())) if line.strip()]


def progress_of(lines: list[str]) -> list[str]:
    return [line for line in lines if " events, " in line and "esjournal:" not in line]


@pytest.mark.parametrize("options", [[], ["--commit-every", "10000"]])
@pytest.mark.parametrize("files", [["all.ndjson"], ["part-1.ndjson", "part-2.ndjson.gz"], ["part-*"]])
def test_events_rate_bytes_and_the_time_left_are_seen_in_80_columns(
    sqlite_url: str, folder: Path, files: list[str], options: list[str]
) -> None:
    journal_with(sqlite_url, [])
    lines = seen(*files, *options, url=sqlite_url, folder=folder)
    shown = progress_of(lines)
    assert shown
    assert all(
        re.search(r"^[\d,]+ events, [\d,]+/s .*[\d.]+/[\d.]+ MB +(-:--:--|\d:\d\d:\d\d)", line) for line in shown
    )
    assert all(len(line.rstrip()) <= 80 for line in shown)
    events = [int(line.partition(" ")[0].replace(",", "")) for line in shown]
    assert events == sorted(events)
    assert events[-1] == COUNT
    [first, last] = re.findall(r"([\d.]+)/([\d.]+) MB", shown[-1])[0]
    assert first == last
    assert lines[-1].startswith(f"esjournal: {COUNT} read, {COUNT} appended")


def test_of_a_pipe_only_events_and_rate_are_known(sqlite_url: str, folder: Path) -> None:
    journal_with(sqlite_url, [])
    shown = progress_of(seen("-", url=sqlite_url, folder=folder, stdin="all.ndjson"))
    assert shown
    assert all(re.fullmatch(r"[\d,]+ events, [\d,]+/s *", line) for line in shown)


def test_a_quiet_import_shows_nothing_on_a_terminal(sqlite_url: str, folder: Path) -> None:
    journal_with(sqlite_url, [])
    assert seen("all.ndjson", "--quiet", url=sqlite_url, folder=folder) == []
