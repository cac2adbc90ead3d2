"""`log -f`: where it begins, what it shows, how it moves its cursor, and how it ends."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import Result

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.exceptions import StoreUnreachable
from esjournal.infrastructure.sqlalchemy.postgresql.session import PostgreSQLSession
from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession
from esjournal.journal.cursor import Cursor, cursor_at
from esjournal.journal.journal import open_journal
from esjournal.journal.read import follow as follow_module
from tests.helpers.events import ID, event
from tests.helpers.program import COMMAND, environment, invoke, refused, start
from tests.helpers.stores import journal_with
from tests.helpers.terminal import plain, read_terminal

Follow = Callable[..., Result]
Happening = RecordedEvent | Exception


def numbered(*numbers: int) -> list[RecordedEvent]:
    return [event(number, f'{{"n":{number}}}') for number in numbers]


@pytest.fixture
def url(store_url: str) -> str:
    """A journal of 12 events."""
    return journal_with(store_url, numbered(*range(12)))


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Run `log -f` in this process; each time it waits, append events or raise an error; at the end press Ctrl-C."""

    def run(url: str, *arguments: str, then: Sequence[Happening] = ()) -> Result:
        happening = iter(then)

        def changes(session: object, is_over: object) -> Iterator[None]:
            yield
            for what in happening:
                if isinstance(what, Exception):
                    raise what
                append(url, what)
                yield
            raise KeyboardInterrupt

        for session in (SQLiteSession, PostgreSQLSession):
            monkeypatch.setattr(session, "changes", changes)
        return invoke("log", "-f", *arguments, url=url)

    return run


def append(url: str, event: RecordedEvent) -> None:
    with open_journal(url) as journal:
        journal.events.append(event)


def shown(ended: Result) -> list[int]:
    assert (ended.exit_code, ended.stderr) == (130, "")
    return [int(line) for line in ended.stdout.splitlines()]


# What it shows


FOLLOWED: list[tuple[list[str], Sequence[int]]] = [
    ([], range(2, 15)),
    (["-n", "0"], range(12, 15)),
    (["-n", "3"], range(9, 15)),
    (["-n", "99"], range(15)),
    (["--after", "0"], range(15)),
    (["--after", "10"], range(10, 15)),
    (["--after", "12"], range(12, 15)),
    (["--after", "5", "-n", "2"], range(10, 15)),
    (["--since", "2026-01-01"], range(15)),
    (["--since", "2026-01-01", "-n", "1"], range(11, 15)),
    (["--where", "n > 12"], [13, 14]),
    (["--where", "n < 3"], [0, 1, 2]),
    (["--where", "n != 13", "-n", "1"], [11, 12, 14]),
    (["--type", "*#C", "-g", "3"], [3, 13]),
    (["--id", ID[:8], "-n", "0"], range(12, 15)),
    (["--type", "none"], []),
]


@pytest.mark.parametrize(("arguments", "expected"), FOLLOWED)
def test_it_shows_the_requested_number_of_stored_events_and_then_all_new_ones_that_match(
    sqlite_url: str, follow: Follow, arguments: list[str], expected: Sequence[int]
) -> None:
    journal_with(sqlite_url, numbered(*range(12)))
    ended = follow(sqlite_url, *arguments, "--template", "{state.n}", then=numbered(12, 13, 14))
    assert shown(ended) == list(expected)


# Which events are selected is tested on both databases in tests/journal/read.
@pytest.mark.parametrize(("arguments", "expected"), FOLLOWED[::5])
def test_it_shows_the_same_on_postgresql(
    postgres_url: str, follow: Follow, arguments: list[str], expected: Sequence[int]
) -> None:
    journal_with(postgres_url, numbered(*range(12)))
    ended = follow(postgres_url, *arguments, "--template", "{state.n}", then=numbered(12, 13, 14))
    assert shown(ended) == list(expected)


@pytest.mark.parametrize("form", [[], ["--full"], ["-F", "ndjson"]])
def test_new_events_look_as_those_that_were_there(url: str, follow: Follow, form: list[str]) -> None:
    ended = follow(url, "-n", "1", *form, then=numbered(12))
    assert (ended.exit_code, ended.stderr) == (130, "")
    assert ended.stdout == invoke("log", "-n", "2", *form, url=url).stdout


def test_a_position_that_is_not_there_is_refused(url: str, follow: Follow) -> None:
    refused(follow(url, "--after", "13"), 2, "has no event at global position 13")


# The cursor


def kept(path: Path) -> Cursor:
    return Cursor(**json.loads(path.read_text()))


def expected(url: str, position: int) -> Cursor:
    with open_journal(url) as journal:
        return cursor_at(journal, position)


