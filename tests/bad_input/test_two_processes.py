"""Bad files and damaged journals end a command in two processes as they end it in one."""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from typer.testing import Result

from esjournal.interchange import ndjson, secondprocess
from esjournal.journal.inspect import everysequence
from esjournal.journal.read import secondreader
from tests.helpers.events import event
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with, stored

IDS = [f"{n:08x}-0000-0000-0000-000000000000" for n in range(40)]
EVENTS = [event(version, f'{{"n":{version}}}', of=each) for version, each in product(range(30), IDS)]
LINES = ndjson.lines_of(EVENTS, omitted=frozenset({"global_position"})).encode().splitlines(keepends=True)
MIDDLE = len(LINES) // 2

BAD_FILES = {
    "half a line.ndjson": b"".join(LINES)[:-10],
    "not JSON.ndjson": b"".join([*LINES[:MIDDLE], b"{\n", *LINES[MIDDLE:]]),
    "not UTF-8.ndjson": b"".join([*LINES[:MIDDLE], b"\xff\n", *LINES[MIDDLE:]]),
    "not an event.ndjson": b"".join([*LINES[:MIDDLE], LINES[0].replace(b"originator_id", b"id"), *LINES[MIDDLE:]]),
    "a conflict.ndjson": b"".join([*LINES, LINES[7].replace(b'"n":0', b'"n":1')]),
    "a damaged seal.ndjson": b"".join([*LINES, b'{"esjournal_seal":{"events":1200,"chain":"00"}}\n']),
    "cut off.ndjson.gz": gzip.compress(b"".join(LINES), mtime=0)[:-20],
    "damaged.ndjson.gz": gzip.compress(b"".join(LINES), mtime=0)[:3_000] + bytes(2_000),
}
IMPORTS = [["import"], ["import", "--dry-run"], ["import", "--commit-every", "70"], ["import", "--rejects", "r.ndjson"]]
LEAVES = "SELECT pageno FROM dbstat WHERE name = 'stored_events' AND pagetype = 'leaf'"
READERS = [["export"], ["export", "--seal"], ["list"], ["verify"], ["diff", "other.db"], ["query", "from sequences"]]


def use(monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    """Let every command use a number of processes, however little there is to do."""
    monkeypatch.setattr(secondprocess, "WORTH_IT_BYTES", 1)
    monkeypatch.setattr(secondprocess, "second_process_pays", lambda busy=1: processes == 2)
    monkeypatch.setattr(secondreader, "second_process_pays", lambda: processes == 2)
    monkeypatch.setattr(secondreader, "EVENTS_FOR_TWO", 1)
    monkeypatch.setattr(everysequence, "FEW_SEQUENCES", 1)
    monkeypatch.setattr(everysequence, "EVENTS_OF_A_PART", 50)


def how_it_ended(result: Result) -> tuple[int, str]:
    assert "Traceback" not in result.stderr
    return result.exit_code, re.sub(r", [\d.]+ s, [\d,]+/s", "", result.stderr)


@pytest.mark.parametrize("command", IMPORTS, ids=" ".join)
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(BAD_FILES[name])
    found = []
    for processes in (1, 2):
        use(monkeypatch, processes)
        url = journal_with(f"{processes}.db", [])
        result = invoke(*command, name, url=url)
        rejects = Path("r.ndjson")
        put_aside = rejects.read_text() if rejects.exists() else None
        found.append((how_it_ended(result), [one[:4] for one in stored(url)], put_aside))
        rejects.unlink(missing_ok=True)
    one, two = found
    assert one == two
    assert one[0][0] in (3, 4)


def half_zeroed(path: Path, which: float) -> None:
    """Zero half of a page of the events, at a fraction of its pages."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [(size,)] = connection.execute("PRAGMA page_size")
        pages = connection.execute(LEAVES).fetchall()
    number = pages[int(which * (len(pages) - 1))][0]
    content = bytearray(path.read_bytes())
    content[number * size - size // 2 : number * size] = bytes(size // 2)
    path.write_bytes(content)


def far_away(path: Path, which: float) -> None:
    """Move the event at a fraction of the positions far after all others."""
    with closing(sqlite3.connect(path)) as connection:
        position = int(which * (len(EVENTS) - 1)) + 1
        connection.execute(f"UPDATE stored_events SET global_position = {2**62} WHERE global_position = {position}")
        connection.commit()


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize("which", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("damage", [half_zeroed, far_away])
def test_a_damaged_journal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path, float], None],
    which: float,
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "journal.db"
    for url in ("journal.db", "other.db"):
        journal_with(url, EVENTS)
    damage(path, which)
    found = []
    for processes in (1, 2):
        use(monkeypatch, processes)
        found.append(how_it_ended(invoke(*command, url=str(path))))
    assert found[0] == found[1]
    if damage is half_zeroed and command[0] == "export":
        assert found[0][0] == 5


def test_a_damaged_page_among_sequences_that_are_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.db"
    journal_with(str(path), EVENTS)
    half_zeroed(path, 0.5)
    use(monkeypatch, 2)
    # Looking up first and last events does not read the page.
    assert invoke("list", url=str(path)).exit_code == 0
    monkeypatch.setattr(everysequence, "LONG_SEQUENCE", 1_000)
    result = invoke("list", url=str(path))
    assert (result.exit_code, result.stdout) == (5, "")
    assert "is damaged: originator_id 'None' is NoneType, not str; " in result.stderr
