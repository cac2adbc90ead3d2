"""A user who may read a SQLite journal, but not write it or make files beside it, while its owner writes."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.events import event
from tests.helpers.loaded import command_of_nobody
from tests.helpers.program import append_in_a_shell, environment, run
from tests.helpers.stores import file_with, journal_with

PATIENCE = 60.0
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user"),
]


@pytest.fixture
def journal() -> Iterator[Path]:
    """A journal of 3,000 events that everybody may read, in a folder that only its owner may write."""
    folder = Path(tempfile.mkdtemp(prefix="esjournal-"))
    folder.chmod(0o755)
    path = folder / "journal.db"
    journal_with(str(path), [event(version, json.dumps({"nonce": str(version)})) for version in range(3_000)])
    path.chmod(0o644)
    yield path
    shutil.rmtree(folder)


@contextmanager
def as_reader(*arguments: str, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (
        output.open("wb") as stdout,
        subprocess.Popen(
            [*command_of_nobody(), *arguments], stdout=stdout, stderr=subprocess.PIPE, env=environment(), cwd=Path.cwd()
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def read_by_reader(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command_of_nobody(), *arguments], capture_output=True, text=True, env=environment(), timeout=PATIENCE
    )


def positions(text: str) -> list[int]:
    return [json.loads(line)["global_position"] for line in text.splitlines()]


def test_a_journal_that_nobody_writes_is_read_without_making_files_beside_it(journal: Path) -> None:
    for command in (["list"], ["info"], ["verify"], ["stats"], ["log", "-n", "3"], ["export"], ["diff", str(journal)]):
        url = [str(journal)] if command[0] == "diff" else ["--url", str(journal)]
        result = read_by_reader(*command, *url)
        assert result.returncode == 0, (command, result.stderr)
        assert [file.name for file in journal.parent.iterdir()] == ["journal.db"]
    assert "journal mode" not in read_by_reader("info", "--url", str(journal)).stdout


def test_an_export_during_an_import_has_every_event_once_in_order_or_says_that_it_has_not(
    journal: Path, tmp_path: Path
) -> None:
    file = file_with(tmp_path / "more.ndjson", [event(version) for version in range(3_000, 20_000)])
    output = tmp_path / "out.ndjson"
    for _ in range(5):
        with as_reader("--url", str(journal), "export", output=output) as reader:
            imported = run("import", "--commit-every", "500", str(file), url=str(journal))
            reader.wait(PATIENCE)
        assert imported.returncode == 0, imported.stderr
        found = positions(output.read_text()[: output.read_text().rfind("\n") + 1])
        assert found == list(range(1, len(found) + 1))
        if reader.returncode == 0:
            assert len(found) >= 3_000
        else:
            assert reader.returncode == 5
            assert reader.stderr is not None
            assert b"was written to while it was read" in reader.stderr.read()


def test_pages_that_are_read_slowly_while_others_write_are_every_event_once(journal: Path) -> None:
    command = [*command_of_nobody(), "--url", str(journal), "export"]
    # The pipe is full after some pages, and the export continues when the writing is done.
    with subprocess.Popen(
        command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as reader:
        assert reader.stdout is not None
        first = reader.stdout.readline()
        for number in range(3):
            append_in_a_shell(journal, str(number))
        rest, error = reader.communicate(timeout=PATIENCE)
    assert reader.returncode == 0, error
    assert positions((first + rest).decode()) == list(range(1, 3_001))


def test_a_follower_shows_what_is_appended(journal: Path, tmp_path: Path) -> None:
    output = tmp_path / "followed.ndjson"
    with as_reader("--url", str(journal), "log", "-f", "-n", "0", "-F", "ndjson", output=output) as follower:
        shown: list[str] = []
        appended = 0
        deadline = time.monotonic() + PATIENCE
        while len(shown) < 5:
            assert time.monotonic() < deadline
            assert follower.poll() is None, follower.stderr and follower.stderr.read()
            # It shows nothing that was appended before it began.
            if not shown or appended <= len(shown) + 10:
                append_in_a_shell(journal, str(appended))
                appended += 1
            shown = output.read_text().rpartition("\n")[0].splitlines()
    nonces = [json.loads(line)["state"]["nonce"] for line in shown]
    # It began at some time during the first appends.
    assert nonces == [str(number) for number in range(int(nonces[0]), int(nonces[0]) + len(nonces))]


def test_what_cannot_be_written_is_refused(journal: Path) -> None:
    result = read_by_reader("--url", str(journal), "append", "new", "0", "a#B", "{}")
    assert (result.returncode, result.stdout) == (5, "")
    assert "cannot be written: the file or its folder is read-only" in result.stderr
