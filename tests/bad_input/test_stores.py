"""Stores that are not journals or cannot be written: exit code 5 with the cause, no file changed, no secret shown."""

from __future__ import annotations

import bz2
import ctypes
import gzip
import lzma
import re
import resource
import stat
import sys
import threading
import traceback
from pathlib import Path

import pytest
import zstandard

from esjournal.exceptions import EsjournalError, StoreFull, StoreLocked
from esjournal.journal.journal import initialise, open_journal, open_temporary_journal
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.program import invoke, run
from tests.helpers.stores import execute, file_with, journal_with, stored

COMMANDS = [
    ["export"],
    ["get", ID],
    ["list"],
    ["log"],
    ["history", ID],
    ["stats"],
    ["verify"],
    ["diff"],
    ["info"],
    ["append", ID, "0", "a", "{}"],
    ["import", "-"],
]
every_command = pytest.mark.parametrize("command", [*COMMANDS, ["init"]], ids=lambda command: command[0])
commands_but_init = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


def refused(url: str, command: list[str], message: str) -> None:
    result = invoke("diff", url, url) if command == ["diff"] else invoke(*command, url=url, input="")
    assert (result.exit_code, result.stdout) == (5, ""), result.stderr
    assert re.fullmatch(f"esjournal: [^\n]*{message}[^\n]*\n", result.stderr), result.stderr


# Existing stores that are not journals


