"""Files that commands write: never a file they read, or a database; complete or missing; no more rights than before."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from esjournal.exceptions import UnusableFile
from esjournal.interchange.outputfiles import replacing, sink, sync
from esjournal.journal.journal import initialise
from tests.helpers.events import event, sequence
from tests.helpers.loaded import command_of_nobody, loaded_command
from tests.helpers.otheruser import NOBODY, become
from tests.helpers.program import environment, invoke, refused
from tests.helpers.stores import execute, file_with, journal_with, stored

SOMEBODY = 65533


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a journal and a file of events, and other names for both."""
    monkeypatch.chdir(tmp_path)
    journal_with(f"sqlite:///{tmp_path}/J", sequence(3))
    file_with(tmp_path / "f.ndjson", [event(3)])
    for name in ("J", "f.ndjson"):
        (tmp_path / f"link-{name}").symlink_to(name)
    # A journal with a hard link is not written to.
    (tmp_path / "hard-f.ndjson").hardlink_to("f.ndjson")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {found.name: found.read_bytes() for found in folder.iterdir() if found.is_file()}


# Files that are being read, or already written


@pytest.mark.parametrize(
    "command",
    [
        *(f"--url J export -o {name}" for name in ("J", "./J", "link-J", "hard-J", "J-wal", "J-shm", "J-journal")),
        "--url sqlite:///J export --type X -o J",
        "--url link-J export -o J",
        "--url link-J export -o J-wal",
        "--url J export --cursor-file J",
        "--url J export -o e.ndjson --cursor-file e.ndjson",
        *(f"--url f.ndjson export --limit 1 -o {name}" for name in ("f.ndjson", "link-f.ndjson", "hard-f.ndjson")),
        "--url f.ndjson export --cursor-file hard-f.ndjson",
        "--url J log -f --cursor-file hard-J",
        *(f"--url J stats --{option} link-J" for option in ("svg", "html")),
        "--url J stats --svg s --html ./s",
        "--url f.ndjson stats --html f.ndjson",
        *(f"--url J import --{option} J f.ndjson" for option in ("rejects", "summary")),
        *(f"--url J import --{option} hard-f.ndjson f.ndjson" for option in ("rejects", "summary")),
        "--url J import --rejects f.ndjson *.ndjson",
        "--url J import --dry-run --rejects f.ndjson f.ndjson",
        "--url J import --rejects new.ndjson --summary ./new.ndjson f.ndjson",
        "--url J import hard-J",
        "copy J hard-J",
        "copy --dry-run J link-J",
        "copy --summary J-wal J new.ndjson",
        "copy --rejects hard-f.ndjson f.ndjson J",
        "copy --cursor-file new.ndjson J new.ndjson",
        "copy --no-verify --summary hard-J f.ndjson J",
    ],
)
def test_what_a_command_reads_or_writes_already_is_not_written(folder: Path, command: str) -> None:
    (folder / "hard-J").hardlink_to("J")
    before = contents(folder)
    ended = invoke(*command.split())
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.stderr
    assert re.fullmatch(
        r"esjournal: \S+ is named twice, as .* and as .*: name a separate file for each\n", ended.stderr
    )
    assert contents(folder) == before


@pytest.mark.parametrize(
    "command",
    [
        "--url J export -o new.ndjson --cursor-file new.cursor",
        "--url J import --rejects /dev/null --summary /dev/null f.ndjson",
        "--url J import --summary new.json f.ndjson link-f.ndjson",
        "--url J stats --svg new.svg --html new.html",
    ],
)
def test_files_of_their_own_are_taken(folder: Path, command: str) -> None:
    assert invoke(*command.split()).exit_code == 0


# Databases that the command does not read


