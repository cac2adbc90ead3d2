"""What only shows in a real process: pipes, signals, start-up, and what a kill leaves."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from esjournal.interchange import ndjson
from esjournal.journal.journal import initialise
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.loaded import loaded_command
from tests.helpers.program import COMMAND, RUN, environment, loaded, run, start
from tests.helpers.stores import file_with, journal_with, stored

pytestmark = pytest.mark.long

IMPORTED = 20_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_with(tmp_path_factory.mktemp("many") / "events.ndjson", generated(IMPORTED))


@pytest.fixture
def large(sqlite_url: str) -> str:
    """A journal whose output is too large for a pipe."""
    return journal_with(sqlite_url, sequence(20_000))


def test_the_program_and_the_module_are_the_same(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("esjournal")
    ended = [
        subprocess.run([*command, "get"], capture_output=True, text=True, env=environment(), check=False)
        for command in ([script], COMMAND)
    ]
    assert {(one.returncode, one.stdout, one.stderr) for one in ended} == {
        (2, "", "esjournal: Missing argument 'ID' (see esjournal get --help)\n")
    }


def test_the_url_may_stand_in_the_environment(store_url: str) -> None:
    assert run("init", env=environment(ESJOURNAL_URL=store_url)).returncode == 0
    assert run("append", ID, "0", "a", "{}", env=environment(ESJOURNAL_URL=store_url)).stdout == "1\n"


# Pipes


@pytest.mark.parametrize(
    "command", [["export"], ["export", "-F", "csv"], ["get", ID], ["get", ID, "-F", "json"], ["get", ID, "-F", "csv"]]
)
def test_a_reader_that_has_seen_enough_ends_the_program_quietly(large: str, command: list[str]) -> None:
    with start(*command, url=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait(120)) == (b"", 0)


@pytest.mark.parametrize("command", ["{} export | head -n 1", "{} get " + ID + " | head -n 1", "{} --help | true"])
def test_head_gets_its_lines_and_stderr_is_empty(large: str, command: str) -> None:
    line = "set -o pipefail; " + command.format(f"{sys.executable} -m esjournal")
    ended = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment(ESJOURNAL_URL=large), check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("\n") == ("head" in command)


@pytest.mark.parametrize(
    "command",
    [
        ["export"],
        ["export", "-o", "/dev/full"],
        ["get", ID],
        ["get", ID, "-F", "json"],
        ["init", "--sql"],
        ["--help"],
        ["get", "--help"],
        ["--version"],
    ],
)
def test_an_output_that_is_full_ends_with_5_and_the_cause(sqlite_url: str, command: list[str]) -> None:
    journal_with(sqlite_url, sequence(3))
    with Path("/dev/full").open("w") as full:
        ended = run(*command, url=sqlite_url, stdout=full, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (
        5,
        "esjournal: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("redirection", "code", "message"),
    [
        (f"{command} >&-", 5, "the output cannot be written: it is closed")
        for command in ("export", "export -o /dev/stdout", f"get {ID}", "log", "list", "verify --digest", "--help")
    ]
    + [
        (f"{command} <&-", 2, "standard input cannot be read: it is closed")
        for command in ("import -", "append -", "append new 0 a -", "import --dry-run -")
    ]
    + [
        (f"{command} {stream} <&-", 2, f"{stream.removeprefix('@')} cannot be read: it is closed")
        for command, stream in (
            ("import", "/dev/stdin"),
            ("import --dry-run", "/dev/fd/0"),
            ("import --commit-every 1", "/proc/self/fd/0"),
            ("append new 0 a", "@/dev/stdin"),
        )
    ]
    + [("import /dev/stdout >&-", 2, "/dev/stdout cannot be read: it is closed")]
    + [
        (f"export -o {stream} {closed}", 5, "the output cannot be written: it is closed")
        for stream, closed in (("/dev/fd/0", "<&-"), ("/proc/self/fd/1", ">&-"))
    ]
    + [
        # Nothing would be written.
        (f"export --after 1 -o {stream} >&-", 5, "the output cannot be written: it is closed")
        for stream in ("-", "/dev/stdout")
    ]
    + [
        ("verify >&-", 0, "1 event verified: sound.*"),
        ("get 9b300b13-0000-4000-8000-000000000000 >&-", 1, "nothing found: .*"),
        ("export -o x.ndjson >&- <&-", 0, "exported 1 event to x.ndjson"),
    ],
)
def test_a_closed_stream_is_not_an_empty_one(
    sqlite_url: str, tmp_path: Path, redirection: str, code: int, message: str
) -> None:
    journal_with(sqlite_url, sequence(1))
    ended = in_shell(redirection, ESJOURNAL_URL=sqlite_url, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert re.fullmatch(f"esjournal: {message}\n", ended.stderr)
    assert len(stored(sqlite_url)) == 1


def test_a_link_to_a_closed_stream_is_not_an_empty_file(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, sequence(1))
    (tmp_path / "way.ndjson").symlink_to("/dev/stdin")
    for command in ("import way.ndjson", "--url way.ndjson list"):
        ended = in_shell(f"{command} <&-", ESJOURNAL_URL=sqlite_url, folder=tmp_path)
        assert (ended.returncode, ended.stderr) == (2, "esjournal: way.ndjson cannot be read: it is closed\n")


@pytest.mark.parametrize(
    ("command", "descriptor"),
    [("export -o", 3), ("export -o", 5), ("import bad --rejects", 4), ("import bad --summary", 3), ("stats --svg", 3)],
)
def test_a_descriptor_that_is_not_open_at_the_start_is_never_the_journal(
    sqlite_url: str, tmp_path: Path, command: str, descriptor: int
) -> None:
    journal_with(sqlite_url, sequence(1))
    (tmp_path / "bad").write_text("bad\n")
    path = f"/dev/fd/{descriptor}"
    ended = in_shell(f"{command} {path}", ESJOURNAL_URL=sqlite_url, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (2, f"esjournal: {path} cannot be written: it is closed\n")
    assert len(stored(sqlite_url)) == 1


@pytest.mark.parametrize(("to", "reason"), [(">&-", "it is closed"), (">/dev/full", "No space left on device")])
def test_an_append_whose_answer_cannot_be_printed_says_that_it_is_stored(sqlite_url: str, to: str, reason: str) -> None:
    journal_with(sqlite_url, sequence(1))
    ended = in_shell(f"append new 0 a '{{}}' {to}", ESJOURNAL_URL=sqlite_url)
    stored_as = stored(sqlite_url)[-1].originator_id
    assert (ended.returncode, ended.stderr) == (
        5,
        f"esjournal: stored as {stored_as}, but that cannot be written to standard output: {reason}\n",
    )


@pytest.mark.parametrize(
    ("command", "to", "code", "count"),
    [
        *(
            ("import --rejects r.ndjson --summary s.json mixed.ndjson", to, 3, 4)
            for to in ("2>/dev/full", "2>&-", "2> >(exec true)")
        ),
        ("import --max-rejects 0 --rejects r.ndjson mixed.ndjson", "2>/dev/full", 3, 3),
        (f"append {ID} 0 other '{{}}'", "2>/dev/full", 4, 3),
        ("export -o e.ndjson --cursor-file c", "2>/dev/full", 0, 3),
        ("copy journal.db new.ndjson --cursor-file c --summary s.json", "2>/dev/full", 0, 3),
        ("get 9b300b13-0000-4000-8000-000000000000", "2>/dev/full", 1, 3),
        ("export --nothing", "2>/dev/full", 2, 3),
    ],
)
def test_a_message_that_cannot_be_printed_changes_nothing(
    tmp_path: Path, command: str, to: str, code: int, count: int
) -> None:
    outcomes = []
    for folder, redirection in (("printed", "2>messages"), ("lost", to)):
        (tmp_path / folder).mkdir()
        journal_with(f"sqlite:///{tmp_path / folder}/journal.db", sequence(3))
        line = ndjson.line_of(event(0, of=OTHER_ID)._replace(global_position=1))
        (tmp_path / folder / "mixed.ndjson").write_text(f"{line}\nbad\n")
        url = "" if command.startswith("copy") else f"sqlite:///{tmp_path / folder}/journal.db"
        ended = in_shell(f"{command} {redirection}", ESJOURNAL_URL=url, folder=tmp_path / folder)
        files = {found.name for found in (tmp_path / folder).iterdir()} - {"messages"}
        outcomes.append((ended.returncode, len(ended.stdout), files))
        assert len(stored(f"sqlite:///{tmp_path / folder}/journal.db")) == count
    assert outcomes[0][0] == code
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "append new 0 a @/dev/zero",
            "/dev/zero has more than 67,108,864 bytes, the most that append takes as a state",
        ),
        ("append new 0 a - </dev/zero", "standard input has more than 67,108,864 bytes, the most .* as a state"),
        (
            "append - </dev/zero",
            "standard input:1: there are more than 67,108,864 bytes: `esjournal import` accepts any number",
        ),
        ("append - < <(yes '')", "standard input:[0-9]+: there are more than 67,108,864 bytes: .*"),
        ("append - < <(yes '{event}' | gzip)", "standard input:[0-9]+: there are more than 67,108,864 bytes: .*"),
    ],
)
def test_an_append_without_an_end_is_refused(sqlite_url: str, line: str, message: str) -> None:
    journal_with(sqlite_url, sequence(1))
    given = line.format(event=ndjson.line_of(event(1)._replace(global_position=1)))
    ended = in_shell(f"{given}", ESJOURNAL_URL=sqlite_url, limit="ulimit -v 2000000; ")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert re.fullmatch(f"esjournal: {message}\n", ended.stderr)
    assert len(stored(sqlite_url)) == 1


def in_shell(
    arguments: str, *, folder: Path | None = None, limit: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    # A limit of the shell does not reach a copy.
    program = shlex.join(COMMAND if limit else loaded_command())
    line = f"{limit}{program} {arguments}"
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
        cwd=folder,
        timeout=60,
        check=False,
    )


def test_export_to_import_is_one_pipe_from_one_database_to_the_other(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    journal_with(sqlite_url, generated(3_000))
    initialise(postgres_url)
    program = shlex.join(loaded_command())
    line = f"set -o pipefail; {program} --url '{sqlite_url}' export | {program} --url '{postgres_url}' import -"
    assert subprocess.run(["bash", "-c", line], env=environment(), capture_output=True, check=False).returncode == 0
    assert stored(postgres_url) == stored(sqlite_url)


def test_get_prints_its_first_rows_before_it_has_read_the_last(sqlite_url: str) -> None:
    # The reader takes one page only, so the pipe is full and the program waits; meanwhile the end changes.
    journal_with(sqlite_url, sequence(30_000))
    with start("get", ID, "-F", "ndjson", url=sqlite_url, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["originator_version"] == 0
        time.sleep(0.3)
        assert run("append", ID, "30000", "a", "{}", url=sqlite_url).returncode == 0
        rest = process.stdout.read().splitlines()
        assert process.wait(120) == 0
    assert json.loads(rest[-1])["originator_version"] == 30_000


# Start-up

HEAVY = ("sqlalchemy", "rich", "psycopg", "msgspec", "zstandard", "cryptography", "pydantic")


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded("import esjournal.cli.app").isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["get", "--help"], ["--version"], ["bogus"]])
def test_help_and_wrong_usage_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(RUN, *arguments).isdisjoint(HEAVY)


def test_an_append_to_sqlite_loads_no_more_than_it_needs(sqlite_url: str) -> None:
    initialise(sqlite_url)
    modules = loaded(RUN, "append", ID, "0", "a", "{}", "--url", sqlite_url)
    assert len(stored(sqlite_url)) == 1
    assert "sqlalchemy" in modules
    assert modules.isdisjoint({"rich", "psycopg", "sqlalchemy.orm", "msgspec", "zstandard", "cryptography"})


def test_a_get_into_a_pipe_loads_no_rich(sqlite_url: str) -> None:
    journal_with(sqlite_url, sequence(1))
    assert "rich" not in loaded(RUN, "get", ID, "--url", sqlite_url)


# Signals


@pytest.fixture
def importing(store_url: str, many: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An import that has begun, and waits for the rest of its input."""
    journal_with(store_url, sequence(1))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start("import", "-", url=store_url, **pipes) as process:
        assert process.stdin is not None
        process.stdin.write(many.read_bytes()[:2_000_000])
        process.stdin.flush()
        # Everything but the content of the pipe has been read, so the first chunks are in the transaction.
        time.sleep(0.2)
        yield process


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (signal.SIGINT, 130, b"esjournal: interrupted; uncommitted changes were rolled back\n"),
        (signal.SIGTERM, 143, b""),
    ],
)
def test_a_signal_during_an_import_leaves_nothing_of_it(
    store_url: str, importing: subprocess.Popen[bytes], number: int, code: int, message: bytes
) -> None:
    importing.send_signal(number)
    assert importing.stderr is not None
    assert (importing.wait(120), importing.stderr.read()) == (code, message)
    assert len(stored(store_url)) == 1
    assert run("append", ID, "next", "a", "{}", url=store_url).stdout == "2\n"