@every_command
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello, world\n", "is not a SQLite database"),
        (b"x", "is not a SQLite database"),
        (b"\0" * 4096, "is not a SQLite database"),
    ],
    ids=["text", "one byte", "zeros"],
)
def test_a_file_that_is_not_a_database_is_left_byte_for_byte(
    tmp_path: Path, command: list[str], content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    refused(str(path), command, message)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


LINE = b'{"originator_id":"9b300b13-4410-51bf-85ca-234c8cea73da","originator_version":0,"event_type":"a","state":{}}\n'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("j.db.xz", lzma.compress(b"a"), "compressed by xz: unpack it first: `xz -dc {} > {folder}/j.db`"),
        ("j.db", bz2.compress(b"a"), "compressed by bzip2: unpack it first: `bzip2 -dc {} > {}.unpacked`"),
        (
            "e.ndjson.lz4",
            b"\x04\x22\x4d\x18rest",
            "compressed by lz4: unpack it first: `lz4 -dc {} > {folder}/e.ndjson`",
        ),
        ("j.zip", b"PK\x03\x04j.db", "a zip archive: unpack it first: `unzip -p {} > {folder}/j`"),
        (
            "j.db.gz",
            gzip.compress(b"SQLite format 3\0" + b"a" * 100),
            "a SQLite database, compressed by gzip: unpack it first: `gzip -dc {} > {folder}/j.db`",
        ),
        ("j.tar.zst", zstandard.compress(b"a"), "compressed by zstd: unpack it first: `zstd -dc {} > {folder}/j.tar`"),
        ("cut.gz", gzip.compress(b"a" * 9)[:12], "compressed by gzip: unpack it first: `gzip -dc {} > {folder}/cut`"),
        ("e", LINE, "NDJSON: `esjournal import {}` reads it"),
        ("e.log.gz", gzip.compress(LINE), "NDJSON, compressed by gzip: `esjournal import {}` reads it"),
        (
            "e.txt",
            b'"originator_id",originator_version,event_type,state\n',
            "CSV: `esjournal import --format csv {}` reads it",
        ),
        (
            "f.txt",
            b"originator_id;originator_version;event_type;state\n",
            "CSV: `esjournal import --format csv --delimiter ';' {}` reads it",
        ),
        (
            "e.txt",
            LINE.decode().encode("utf-16"),
            "text in UTF-16: `esjournal import --encoding UTF-16 {}` reads it",
        ),
        ("e.pdf", b"%PDF-1.7", "a PDF: convert it to NDJSON or CSV"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
@pytest.mark.parametrize("command", ["list", "init", "info", "copy", "copy to", "diff"])
def test_another_file_is_named_with_the_command_that_uses_it(
    tmp_path: Path, command: str, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    journal = journal_with(f"sqlite:///{tmp_path / 'good.db'}", sequence(1))
    arguments = {
        "copy": ["copy", str(path), journal],
        "copy to": ["copy", journal, str(path)],
        "diff": ["diff", journal, str(path)],
    }.get(command, ["--url", str(path), command])
    result = invoke(*arguments)
    expected = message.replace("{folder}", str(tmp_path)).replace("{}", str(path))
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == f"esjournal: {path} is {expected}\n"
    assert path.read_bytes() == content


def test_a_file_with_a_wal_beside_it_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another connection of this process may have locks on it, which closing it would drop."""
    path = tmp_path / "j.db"
    path.write_bytes(lzma.compress(b"a"))
    (tmp_path / "j.db-wal").write_bytes(b"a")
    monkeypatch.setattr(Path, "open", None)
    refused(str(path), ["list"], "is not a SQLite database: name another file")


@every_command
def test_the_database_of_another_program_is_left_byte_for_byte(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "other.db"
    execute(f"sqlite:///{path}", "CREATE TABLE stored_events (a)", "INSERT INTO stored_events VALUES (1)")
    content = path.read_bytes()
    refused(str(path), command, "is another program's SQLite database")
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["other.db"]


@every_command
def test_a_folder_is_not_a_journal(tmp_path: Path, command: list[str]) -> None:
    refused(str(tmp_path), command, "is a folder: name a file in it")
    assert list(tmp_path.iterdir()) == []


@commands_but_init
def test_a_missing_journal_is_not_made_by_any_command_but_init(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "journal.db"
    refused(str(path), command, f"nothing is at {path}: run `esjournal --url {path} init`")
    assert list(tmp_path.iterdir()) == []


@every_command
def test_a_folder_that_is_missing_is_not_made(tmp_path: Path, command: list[str]) -> None:
    refused(str(tmp_path / "missing" / "journal.db"), command, "")
    assert list(tmp_path.iterdir()) == []


@commands_but_init
def test_a_store_without_a_journal_says_what_to_run(store_url: str, command: list[str]) -> None:
    if store_url.startswith("sqlite"):
        Path(store_url.removeprefix("sqlite:///")).touch()
    refused(store_url, command, "has no journal yet: run `esjournal (--url .* init`|init` on the same --url)")


@every_command
def test_a_journal_of_a_newer_schema_is_refused_and_left_alone(store_url: str, command: list[str]) -> None:
    journal_with(store_url, sequence(1))
    execute(store_url, "UPDATE esjournal SET schema_version = 99")
    refused(store_url, command, "has schema version 99, and this esjournal knows versions up to 2: upgrade esjournal")
    execute(store_url, "UPDATE esjournal SET schema_version = 1")
    assert len(stored(store_url)) == 1


def test_a_foreign_table_of_the_same_name_is_left_alone(postgres_url: str) -> None:
    schema = postgres_url.rsplit("=", 1)[1]
    execute(postgres_url.replace(f"schema={schema}", "schema=public"), f'CREATE SCHEMA "{schema}"')
    execute(postgres_url, "CREATE TABLE stored_events (a integer)", "INSERT INTO stored_events VALUES (7)")
    refused(postgres_url, ["init"], "has a table stored_events that esjournal did not make: name another database")
    execute(postgres_url, "DELETE FROM stored_events WHERE a = 7", "DROP TABLE stored_events")


# The same for either side of a copy


def copy_refused(good: str, bad: str, code: int, message: str) -> None:
    """Check that a store is refused as the source and as the target of a copy, and that nothing is written."""
    for arguments in ((bad, good), (good, bad)):
        result = invoke("copy", *arguments)
        assert (result.exit_code, result.stdout) == (code, ""), result.stderr
        assert re.fullmatch(f"esjournal: [^\n]*{message}[^\n]*\n", result.stderr), result.stderr
    assert len(stored(good)) == 3


def test_copy_leaves_a_file_that_is_not_a_journal_as_it_is(tmp_path: Path) -> None:
    good, bad = journal_with(str(tmp_path / "good.db"), sequence(3)), tmp_path / "bad"
    copy_refused(good, str(bad), 5, "nothing is at .* init")
    bad.write_bytes(b"hello, world\n")
    copy_refused(good, str(bad), 5, "is not a SQLite database")
    assert bad.read_bytes() == b"hello, world\n"
    bad.unlink()
    execute(f"sqlite:///{bad}", "CREATE TABLE stored_events (a)")
    content = bad.read_bytes()
    copy_refused(good, str(bad), 5, "is another program's SQLite database")
    assert bad.read_bytes() == content
    copy_refused(good, str(tmp_path), 5, "is a folder")
    copy_refused(good, "", 2, "the URL is empty")
    copy_refused(good, "mysql://me@localhost/shop", 2, "journals are in SQLite or PostgreSQL")


def test_copy_refuses_a_newer_schema_and_a_store_without_a_journal_on_either_side(
    store_url: str, tmp_path: Path
) -> None:
    good = journal_with(str(tmp_path / "good.db"), sequence(3))
    if store_url.startswith("sqlite"):
        Path(store_url.removeprefix("sqlite:///")).touch()
    copy_refused(good, store_url, 5, "has no journal yet")
    initialise(store_url)
    execute(store_url, "UPDATE esjournal SET schema_version = 99")
    copy_refused(good, store_url, 5, "upgrade esjournal")


def test_of_a_damaged_source_nothing_is_copied(tmp_path: Path) -> None:
    source, target = journal_with(str(tmp_path / "a.db"), generated(2_000)), journal_with(str(tmp_path / "b.db"), [])
    execute(f"sqlite:///{source}", "UPDATE stored_events SET state = CAST(x'ff' AS TEXT) WHERE global_position = 1500")
    for place in (target, str(tmp_path / "e.ndjson")):
        result = invoke("copy", source, place)
        assert (result.exit_code, result.stdout) == (5, "")
        assert result.stderr == (
            f"esjournal: sqlite:///{source} is damaged: a text is not UTF-8; restore it from a backup\n"
        )
    assert stored(target) == []
    assert not (tmp_path / "e.ndjson").exists()


# What cannot be written


def without_privileges() -> None:
    """Make file modes apply to root too: drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH for commands (Linux)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.long
@pytest.mark.parametrize("read_only", ["file", "folder"])
def test_a_read_only_journal_is_read_and_not_written(tmp_path: Path, read_only: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "journal.db"
    journal_with(str(path), sequence(2))
    path.chmod(0o400 if read_only == "file" else 0o600)
    folder.chmod(0o500 if read_only == "folder" else 0o700)
    content = path.read_bytes()
    try:
        assert run("export", url=str(path), preexec_fn=without_privileges).stdout.count("\n") == 2
        for command in (["append", ID, "2", "a", "{}"], ["import", "-"]):
            line = f'{{"originator_id":"{ID}","originator_version":2,"event_type":"a","state":{{}}}}'
            ended = run(*command, url=str(path), preexec_fn=without_privileges, input=line)
            assert (ended.returncode, ended.stdout) == (5, "")
            assert re.fullmatch("esjournal: .* cannot be written: the file or its folder is read-only\n", ended.stderr)
        other = journal_with(str(tmp_path / "other.db"), sequence(3))
        assert run("copy", str(path), other, preexec_fn=without_privileges).returncode == 0
        ended = run("copy", other, str(path), preexec_fn=without_privileges)
        assert ended.returncode == 5
        assert re.fullmatch("esjournal: .* cannot be written: the file or its folder is read-only\n", ended.stderr)
        assert path.read_bytes() == content
    finally:
        folder.chmod(0o700)


def test_a_journal_in_a_read_only_folder_is_not_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    ended = run("init", url=str(tmp_path / "journal.db"), preexec_fn=without_privileges)
    tmp_path.chmod(0o700)
    assert (ended.returncode, ended.stderr) == (
        5,
        f"esjournal: {tmp_path / 'journal.db'} cannot be made: Permission denied\n",
    )


def test_a_full_disk_ends_an_import_with_the_cause_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_with(str(path), sequence(1))
    events = file_with(tmp_path / "events.ndjson", generated(20_000))

    def with_small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    ended = run("import", str(events), url=str(path), preexec_fn=with_small_files)
    assert ended.returncode == 5
    assert re.fullmatch("esjournal: sqlite:///.*\n", ended.stderr)
    assert len(stored(str(path))) == 1


def test_a_temporary_journal_that_is_full_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", "")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with open_temporary_journal() as journal:
        with journal.events.session.writing_connection() as connection:
            connection.execute("PRAGMA max_page_count=1")
        with pytest.raises(
            StoreFull, match=f"^{re.escape(str(tmp_path))} has no room .* in the variable SQLITE_TMPDIR$"
        ):
            journal.events.append(generated(2_000))
        monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path / "none"))
        monkeypatch.delenv("TMPDIR")
        with pytest.raises(StoreFull, match=r"^/var/tmp has no room"):
            journal.events.append(generated(2_000))


def test_a_store_that_is_full_says_so_and_takes_events_again_when_it_is_not(store_url: str) -> None:
    journal_with(store_url, sequence(1))
    with open_journal(store_url) as journal:
        if store_url.startswith("sqlite"):
            with journal.events.session.writing_connection() as connection:
                connection.execute("PRAGMA max_page_count=1")
        else:
            execute(
                store_url,
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
                "CREATE TRIGGER full_disk BEFORE INSERT ON stored_events EXECUTE FUNCTION full_disk()",
            )
        with pytest.raises(StoreFull, match="cannot grow"):
            journal.events.append([event(n, '{"a":"' + "x" * 2_000 + '"}') for n in range(1, 50)])
        if store_url.startswith("sqlite"):
            with journal.events.session.writing_connection() as connection:
                connection.execute("PRAGMA max_page_count=1000000")
        else:
            execute(store_url, "DROP TRIGGER full_disk ON stored_events")
        assert list(journal.events.append(event(1))) == [2]


def test_a_lock_held_by_another_is_waited_for_up_to_the_timeout(store_url: str) -> None:
    journal_with(store_url, sequence(1))
    held = threading.Event()
    release = threading.Event()

    def hold() -> None:
        with open_journal(store_url) as journal, journal.events.transaction() as transaction:
            transaction.append([event(1)])
            held.set()
            release.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(60)
        impatient = f"{store_url}{'&' if '?' in store_url else '?'}timeout=0.3"
        with open_journal(impatient) as journal, pytest.raises(StoreLocked):
            journal.events.append(event(5))
        result = invoke("append", ID, "5", "a", "{}", url=impatient)
        assert result.exit_code == 5
        assert "was locked by others for 0.3 seconds: try again, or wait longer with ?timeout=SECONDS" in result.stderr
        # Reading waits for no lock, and sees what was committed.
        assert len(stored(store_url)) == 1
    finally:
        release.set()
        thread.join()
    assert invoke("append", ID, "5", "a", "{}", url=impatient).exit_code == 0


def test_a_new_journal_is_its_owners_alone_and_so_is_its_wal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    initialise(str(path))
    with open_journal(str(path)) as journal:
        journal.events.append(event(0))
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}


def test_an_error_of_the_database_quotes_no_state(store_url: str) -> None:
    journal_with(store_url, sequence(1))
    if store_url.startswith("sqlite"):
        check = "SELECT RAISE(ABORT, 'refused') WHERE NEW.state LIKE '%payload%'"
        execute(store_url, f"CREATE TRIGGER no_payload BEFORE INSERT ON stored_events BEGIN {check}; END")
    else:
        execute(store_url, "ALTER TABLE stored_events ADD CHECK (state NOT LIKE '%payload%')")
    result = invoke("append", ID, "1", "a", '{"a":"payload"}', url=store_url)
    assert result.exit_code == 3
    assert "payload" not in result.stderr.replace("no_payload", "")
    assert len(stored(store_url)) == 1


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "esjournal.infrastructure.sqlalchemy.postgresql.session", None)
    refused("postgresql://127.0.0.1:1/db", ["export"], "needs psycopg, which cannot be loaded .*: install it with")


