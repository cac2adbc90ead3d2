"""Exports that continue from a cursor, have a seal, or are read by other programs."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from esjournal.journal.journal import initialise, open_journal
from tests.helpers.events import ID, OTHER_ID, event, sequence
from tests.helpers.loaded import loaded_command
from tests.helpers.program import environment, invoke, run
from tests.helpers.stores import journal_with


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, sequence(5))


@pytest.fixture
def cursor(tmp_path: Path) -> Path:
    return tmp_path / "hourly.cursor"


def positions(text: str) -> list[int]:
    return [json.loads(line)["global_position"] for line in text.splitlines()]


def carried_on(url: str, cursor: Path, *arguments: str) -> list[int]:
    ended = invoke("export", "--cursor-file", str(cursor), *arguments, url=url)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return positions(ended.stdout)


# Cursors


def test_an_export_continues_where_the_last_one_ended(url: str, cursor: Path) -> None:
    assert carried_on(url, cursor) == [1, 2, 3, 4, 5]
    assert carried_on(url, cursor) == []
    with open_journal(url) as journal:
        journal.events.append([event(5), event(6)])
    assert carried_on(url, cursor) == [6, 7]


def test_an_export_of_an_empty_journal_begins_at_its_first_event_later(store_url: str, cursor: Path) -> None:
    initialise(store_url)
    assert carried_on(store_url, cursor) == []
    assert json.loads(cursor.read_text())["global_position"] == 0
    with open_journal(store_url) as journal:
        journal.events.append(event(0))
    assert carried_on(store_url, cursor) == [1]


def test_a_limit_leaves_the_rest_for_the_next_time(url: str, cursor: Path) -> None:
    parts = [carried_on(url, cursor, "--limit", limit) for limit in ("0", "2", "3", "3")]
    assert parts == [[], [1, 2], [3, 4, 5], []]


def test_events_that_do_not_match_are_not_looked_at_again(url: str, cursor: Path) -> None:
    with open_journal(url) as journal:
        journal.events.append(event(0, of=OTHER_ID))
    assert carried_on(url, cursor, "--id", ID, "--limit", "4") == [1, 2, 3, 4]
    assert json.loads(cursor.read_text())["global_position"] == 4
    assert carried_on(url, cursor, "--id", ID) == [5]
    assert json.loads(cursor.read_text())["global_position"] == 6
    assert carried_on(url, cursor, "--type", "none") == []


def test_every_event_is_exported_once_while_others_write(url: str, cursor: Path) -> None:
    def write() -> None:
        with open_journal(url) as journal:
            for version in range(5, 105):
                journal.events.append(event(version))

    writer = threading.Thread(target=write)
    writer.start()
    found = []
    while writer.is_alive():
        found += carried_on(url, cursor)
    writer.join()
    found += carried_on(url, cursor)
    assert found == list(range(1, 106))


@pytest.mark.parametrize("arguments", [["-o", "/dev/full"], []])
def test_the_cursor_stays_when_the_output_cannot_be_written(url: str, cursor: Path, arguments: list[str]) -> None:
    carried_on(url, cursor, "--limit", "2")
    before = cursor.read_bytes()
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = run("export", "--cursor-file", str(cursor), *arguments, url=url, stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 5, ended.stderr
    assert (cursor.read_bytes(), list(cursor.parent.glob(".*.part"))) == (before, [])


def test_the_cursor_stays_when_the_reader_goes_away(url: str, cursor: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = run("export", "--cursor-file", str(cursor), url=url, stdout=nobody, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr, cursor.exists()) == (0, "", False)


def test_nothing_is_exported_when_the_cursor_could_not_be_kept(url: str, tmp_path: Path) -> None:
    ended = invoke("export", "--cursor-file", str(tmp_path / "none" / "cursor"), url=url)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "cannot be written: No such file or directory" in ended.stderr


@pytest.mark.parametrize("content", ["", "garbage", '{"journal_id":1}'])
def test_a_bad_cursor_file_ends_with_2_and_leaves_output_and_cursor_alone(
    url: str, tmp_path: Path, cursor: Path, content: str
) -> None:
    cursor.write_text(content)
    out = tmp_path / "out.ndjson"
    ended = invoke("export", "--cursor-file", str(cursor), "-o", str(out), url=url)
    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"esjournal: {cursor} is not a cursor file")
    assert (cursor.read_text(), out.exists()) == (content, False)


def test_a_cursor_of_another_journal_ends_with_2(url: str, tmp_path: Path, cursor: Path) -> None:
    carried_on(journal_with(str(tmp_path / "other.db"), sequence(5)), cursor)
    ended = invoke("export", "--cursor-file", str(cursor), url=url)
    assert (ended.exit_code, ended.stdout) == (2, "")


@pytest.mark.parametrize("option", ["--until", "--on", "--as-of"])
def test_a_cursor_is_refused_where_a_span_ends(url: str, cursor: Path, option: str) -> None:
    ended = invoke("export", "--cursor-file", str(cursor), option, "2026-01-31", url=url)
    assert (ended.exit_code, f"with {option} the next export would skip some" in ended.stderr) == (2, True)
    assert not cursor.exists()


def test_a_part_of_a_journal_keeps_its_positions(url: str, tmp_path: Path) -> None:
    file = tmp_path / "part.ndjson"
    assert invoke("export", "--as-of", "4", "--where", "n > 0", "-o", str(file), url=url).exit_code == 0
    assert positions(file.read_text()) == [2, 3, 4]


@pytest.mark.parametrize("after", ["0", "3"])
def test_a_cursor_and_a_position_cannot_both_say_where_to_begin(url: str, cursor: Path, after: str) -> None:
    ended = invoke("export", "--cursor-file", str(cursor), "--after", after, url=url)
    assert (ended.exit_code, ended.stdout, cursor.exists()) == (2, "", False)


# Seals


@pytest.mark.parametrize(("arguments", "events"), [([], 5), (["--limit", "2"], 2), (["--after", "5"], 0)])
def test_a_seal_has_counts_and_the_digest_of_all_lines_before_it(url: str, arguments: list[str], events: int) -> None:
    *lines, last = invoke("export", "--seal", *arguments, url=url).stdout.splitlines(keepends=True)
    data = "".join(lines).encode()
    assert data.decode() == invoke("export", *arguments, url=url).stdout
    digest = hashlib.sha256(data).hexdigest()
    with open_journal(url) as journal:
        whole = "" if arguments else f',"journal":{{"id":"{journal.journal_id}","position":{events}}}'
    assert last == f'{{"seal":{{"events":{events},"bytes":{len(data)},"sha256":"{digest}"{whole}}}}}\n'


def test_a_compressed_export_is_sealed_inside(url: str, tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson.gz"
    invoke("export", "--seal", "-o", str(path), url=url)
    assert gzip.decompress(path.read_bytes()).decode() == invoke("export", "--seal", url=url).stdout


def test_a_sealed_export_is_imported_as_any_other(url: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "e.ndjson", str(tmp_path / "copy.db")
    invoke("export", "--seal", "-o", str(path), url=url)
    initialise(copy)
    assert invoke("import", str(path), url=copy).exit_code == 0
    *events, _ = path.read_text().splitlines()
    assert invoke("export", "--seal", url=copy).stdout.splitlines()[:-1] == events


@pytest.mark.parametrize("arguments", [["-F", "csv"], ["-o", "e.csv.gz"], ["-F", "parquet"]])
def test_only_ndjson_is_sealed(url: str, arguments: list[str]) -> None:
    ended = invoke("export", "--seal", *arguments, url=url)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--seal is for NDJSON" in ended.stderr


# Parquet


def counted(path: Path) -> tuple[int, str]:
    with duckdb.connect() as connection:
        [found] = connection.sql(f"select count(*), max(state->>'n') from '{path}'").fetchall()
        return found


def test_a_parquet_file_is_written_by_its_name(url: str, tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    assert invoke("export", "-o", str(path), url=url).stderr == f"esjournal: exported 5 events to {path}\n"
    assert counted(path) == (5, "4")


def test_parquet_goes_through_a_pipe(url: str, tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    program = shlex.join([*loaded_command(), "--url", url])
    command = f"set -o pipefail; {program} export -F parquet --limit 3 | cat > {path}"
    subprocess.run(["bash", "-c", command], check=True, env=environment())
    assert counted(path) == (3, "2")


@pytest.fixture
def terminal() -> Iterator[int]:
    primary, secondary = pty.openpty()
    yield secondary
    os.close(secondary)
    os.close(primary)


def test_parquet_is_not_printed_on_a_terminal(url: str, terminal: int) -> None:
    ended = run("export", "-F", "parquet", url=url, stdout=terminal, stderr=subprocess.PIPE)
    assert ended.returncode == 2
    assert "cannot be shown on a terminal" in ended.stderr


@pytest.mark.parametrize("name", ["e.parquet.gz", "e.parquet.zst"])
def test_parquet_is_not_compressed_twice(url: str, tmp_path: Path, name: str) -> None:
    ended = invoke("export", "-o", str(tmp_path / name), url=url)
    assert (ended.exit_code, list(tmp_path.glob("*.parquet*"))) == (2, [])
    assert "compressed inside" in ended.stderr


def test_parquet_is_not_imported(url: str, tmp_path: Path) -> None:
    path = tmp_path / "e.parquet"
    invoke("export", "-o", str(path), url=url)
    ended = invoke("import", str(path), url=url)
    assert ended.exit_code == 2
    assert "NDJSON or CSV" in ended.stderr


WITHOUT_PYARROW = """
import sys
if "without" in sys.argv: sys.modules["pyarrow"] = None
sys.argv.remove(sys.argv[1])
from esjournal.__main__ import main
try: main()
finally: print("loaded" if sys.modules.get("pyarrow") else "not loaded", file=sys.stderr)
"""


def test_without_pyarrow_one_line_says_how_to_get_it(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_PYARROW, "without", "--url", url, "export"]
    path = tmp_path / "e.parquet"
    ended = subprocess.run([*command, "-o", str(path)], capture_output=True, text=True, env=environment())
    line, _ = ended.stderr.splitlines()
    assert (ended.returncode, path.exists()) == (2, False)
    assert line.startswith("esjournal: Invalid value: Parquet needs pyarrow")
    assert "pip install 'esjournal[parquet]'" in line


@pytest.mark.long
def test_only_parquet_loads_pyarrow(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_PYARROW, "with", "--url", url, "export"]
    for name, expected in (("e.ndjson", "not loaded"), ("e.csv", "not loaded"), ("e.parquet", "loaded")):
        arguments = [*command, "-o", str(tmp_path / name)]
        ended = subprocess.run(arguments, capture_output=True, text=True, env=environment(), check=True)
        assert ended.stderr.splitlines()[-1] == expected