def test_a_signal_during_an_export_leaves_no_file(large: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with start("export", "-o", str(folder / "e.ndjson.gz"), url=large, stderr=subprocess.PIPE) as process:
        while not list(folder.iterdir()):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert list(folder.iterdir()) == []


LOADING_IS_INTERRUPTED = """
import signal, sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from esjournal.__main__ import main

class Interrupter(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "MODULE":
            # As Python does while it compiles.
            with suppress(BaseException):
                signal.raise_signal(NUMBER)

sys.meta_path.insert(0, Interrupter())
main()
"""


@pytest.mark.parametrize("module", ["esjournal.cli.app", "esjournal.cli.running.append"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_the_program_loads_ends_it_at_once_and_without_a_traceback(
    sqlite_url: str, module: str, number: int
) -> None:
    program = LOADING_IS_INTERRUPTED.replace("NUMBER", str(int(number))).replace("MODULE", module)
    command = [sys.executable, "-c", program, "append", "new", "0", "a", "{}", "--url", journal_with(sqlite_url, [])]
    process = subprocess.run(command, capture_output=True, timeout=120)
    assert (process.returncode, process.stdout, process.stderr) == (128 + number, b"", b"")
    assert stored(sqlite_url) == []


WORK_IS_INTERRUPTED = """
import signal
from esjournal.__main__ import main
from esjournal.journal import journal

class Held:
    def __del__(self):
        signal.raise_signal(NUMBER)

class Field:
    def __set_name__(self, owner, name):
        signal.raise_signal(NUMBER)

def open_journal(*arguments):
    STATEMENT
    signal.pause()

journal.open_journal = open_journal
main()
"""


def interrupted_at_work(statement: str, number: int, url: str) -> tuple[int, bytes, bytes]:
    program = WORK_IS_INTERRUPTED.replace("STATEMENT", statement).replace("NUMBER", str(int(number)))
    command = [sys.executable, "-c", program, "append", ID, "0", "a", "{}", "--url", url]
    process = subprocess.run(command, capture_output=True, timeout=120)
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, b"esjournal: interrupted; uncommitted changes were rolled back\n"),
        (signal.SIGTERM, 143, b""),
    ],
)
def test_an_interrupt_that_python_loses_ends_the_program_all_the_same(
    sqlite_url: str, number: int, code: int, said: bytes
) -> None:
    assert interrupted_at_work("Held()", number, sqlite_url) == (code, b"", said)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_while_a_class_is_created_gives_no_traceback(sqlite_url: str, number: int, code: int) -> None:
    assert interrupted_at_work('type("Class", (), {"field": Field()})', number, sqlite_url) == (code, b"", b"")