# Secrets

CANARY = "tweety-c4n4ry"
# Nothing listens on port 1.
ADDRESSES = [
    (5, f"postgresql://ada:{CANARY}@127.0.0.1:1/db"),
    (5, f"postgres://ada:{CANARY}@127.0.0.1:1/db"),
    (5, f"postgresql://127.0.0.1:1/db?password={CANARY}"),
    (2, f"postgresql://ada:{CANARY}@127.0.0.1:1/db?sslmode=nonsense"),
    (5, f"postgresql://ada:{CANARY}@[/db"),
    (2, f"postgresql://127.0.0.1:1/db?passwd={CANARY}"),
    (2, f"postgresql://127.0.0.1:1/db?PASSWORD={CANARY}"),
    (2, f"postgresql://ada:{CANARY}@127.0.0.1:port/db"),
    (2, f"postgresql://ada:x@{CANARY}@127.0.0.1:1/db"),
    (2, f"postgresql://ada:{CANARY}@127.0.0.1:1/db?timeout=soon"),
    (5, f"postgresql://ada:{CANARY}@127.0.0.1:1/db?schema=a-b"),
    (2, f"postgresql://ada:{CANARY}@127.0.0.1:1/db?password=a&password={CANARY}"),
    (2, f"postgresql+psycopg2://ada:{CANARY}@127.0.0.1/db"),
    (2, f"mysql://ada:{CANARY}@127.0.0.1/db"),
    (2, f"nonsense://ada:{CANARY}@127.0.0.1/db"),
    (2, f"sqlite://ada:{CANARY}@host/db"),
    (2, f"ada:{CANARY}@127.0.0.1/db"),
    (2, f"postgresql:/ada:{CANARY}@127.0.0.1/db"),
]