@pytest.mark.parametrize("name", ["K.db", "./K.db", "link-K.db", "hard-K.db", "K.db-wal", "K.db-shm", "K.db-journal"])
@pytest.mark.parametrize(
    "command",
    [
        "--url J export -o {}",
        "--url f.ndjson export --limit 0 -o {}",
        "--url J export --cursor-file {}",
        "--url J import --rejects {} f.ndjson",
        "--url J import --dry-run --summary {} f.ndjson",
        "--url J stats --svg {}",
        "--url J stats --html {}",
        "copy --summary {} J new.ndjson",
        "copy --rejects {} f.ndjson J",
        "copy --cursor-file {} J new.ndjson",
    ],
)
def test_a_database_is_not_replaced(folder: Path, command: str, name: str) -> None:
    initialise("K.db")
    (folder / "link-K.db").symlink_to("K.db")
    (folder / "hard-K.db").hardlink_to("K.db")
    before = contents(folder)
    ended = invoke(*command.format(name).split())
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.stderr
    assert re.fullmatch(
        rf"esjournal: {name} is a (SQLite database, which \S+ would replace: name another file, or remove this one "
        rf"first|name that SQLite uses for the database \S+/K.db: name another file as \S+)\n",
        ended.stderr,
    )
    assert contents(folder) == before


def test_a_follower_replaces_no_database(folder: Path) -> None:
    initialise("K.db")
    refused(invoke("--url", "J", "log", "-f", "--cursor-file", "K.db"), 2, "K.db is a SQLite database, which --cursor")


@pytest.mark.parametrize("program", ["esjournal", "another"])
@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_a_copy_replaces_no_database_that_has_the_name_of_a_file_of_events(
    folder: Path, program: str, options: list[str]
) -> None:
    if program == "esjournal":
        initialise("sqlite:///K.ndjson")
    else:
        execute(f"sqlite:///{folder}/K.ndjson", "CREATE TABLE one (a)")
    before = contents(folder)
    refused(invoke("copy", *options, "J", "K.ndjson"), 2, "K.ndjson is a SQLite database, which TARGET would replace")
    assert contents(folder) == before


@pytest.mark.parametrize("content", [b"", b"-- text\n", bytes(1000)])
def test_another_file_that_is_named_like_a_database_is_replaced(folder: Path, content: bytes) -> None:
    (folder / "K.db").write_bytes(content)
    assert invoke("--url", "J", "export", "-o", "K.db").exit_code == 0
    assert (folder / "K.db").read_bytes().count(b"\n") == 3


# Names that cannot be written


@pytest.mark.parametrize("name", ["loop.ndjson", f"{'x' * 300}.ndjson", "missing/e.ndjson", "folder.ndjson"])
@pytest.mark.parametrize(
    "command",
    [
        "--url J export -o {}",
        "--url J export --cursor-file {}",
        "--url J import --rejects {} f.ndjson",
        "--url J import --summary {} f.ndjson",
        "--url J stats --svg {}",
        "--url J log -f --cursor-file {}",
        "copy J {}",
    ],
)
def test_a_name_that_cannot_be_written_is_one_clear_line(folder: Path, command: str, name: str) -> None:
    (folder / "loop.ndjson").symlink_to("loop.ndjson")
    (folder / "folder.ndjson").mkdir()
    before = contents(folder)
    ended = invoke(*command.format(name).split())
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.stderr
    assert re.fullmatch("esjournal: [^\n]+\n", ended.stderr)
    assert contents(folder) == before


@pytest.mark.parametrize("length", [240, 255])
def test_the_longest_names_can_be_written(tmp_path: Path, length: int) -> None:
    path = tmp_path / "é".ljust(length - 1, "x")
    with sink(str(path)) as stream:
        stream.write(b"a\n")
    assert [found.read_bytes() for found in tmp_path.iterdir()] == [b"a\n"]


def test_a_half_written_file_of_another_process_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    for _ in range(2):
        child = os.fork()
        if child == 0:
            with replacing(str(path)) as stream:
                stream.write(b"half")
                stream.flush()
                os._exit(0)
        os.waitpid(child, 0)
    with replacing(str(path)) as stream:
        stream.write(b"whole")
    assert path.read_bytes() == b"whole"


