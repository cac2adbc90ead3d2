"""`each`: what its command gets, when the cursor moves, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import Result

from esjournal.domain.model.recordedevent import RecordedEvent
from esjournal.journal.cursor import Cursor, cursor_at, save_cursor
from esjournal.journal.journal import open_journal
from tests.helpers.events import OTHER_ID, event, sequence
from tests.helpers.program import COMMAND, environment, invoke, refused
from tests.helpers.stores import file_with, journal_with, stored

PATIENCE = 60
NOT_THE_THIRD = """
cat > "$HANDLED.now"
! grep -q '"state":{"n":2}' "$HANDLED.now" && cat "$HANDLED.now" >> "$HANDLED"
"""
SLEEP, SAVE = "esjournal.cli.running.each.sleep", "esjournal.cli.running.each.save_cursor"
Each = Callable[..., Result]


@pytest.fixture
def url(store_url: str) -> str:
    """A journal of 5 events."""
    return journal_with(store_url, sequence(5))


@pytest.fixture
def cursor(tmp_path: Path) -> Path:
    return tmp_path / "cursor"


@pytest.fixture
def handled(tmp_path: Path) -> Path:
    """The file that `sh` of `script` appends to."""
    return tmp_path / "handled"


@pytest.fixture
def each(cursor: Path, handled: Path, monkeypatch: pytest.MonkeyPatch) -> Each:
    """Run `each` in this process, with a script as its command, and without pauses."""
    monkeypatch.setattr(SLEEP, lambda seconds: None)
    monkeypatch.setenv("HANDLED", str(handled))
    monkeypatch.setenv("CURSOR", str(cursor))

    def run(url: str, *options: str, script: str = 'cat >> "$HANDLED"') -> Result:
        return invoke("--url", url, "each", "--cursor-file", str(cursor), *options, "--", "sh", "-c", script)

    return run


def append(url: str, *events: RecordedEvent) -> None:
    with open_journal(url) as journal:
        journal.events.append(list(events))


def kept(path: Path) -> Cursor:
    return Cursor(**json.loads(path.read_text()))


def expected(url: str, position: int) -> Cursor:
    with open_journal(url) as journal:
        return cursor_at(journal, position)


def positions(file: Path) -> list[int]:
    return [json.loads(line)["global_position"] for line in file.read_text().splitlines()] if file.exists() else []


def quiet(result: Result, code: int = 0) -> None:
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "")


# What the command gets


def test_the_command_gets_each_event_as_export_writes_it_and_in_order(url: str, each: Each, handled: Path) -> None:
    quiet(each(url))
    assert handled.read_text() == invoke("export", url=url).stdout


def test_the_next_run_begins_with_the_first_event_that_was_not_there(
    url: str, each: Each, cursor: Path, handled: Path
) -> None:
    quiet(each(url))
    assert kept(cursor) == expected(url, 5)
    quiet(each(url))
    append(url, event(5))
    quiet(each(url))
    assert positions(handled) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (6, [5])])
def test_a_batch_has_as_many_events_as_were_asked_for_and_the_last_one_the_rest(
    url: str, each: Each, cursor: Path, handled: Path, size: int, sizes: list[int]
) -> None:
    quiet(each(url, "--batch", str(size), script='wc -l >> "$HANDLED"'))
    assert [int(line) for line in handled.read_text().splitlines()] == sizes
    assert kept(cursor) == expected(url, 5)


def test_an_empty_journal_is_handled(store_url: str, each: Each, cursor: Path, handled: Path) -> None:
    journal_with(store_url, [])
    quiet(each(store_url))
    assert not handled.exists()
    assert kept(cursor) == expected(store_url, 0)


def test_the_cursor_is_after_the_last_event_before_the_command_starts(url: str, each: Each, handled: Path) -> None:
    quiet(each(url, script='cat "$CURSOR" >> "$HANDLED"'))
    assert positions(handled) == [0, 1, 2, 3, 4]


def test_a_command_need_not_read_what_it_gets(sqlite_url: str, each: Each, cursor: Path) -> None:
    """More than fits into a pipe."""
    journal_with(sqlite_url, [event(0, f'{{"a":"{"x" * 1_000_000}"}}'), event(1)])
    quiet(each(sqlite_url, script="exec <&-"))
    assert kept(cursor) == expected(sqlite_url, 2)


def test_what_follows_the_first_word_of_the_command_is_its_own(sqlite_url: str, cursor: Path, tmp_path: Path) -> None:
    journal_with(sqlite_url, sequence(1))
    out = tmp_path / "out"
    program = "import sys; open(sys.argv[1], 'w').write(repr(sys.argv[2:]))"
    options = ["-g", "nothing", "--batch", "--", "--url"]
    quiet(
        invoke("--url", sqlite_url, "each", "--cursor-file", str(cursor), "python3", "-c", program, str(out), *options)
    )
    assert out.read_text() == repr(options)


# Which events


SELECTED: list[tuple[list[str], list[int]]] = [
    (["--id", OTHER_ID], [3, 4]),
    (["--type", "b"], [4]),
    (["--where", "n > 0", "--id", OTHER_ID[:6]], [4]),
    (["-g", '"n":1'], [2, 4]),
    (["--name", "none-*"], []),
    (["--since", "2026-02-01"], []),
    (["--since", "2026-01-31T12:00Z", "--type", "b"], [4]),
]


@pytest.mark.parametrize(("options", "wanted"), SELECTED)
def test_only_wanted_events_are_handled_and_the_cursor_passes_the_others(
    store_url: str, each: Each, cursor: Path, handled: Path, options: list[str], wanted: list[int]
) -> None:
    others = [event(0, '{"n":0}', of=OTHER_ID), event(1, '{"n":1}', of=OTHER_ID, event_type="b")]
    journal_with(store_url, [*sequence(2), *others, event(2, '{"n":7}')])
    quiet(each(store_url, *options))
    assert positions(handled) == wanted
    assert kept(cursor) == expected(store_url, 5)


def test_the_cursor_passes_no_event_that_was_not_handled(url: str, each: Each, cursor: Path) -> None:
    refused(
        each(url, "--where", "n >= 3", "--retries", "0", script="exit 1"), 6, "global position 4: sh exited with 1;"
    )
    assert kept(cursor).global_position < 4


# When it fails


def test_a_command_that_fails_is_tried_again_after_growing_pauses(
    url: str, each: Each, cursor: Path, handled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(SLEEP, pauses.append)
    result = each(url, script='cat >> "$HANDLED"; exit 7')
    said = [f"esjournal: global position 1: sh exited with 7; trying again in {pause} s" for pause in (1, 2, 4, 8, 16)]
    *retried, last = result.stderr.splitlines()
    assert (result.exit_code, retried, pauses) == (6, said, [1, 2, 4, 8, 16])
    assert last == (
        f"esjournal: global position 1: sh exited with 7 at the last of 6 tries; {cursor} stays before it: run the "
        f"same command again, or add --failed FILE to put such events aside"
    )
    assert positions(handled) == [1] * 6
    assert kept(cursor) == expected(url, 0)


def test_no_pause_is_longer_than_a_minute(sqlite_url: str, each: Each, monkeypatch: pytest.MonkeyPatch) -> None:
    journal_with(sqlite_url, sequence(1))
    pauses: list[float] = []
    monkeypatch.setattr(SLEEP, pauses.append)
    assert each(sqlite_url, "--retries", "9", script="exit 1").exit_code == 6
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_command_that_succeeds_at_the_third_try_goes_on(url: str, each: Each, cursor: Path, handled: Path) -> None:
    script = 'cat >> "$HANDLED"; [ "$(wc -l < "$HANDLED")" -ge 3 ]'
    result = each(url, script=script)
    assert (result.exit_code, result.stderr.count("trying again")) == (0, 2)
    assert positions(handled) == [1, 1, 1, 2, 3, 4, 5]
    assert kept(cursor) == expected(url, 5)


def test_the_events_before_the_one_that_failed_are_not_handled_again(url: str, each: Each, handled: Path) -> None:
    assert each(url, "--retries", "0", script=NOT_THE_THIRD).exit_code == 6
    message = "global position 3: sh was ended by SIGKILL; "
    refused(each(url, "--retries", "0", script="kill -9 $$"), 6, message)
    quiet(each(url))
    assert positions(handled) == [1, 2, 3, 4, 5]


def test_a_batch_that_failed_is_named_by_its_first_and_last_event(url: str, each: Each) -> None:
    result = each(url, "--batch", "3", "--retries", "0", script="exit 200")
    refused(result, 6, re.escape("global positions 1 to 3 (3 events): sh exited with 200; "))


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("esjournal-nonesuch", 127, "there is no such command"),
        ("./nonesuch", 127, "there is no such command"),
        ("./plain", 126, "it is not an executable file"),
        ("/", 126, "it is not an executable file"),
        ("./broken", 127, "No such file or directory"),
        ("./unknown", 126, "Exec format error"),
    ],
)
def test_a_command_that_cannot_be_started_ends_it_as_a_shell_says(
    sqlite_url: str, cursor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int, reason: str
) -> None:
    journal_with(sqlite_url, sequence(1))
    monkeypatch.chdir(tmp_path)
    for name, text, mode in (("plain", "", 0o600), ("broken", "#!/nonesuch\n", 0o700), ("unknown", "?", 0o700)):
        Path(name).write_text(text)
        Path(name).chmod(mode)
    result = invoke("--url", sqlite_url, "each", "--cursor-file", str(cursor), "--failed", "f.ndjson", "--", command)
    refused(result, code, f"{re.escape(command)} cannot be started: {reason}")
    assert not cursor.exists() or kept(cursor).global_position == 0
    assert not Path("f.ndjson").exists()


# Putting events aside


def test_an_event_that_failed_is_put_aside_and_the_others_are_handled(
    url: str, each: Each, cursor: Path, handled: Path, tmp_path: Path
) -> None:
    failed = tmp_path / "failed.ndjson"
    result = each(url, "--retries", "1", "--failed", str(failed), script=NOT_THE_THIRD)
    again = f"`esjournal --url {failed} each --cursor-file {failed}.cursor -- COMMAND`"
    assert (result.exit_code, result.stderr.splitlines()) == (
        6,
        [
            "esjournal: global position 3: sh exited with 1; trying again in 1 s",
            f"esjournal: global position 3: sh exited with 1 at the last of 2 tries; put into {failed}",
            f"esjournal: 1 event is in {failed}: {again} reads it",
        ],
    )
    assert positions(handled) == [1, 2, 4, 5]
    assert failed.read_text() == invoke("export", url=url).stdout.splitlines(keepends=True)[2]
    assert failed.stat().st_mode & 0o777 == 0o600
    assert kept(cursor) == expected(url, 5)


def test_events_put_aside_are_on_the_disk_before_the_cursor_moves(
    url: str, each: Each, cursor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = tmp_path / "failed.ndjson"
    seen: list[tuple[int, bool]] = []
    synced: set[int] = set()
    fsync, save = os.fsync, save_cursor

    def noting_fsync(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    def noting_save(path: str, cursor: Cursor) -> None:
        seen.append((len(positions(failed)), failed.exists() and failed.stat().st_ino in synced))
        synced.clear()
        save(path, cursor)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(SAVE, noting_save)
    assert each(url, "--retries", "0", "--batch", "2", "--failed", str(failed), script="exit 1").exit_code == 6
    assert seen == [(0, False), (2, True), (4, True), (5, True)]


def test_import_and_each_read_what_was_put_aside(
    url: str, each: Each, handled: Path, tmp_path: Path, sqlite_url: str
) -> None:
    failed = tmp_path / "failed.ndjson"
    for _ in range(2):
        # As after a kill between the file and the cursor: the events are there twice.
        assert each(url, "--retries", "0", "--failed", str(failed), script=NOT_THE_THIRD).exit_code in (0, 6)
    failed.write_text(failed.read_text() * 2)
    options = ["--cursor-file", f"{failed}.cursor", "--", "sh", "-c", 'cat > "$HANDLED"']
    quiet(invoke("--url", str(failed), "each", *options))
    assert json.loads(handled.read_text())["state"] == {"n": 2}
    target = str(tmp_path / "target.db")
    journal_with(target, [])
    assert invoke("import", str(failed), url=target).exit_code == 0
    assert [each.originator_version for each in stored(target)] == [2]


@pytest.mark.parametrize(
    ("failed", "message"),
    [
        ("failed.csv", "would be read as something else: name an .ndjson file"),
        ("failed.ndjson.gz", "would be read as something else"),
        ("failed", "would be read as something else"),
        ("-", "would be read as something else"),
        ("nonesuch/failed.ndjson", "cannot be written"),
    ],
)
def test_a_file_that_could_not_be_read_again_is_refused_before_anything_is_done(
    sqlite_url: str, each: Each, cursor: Path, handled: Path, failed: str, message: str
) -> None:
    journal_with(sqlite_url, sequence(1))
    refused(each(sqlite_url, "--failed", failed), 2, message)
    assert not cursor.exists()
    assert not handled.exists()


# Files, and cursors that do not fit


def test_a_file_is_read_as_a_journal_and_its_cursor_counts_its_events(
    tmp_path: Path, each: Each, cursor: Path, handled: Path
) -> None:
    file = file_with(tmp_path / "e.ndjson", sequence(3))
    quiet(each(str(file)))
    quiet(each(str(file)))
    with file.open("a") as stream:
        stream.write(file_with(tmp_path / "f.ndjson", [event(3)]).read_text())
    quiet(each(str(file)))
    assert positions(handled) == [1, 2, 3, 4]
    file_with(file, [event(9)])
    refused(each(str(file)), 2, f"{cursor} is at global position 4, where .* has no event")


def test_a_file_cannot_be_followed(tmp_path: Path, each: Each) -> None:
    file = file_with(tmp_path / "e.ndjson", sequence(1))
    refused(each(str(file), "--follow"), 2, "is a file, and --follow follows journals")


def test_a_cursor_of_another_journal_is_refused(sqlite_url: str, tmp_path: Path, each: Each, handled: Path) -> None:
    quiet(each(journal_with(sqlite_url, sequence(1))))
    refused(each(journal_with(str(tmp_path / "other.db"), sequence(1))), 2, "is a cursor of the journal")
    assert positions(handled) == [1]


@pytest.mark.parametrize("role", ["cursor", "lock", "failed"])
def test_no_file_of_the_journal_is_written(tmp_path: Path, role: str) -> None:
    path = tmp_path / ("a.lock" if role == "lock" else "a.ndjson")
    url = f"sqlite:///{journal_with(f'sqlite:///{path}', sequence(1)).removeprefix('sqlite:///')}"
    before = path.read_bytes()
    cursor = {"cursor": str(path), "lock": str(tmp_path / "a"), "failed": str(tmp_path / "c")}[role]
    options = ["--failed", str(path)] if role == "failed" else []
    refused(invoke("--url", url, "each", "--cursor-file", cursor, *options, "--", "true"), 2, "is named twice")
    assert path.read_bytes() == before


# Processes


class Running:
    """`each` as a process, whose command is a script."""

    def __init__(self, url: str, cursor: Path, *options: str, script: str) -> None:
        arguments = ["--url", url, "each", "--cursor-file", str(cursor), *options, "--", "sh", "-c", script]
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], env=environment(), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors

    def kill(self) -> None:
        """Kill it; its command may go on."""
        self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def waiting(handled: Path) -> str:
    """A script that says which process it is, and waits for a file."""
    return f"echo $$ >> {handled}; until [ -e {handled}.go ]; do sleep 0.05; done"


def pid_in(handled: Path) -> int:
    wait_for(lambda: handled.exists() and handled.read_text().endswith("\n"))
    return int(handled.read_text().splitlines()[-1])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_lets_the_command_end_and_starts_no_other(
    url: str, cursor: Path, handled: Path, number: int, code: int
) -> None:
    each = Running(url, cursor, script=waiting(handled))
    pid_in(handled)
    each.process.send_signal(number)
    time.sleep(0.2)
    assert each.process.poll() is None
    Path(f"{handled}.go").touch()
    assert each.ended() == (code, "")
    assert kept(cursor) == expected(url, 1)
    assert len(handled.read_text().splitlines()) == 1


@pytest.mark.parametrize("ignoring", ["", "trap '' TERM; "], ids=["ends", "ignores"])
def test_more_signals_end_the_command_and_the_cursor_stays(
    sqlite_url: str, cursor: Path, handled: Path, ignoring: str
) -> None:
    journal_with(sqlite_url, sequence(2))
    each = Running(sqlite_url, cursor, "--failed", f"{handled}.ndjson", script=ignoring + waiting(handled))
    pid = pid_in(handled)
    for _ in range(3 if ignoring else 2):
        time.sleep(0.3)
        each.process.send_signal(signal.SIGTERM)
    assert each.ended() == (143, "")
    assert not is_running(pid)
    assert kept(cursor) == expected(sqlite_url, 0)
    assert not Path(f"{handled}.ndjson").exists()


def test_a_signal_in_a_pause_ends_it_at_once(sqlite_url: str, cursor: Path, handled: Path) -> None:
    journal_with(sqlite_url, sequence(1))
    each = Running(sqlite_url, cursor, "--retries", "99", script=f"echo $$ >> {handled}; exit 1")
    wait_for(lambda: handled.exists() and len(handled.read_text().splitlines()) == 3)
    began = time.monotonic()
    each.process.terminate()
    code, _ = each.ended()
    assert code == 143
    assert time.monotonic() - began < 3
    assert kept(cursor) == expected(sqlite_url, 0)


def test_a_second_process_on_a_cursor_is_refused_even_if_only_the_command_of_the_first_is_left(
    sqlite_url: str, each: Each, cursor: Path, handled: Path
) -> None:
    journal_with(sqlite_url, sequence(1))
    first = Running(sqlite_url, cursor, script=waiting(handled))
    pid = pid_in(handled)
    message = f"{cursor} is in use: another `esjournal each`"
    refused(each(sqlite_url), 2, message)
    first.kill()
    assert is_running(pid)
    refused(each(sqlite_url), 2, message)
    Path(f"{handled}.go").touch()
    wait_for(lambda: each(sqlite_url, script="true").exit_code == 0)
    assert kept(cursor) == expected(sqlite_url, 1)


@pytest.mark.parametrize("options", [[], ["--batch", "3"]], ids=["one by one", "batches"])
def test_new_events_are_handled_as_they_come(url: str, cursor: Path, handled: Path, options: Sequence[str]) -> None:
    each = Running(url, cursor, "--follow", *options, script=f"cat >> {handled}")
    for version in (5, 6):
        wait_for(lambda: len(positions(handled)) == version)  # noqa: B023
        append(url, event(version))
    wait_for(lambda: kept(cursor) == expected(url, 7))
    assert positions(handled) == [1, 2, 3, 4, 5, 6, 7]
    each.process.send_signal(signal.SIGINT)
    assert each.ended() == (130, "")