A_STATEMENT_IS_INTERRUPTED = """
import os, signal, threading
from esjournal.__main__ import main
from esjournal.infrastructure.sqlalchemy.sqlite.session import SQLiteSession

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

def endless_rows(session, select, parameters=(), rows=SQLiteSession.rows):
    threading.Timer(0.1, os.kill, (os.getpid(), NUMBER)).start()
    return rows(session, ENDLESS)

SQLiteSession.rows = endless_rows
main()
"""


@pytest.mark.parametrize("command", [["get", ID], ["log", "-f"]])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_of_a_statement_of_sqlite_ends_the_program_as_that_signal_does(
    sqlite_url: str, command: list[str], number: int, code: int
) -> None:
    journal_with(sqlite_url, sequence(1))
    program = A_STATEMENT_IS_INTERRUPTED.replace("NUMBER", str(int(number)))
    process = subprocess.run(
        [sys.executable, "-c", program, "--url", sqlite_url, *command], capture_output=True, timeout=120
    )
    assert (process.returncode, process.stdout) == (code, b"")


FORKING_IS_INTERRUPTED = """
import os, signal
from esjournal.__main__ import main

def interrupted_fork(fork=os.fork):
    process = fork()
    signal.raise_signal(signal.SIGINT)
    return process

os.fork = interrupted_fork
main()
"""