def test_a_new_cursor_starts_at_the_beginning_and_the_next_run_continues_after_it(
    url: str, follow: Follow, tmp_path: Path
) -> None:
    cursor = tmp_path / "cursor"
    options = ["--cursor-file", str(cursor), "--template", "{state.n}"]
    assert shown(follow(url, *options, then=numbered(12))) == list(range(13))
    assert kept(cursor) == expected(url, 13)
    assert shown(follow(url, *options)) == []
    assert kept(cursor) == expected(url, 13)
    assert shown(follow(url, *options, then=numbered(13, 14))) == [13, 14]
    assert kept(cursor) == expected(url, 15)


def test_the_cursor_moves_past_what_does_not_match(url: str, follow: Follow, tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    options = ["--cursor-file", str(cursor), "--template", "{state.n}"]
    assert shown(follow(url, *options, "--where", "n == 3", then=numbered(12))) == [3]
    assert kept(cursor) == expected(url, 13)
    assert shown(follow(url, *options, then=numbered(13))) == [13]


def test_a_cursor_is_written_at_once_so_that_one_that_cannot_be_is_found_out_in_time(
    store_url: str, follow: Follow, tmp_path: Path
) -> None:
    journal_with(store_url, [])
    cursor = tmp_path / "cursor"
    assert shown(follow(store_url, "--cursor-file", str(cursor))) == []
    assert kept(cursor) == expected(store_url, 0)
    nowhere = str(tmp_path / "nowhere" / "cursor")
    refused(follow(store_url, "--cursor-file", nowhere), 2, "cannot be written: No such file or directory")


def test_a_cursor_of_another_journal_is_refused_and_left_as_it_is(url: str, follow: Follow, tmp_path: Path) -> None:
    cursor = tmp_path / "cursor"
    other = journal_with(f"sqlite:///{tmp_path / 'other.db'}", numbered(0))
    assert follow(other, "--cursor-file", str(cursor)).exit_code == 130
    before = cursor.read_bytes()
    refused(
        follow(url, "--cursor-file", str(cursor)), 2, "is a cursor of the journal [^ ]+, but .*: name a cursor file"
    )
    assert cursor.read_bytes() == before


# How it ends


def test_a_server_that_is_gone_and_comes_again_is_two_lines_on_stderr(
    url: str, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "_FIRST_WAIT", 0.001)
    happening = [*numbered(12), StoreUnreachable("the server is gone"), *numbered(13)]
    ended = follow(url, "-n", "0", "--template", "{state.n}", then=happening)
    assert (ended.exit_code, ended.stdout) == (130, "12\n13\n")
    assert re.fullmatch(
        r"esjournal: the server is gone; waiting for it\nesjournal: \S+ is available again\n", ended.stderr
    )


def test_a_reader_that_has_seen_enough_ends_it_quietly_when_the_next_event_comes(url: str) -> None:
    line = f"set -o pipefail; {shlex.join(COMMAND)} log -f -F ndjson | head -n 3"
    with subprocess.Popen(
        ["bash", "-c", line], env=environment(ESJOURNAL_URL=url), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(3):
            assert process.stdout.readline()
        # A program that writes to a pipe only notices on the next write that nothing reads it.
        append(url, *numbered(12))
        assert process.communicate(timeout=120) == (b"", b"")
        assert process.returncode == 0


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_without_a_word(url: str, number: int, code: int) -> None:
    with start("log", "-f", "-n", "1", url=url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b'{"n":11}\n')
        time.sleep(0.1)
        process.send_signal(number)
        assert process.communicate(timeout=120) == (b"", b"")
        assert process.returncode == code


def test_on_a_terminal_its_lines_fit_without_a_pager(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, [event(0, '{"long":"' + "x" * 200 + '\x1b[31m"}')])
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    terminal = {"stdin": secondary, "stdout": secondary, "stderr": secondary}
    cursor = tmp_path / "cursor"
    with start("log", "-f", "--cursor-file", str(cursor), url=sqlite_url, **terminal) as process:
        os.close(secondary)
        wait_until(lambda: cursor.exists() and kept(cursor).global_position == 1)
        append(sqlite_url, event(1, '{"new":true}'))
        wait_until(lambda: kept(cursor).global_position == 2)
        process.send_signal(signal.SIGINT)
        text = plain(read_terminal(primary).decode().replace("\r\n", "\n"))
        assert process.wait(120) == 130
    header, old, new = text.splitlines()
    assert header.startswith("position  recorded at (UTC)")
    assert " long=" in old
    assert new.endswith("  new=true")
    assert max(map(len, (header, old, new))) <= 80


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