@pytest.mark.parametrize(
    "command",
    [
        ["--url", "J", "export", "-o", "NAME"],
        ["--url", "J", "import", "--rejects", "NAME", "bad"],
        ["--url", "J", "import", "NAME"],
        ["--url", "J", "stats", "--svg", "NAME"],
        ["--url", "J", "log", "--template", "{NAME}"],
        ["--url", "J", "export", "--cursor-file", "NAME/x"],
        ["--url", "NAME", "list"],
        ["--url", "NAME", "init"],
        ["--url", "J", "NAME"],
        ["--url", "J", "get", "NAME"],
        ["--url", "J", "log", "--where", "NAME"],
        ["diff", "J", "NAME"],
        ["copy", "J", "NAME"],
    ],
)
def test_no_name_makes_a_message_of_its_own(folder: Path, command: list[str]) -> None:
    (folder / "bad").write_text("bad\n")
    name = "a\nesjournal: forged\r\u2028esjournal: forged\x85esjournal: forged"
    ended = invoke(*(word.replace("NAME", name) for word in command))
    assert "forged" in ended.stderr
    lines = ended.stderr.splitlines()
    assert all(re.match("esjournal: (?!forged)", line) for line in lines), lines


# Modes and owners


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "e.ndjson"
    path.touch()
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize(
    "command",
    [
        "--url J export -o new --cursor-file new2",
        "--url J import --rejects new --summary new2 f.ndjson",
        "--url J stats --svg new --html new2",
        "copy J new.ndjson",
    ],
)
def test_a_new_file_is_for_its_owner_only(folder: Path, command: str) -> None:
    assert invoke(*command.split()).exit_code == 0
    assert {stat.S_IMODE(found.stat().st_mode) for found in folder.glob("new*")} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_is_replaced_keeps_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.touch()
    os.chown(path, NOBODY, SOMEBODY)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (NOBODY, SOMEBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_group_that_cannot_be_kept_gives_its_rights_to_no_other(shared: Path) -> None:
    path = shared / "e.ndjson"
    path.touch()
    path.chmod(0o664)
    shared.chmod(0o777)
    assert written_by(NOBODY, path) == 0
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (NOBODY, 0o604)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    "command",
    [
        "--url J import --summary {} f.ndjson",
        "--url J import --rejects {} f.ndjson",
        "copy --summary {} f.ndjson J",
        "copy --cursor-file {} J new.ndjson",
    ],
)
@pytest.mark.parametrize(
    ("mode", "owner", "reason"),
    [
        (0o755, None, "Permission denied"),
        (0o1777, 0, "only its owner may replace a file in the folder .*"),
    ],
)
def test_a_file_that_its_folder_does_not_allow_is_refused_before_anything_is_written(
    shared: Path, command: str, mode: int, owner: int | None, reason: str
) -> None:
    url = f"sqlite:///{shared}/J"
    initialise(url)
    os.chown(shared / "J", NOBODY, NOBODY)
    (shared / "J").chmod(0o600)
    file_with(shared / "f.ndjson", [event(3)]).chmod(0o644)
    closed = shared / "closed"
    closed.mkdir()
    if owner is not None:
        (closed / "out").touch()
        os.chown(closed / "out", owner, owner)
    closed.chmod(mode)
    words = [str(shared / word) if word[0] in "Jfn" else word for word in command.format(closed / "out").split()]
    ended = subprocess.run([*command_of_nobody(), *words], capture_output=True, text=True, env=environment())
    kept = (stored(url), sorted(found.name for found in shared.glob("new*")))
    shutil.rmtree(closed)
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    assert re.fullmatch(rf"esjournal: {closed}/out cannot be written: {reason}\n", ended.stderr)
    assert kept == ([], [])