def test_an_interrupt_of_both_processes_of_an_import_is_one_line(sqlite_url: str, tmp_path: Path) -> None:
    journal_with(sqlite_url, sequence(1))
    file = file_with(tmp_path / "events.ndjson", generated(40_000))
    command = [sys.executable, "-c", FORKING_IS_INTERRUPTED, "--url", sqlite_url, "import", str(file)]
    process = subprocess.run(command, capture_output=True, timeout=120, env=environment())
    assert (process.returncode, process.stdout) == (130, b"")
    assert process.stderr == b"esjournal: interrupted; uncommitted changes were rolled back\n"
    assert len(stored(sqlite_url)) == 1


# Kills


def test_a_kill_of_an_import_leaves_everything_or_nothing_and_the_same_command_completes_it(
    store_url: str, many: Path
) -> None:
    initialise(store_url)
    data = many.read_bytes()
    for attempt in range(1, 21):
        with start("import", "-", url=store_url, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdin is not None
            # The last five get the whole file, and are killed while they end.
            process.stdin.write(data[: len(data) * attempt // 15])
            if attempt >= 15:
                process.stdin.close()
                time.sleep(0.02 * (attempt - 15))
            process.kill()
        assert len(stored(store_url)) in ((0, IMPORTED) if attempt >= 15 else (0,))
    ended = run("import", str(many), url=store_url)
    assert ended.returncode == 0
    positions = [found.global_position for found in stored(store_url)]
    assert positions == list(range(1, IMPORTED + 1))


def test_a_kill_of_an_append_leaves_every_acknowledged_event_and_no_part_of_a_batch(store_url: str) -> None:
    initialise(store_url)
    batch = 3
    acknowledged = 0
    for attempt in range(20):
        lines = "".join(
            f'{{"originator_id":"{ID}","originator_version":{attempt * batch + n},"event_type":"a","state":{{}}}}\n'
            for n in range(batch)
        )
        with start("append", "-", url=store_url, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(lines.encode())
            process.stdin.close()
            time.sleep(0.1 + 0.02 * attempt)
            process.kill()
            assert process.stdout is not None
            if process.stdout.read():
                acknowledged += batch
    events = stored(store_url)
    assert len(events) >= acknowledged
    assert len(events) % batch == 0
    assert [found.global_position for found in events] == list(range(1, len(events) + 1))
    assert run("append", ID, "next", "a", "{}", url=store_url).stdout == f"{len(events) + 1}\n"


@pytest.mark.parametrize("state", ["{}", "-"])
def test_an_append_that_was_acknowledged_outlives_a_kill_at_once(store_url: str, state: str) -> None:
    journal_with(store_url, [event(0)])
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with start("append", ID, "1", "a", state, url=store_url, **pipes) as process:
        assert process.stdin is not None
        process.stdin.write(b"{}")
        process.stdin.close()
        assert process.stdout is not None
        assert process.stdout.readline() == b"2\n"
        process.kill()
    assert len(stored(store_url)) == 2