@pytest.mark.parametrize(("code", "url"), ADDRESSES)
def test_a_password_is_in_no_output(code: int, url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    for command in (["init"], ["export"], ["append", ID, "0", "a", "{}"]):
        result = invoke(*command, url=url)
        assert result.exit_code == code, result.stderr
        assert result.stderr.count("\n") == 1
        assert CANARY not in result.output + caplog.text


@pytest.mark.parametrize(("code", "url"), ADDRESSES)
def test_a_password_is_in_no_traceback(code: int, url: str) -> None:
    with pytest.raises(EsjournalError) as caught, open_journal(url):
        pass
    frames = traceback.format_exception(caught.value)
    assert CANARY not in "".join(frames)
    assert CANARY not in repr(caught.value)


def test_a_wrong_password_is_not_printed(postgres_server: str) -> None:
    # A server that trusts everybody does not ask for the password, so the test uses a role that does not exist.
    url = re.sub(r"//[^@/]*@", f"//nobody:{CANARY}@", postgres_server, count=1)
    result = invoke("export", url=url)
    assert result.exit_code == 5
    assert result.stderr.startswith("esjournal: postgresql://nobody:***@")
    assert CANARY not in result.output


def test_the_sql_that_is_printed_names_no_password() -> None:
    assert CANARY not in invoke("init", "--sql", url=f"postgresql://ada:{CANARY}@127.0.0.1:1/db").output