# Links, in folders where everybody may make files


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("kind", ["link", "dangling", "file", "pipe"])
def test_what_another_user_put_into_a_folder_of_everybody_is_not_written(
    shared: Path, tmp_path: Path, kind: str
) -> None:
    planted, target = shared / "e.ndjson", tmp_path / "target"
    if kind == "link":
        target.touch()
    if kind in ("link", "dangling"):
        planted.symlink_to(target)
    elif kind == "file":
        planted.touch()
    else:
        os.mkfifo(planted)
    os.chown(planted, NOBODY, NOBODY, follow_symlinks=False)
    (tmp_path / "way").symlink_to(planted)
    for name in (planted, tmp_path / "way"):
        with pytest.raises(UnusableFile, match="belongs to another user, in a folder where everybody may write"):
            write(name)
    os.chown(planted, 0, 0, follow_symlinks=False)
    if kind != "pipe":
        write(planted)
        assert planted.read_bytes() == b"a\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--url {J} list", 5),
        ("--url {J} info", 5),
        ("--url sqlite:///{J} init", 5),
        ("--url {missing} init", 5),
        ("--url {J} append new 0 a#B {}", 5),
        ("--url {J} import f.ndjson", 5),
        ("--url {J} export -o new.ndjson", 5),
        ("--url {J} log -f", 5),
        ("copy {J} new.ndjson", 5),
        ("copy f.ndjson {J}", 5),
        ("diff J {J}", 5),
        ("--url {f.ndjson} list", 2),
        ("--url J import {f.ndjson}", 2),
        ("--url J append new 0 a#B @{f.ndjson}", 2),
        ("diff J {f.ndjson}", 2),
    ],
)
def test_no_command_follows_another_users_link_in_a_folder_of_everybody(
    shared: Path, folder: Path, command: str, code: int
) -> None:
    for name in ("J", "f.ndjson", "missing"):
        (shared / name).symlink_to(folder / name)
        os.chown(shared / name, NOBODY, NOBODY, follow_symlinks=False)
        command = command.replace(f"{{{name}}}", str(shared / name))
    before = contents(folder)
    ended = invoke(*command.split())
    assert (ended.exit_code, ended.stdout) == (code, ""), ended.stderr
    assert re.fullmatch(
        rf"esjournal: [^\n]*cannot be read: {shared}/\S+ is a link of another user, in a folder where everybody may "
        rf"write: name the file that it leads to, if you trust it[^\n]*\n",
        ended.stderr,
    )
    assert contents(folder) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("owner", "folder_owner", "mode", "is_followed"),
    [
        (NOBODY, 0, 0o1777, True),
        (0, 0, 0o1777, True),
        (SOMEBODY, SOMEBODY, 0o1777, True),
        (SOMEBODY, 0, 0o777, True),
        (SOMEBODY, 0, 0o1755, True),
        (SOMEBODY, 0, 0o1777, False),
        (0, SOMEBODY, 0o1777, False),
    ],
)
def test_links_are_followed_as_the_kernel_follows_them(
    shared: Path, owner: int, folder_owner: int, mode: int, is_followed: bool
) -> None:
    journal_with(f"sqlite:///{shared}/J", sequence(3))
    os.chown(shared / "J", NOBODY, NOBODY)
    for name, target, its_owner in (("link", "J", owner), ("way", "link", NOBODY), ("folder", ".", SOMEBODY)):
        (shared / name).symlink_to(target)
        os.chown(shared / name, its_owner, its_owner, follow_symlinks=False)
    os.chown(shared, folder_owner, folder_owner)
    shared.chmod(mode)
    assert invoke("--url", str(shared / "J"), "list").exit_code == 0
    # The kernel checks no link among the folders of a path.
    assert listed_by_nobody(shared / "folder" / "J") == (0, "")
    for name in ("link", "way"):
        code, error = listed_by_nobody(shared / name)
        assert (code, "is a link of another user" in error) == ((0, False) if is_followed else (5, True)), error


def test_a_link_remains_a_link_to_the_written_file(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to(tmp_path / "file")
    for _ in range(2):
        write(tmp_path / "one")
        assert (tmp_path / "one").is_symlink()
        assert (tmp_path / "file").read_bytes() == b"a\n"


# What is synced to disk, and in which order


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced, `file` or `folder`, and the new names of files, in order."""
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        happened.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        happened.append(target.name)
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    return happened


def test_a_files_name_is_durable_before_the_cursor_has_its_own(folder: Path, happened: list[str]) -> None:
    assert invoke(*["--url", "J", "export", "-o", "new.ndjson", "--cursor-file", "c"]).exit_code == 0
    assert happened == ["file", "new.ndjson", "folder", "file", "c", "folder"]


def test_a_file_that_a_shell_opened_is_durable_too(folder: Path, happened: list[str]) -> None:
    with (folder / "new.ndjson").open("wb") as opened:
        stream = f"/dev/fd/{opened.fileno()}"
        assert invoke("--url", "J", "export", "-o", stream, "--cursor-file", "c").exit_code == 0
    assert happened == ["file", "folder", "file", "c", "folder"]


def test_standard_output_is_durable_with_its_name(folder: Path, happened: list[str]) -> None:
    with (folder / "new.ndjson").open("wb") as stdout:
        stdout.write(b"{}")
        sync(stdout)
        assert (folder / "new.ndjson").read_bytes() == b"{}"
    (folder / "new.ndjson").unlink()
    assert happened == ["file", "folder"]


# Streams that are already open


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("{} --url J export -o /dev/stdout | wc -l", 0, "3\n"),
        ("{} --url J export -o /dev/fd/1 | wc -l", 0, "3\n"),
        ("{} --url J export -o /proc/self/fd/1 | head -n 1 | wc -l", 0, "1\n"),
        (
            "mkfifo p; wc -l < p > count & counting=$!; {} --url J export -o >(cat > p); wait $counting; cat count",
            0,
            "3\n",
        ),
        ("(echo before; {} --url J export -o /dev/stdout; echo after) >> all; wc -l < all", 0, "5\n"),
        ("ln -s /dev/stdout way; {} --url J export -o way | wc -l; test -L way", 0, "3\n"),
        ("{} --url J export -o /dev/fd/9 9>nine; wc -l < nine", 0, "3\n"),
        ("{} --url J export -o /dev/fd/9", 2, ""),
        ("{} --url J import --rejects /dev/stderr bad 2>&1 | grep -c '\"reject\":{{'", 3, "1\n"),
        ("{} --url J import --summary /dev/stdout f.ndjson | grep -c appended", 0, "1\n"),
        ("{} --url J import --rejects >(exec true) many", 5, ""),
        ("{} copy J /dev/stdout | cat", 5, ""),
        ("{} copy J -", 2, ""),
        ("{} copy - J", 2, ""),
        ("{} copy J way.ndjson | cat", 2, ""),
        ("{} copy --no-verify J way.ndjson | wc -l", 0, "3\n"),
        ("mkfifo p; {} --url p list", 5, ""),
        ("mkfifo p; {} --url J export --cursor-file p", 2, ""),
    ],
)
def test_open_streams_and_pipes_are_written_to_and_never_read_again(
    folder: Path, line: str, code: int, out: str
) -> None:
    (folder / "bad").write_text("bad\n")
    (folder / "many").write_text("{}\n" * 100_000)
    (folder / "way.ndjson").symlink_to("/dev/stdout")
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.format(shlex.join(loaded_command()))],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (code, out), ended.stderr
    assert "|" in line or code == 0 or re.fullmatch("(esjournal: [^\n]+\n)+", ended.stderr), ended.stderr
    assert len(stored("J")) == 3 + ("f.ndjson" in line)


def write(path: Path) -> None:
    with sink(str(path)) as stream:
        stream.write(b"a\n")


def listed_by_nobody(path: Path) -> tuple[int, str]:
    """List a journal as another user, in a process of its own, and return its exit code and what it says.

    That user may not be able to read our modules, so they must have been loaded.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            become(NOBODY)
            ended = invoke("--url", str(path), "list")
            os.write(writing, ended.stderr.encode())
            code = ended.exit_code
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as messages:
        said = messages.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def written_by(user: int, path: Path) -> int:
    """Write a file as another user, in a process of its own, and return its exit code."""
    child = os.fork()
    if child == 0:
        try:
            become(user)
            write(path)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
