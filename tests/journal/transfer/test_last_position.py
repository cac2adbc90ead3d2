"""Journals whose global positions are used up: what was written stays, and a copy numbers it from 1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from esjournal.domain.model.rules import MAX_VERSION
from esjournal.journal.journal import open_journal
from tests.helpers.events import ID, event, sequence
from tests.helpers.other_libraries.tables import SEQUENCES, TABLES, writer
from tests.helpers.program import invoke
from tests.helpers.stores import file_with, journal_with, stored


def journal_up_to(url: str, last: int) -> None:
    """Make a journal of three events, the last of them at a global position."""
    journal_with(url, sequence(3))
    execute(url, f"UPDATE {{}} SET global_position = {last} WHERE global_position = 3")


def execute(url: str, statement: str) -> None:
    with open_journal(url) as journal, journal.events.session.connection() as connection:
        connection.execute(statement.format(journal.events.session.table_name(journal.events.table.name)))
        if journal.events.session.sql.assigns_positions:
            # AUTOINCREMENT only knows the positions that it has assigned.
            connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(global_position), 0) "
                "FROM stored_events))"
            )


@pytest.mark.parametrize("room", [0, 2], ids=["none left", "too few left"])
@pytest.mark.parametrize("command", ["append", "append next", "append -", "import", "import of many", "copy"])
def test_a_write_says_that_no_global_positions_are_left(
    store_url: str, tmp_path: Path, command: str, room: int
) -> None:
    journal_up_to(store_url, MAX_VERSION - room)
    new = sequence(3 + 3)[3:] if command != "import of many" else sequence(3 + 2_000)[3:]
    if room and command in ("append", "append next"):
        new = new[: room + 1]
        for one in new[:-1]:
            arguments = (str(one.originator_version), one.event_type, one.state)
            assert invoke("append", ID, *arguments, url=store_url).exit_code == 0
    last = new[-1] if command in ("append", "append next") else new[0]
    before = stored(store_url)
    file = str(file_with(tmp_path / "new.ndjson", new))
    result = {
        "append": lambda: invoke(
            "append", ID, str(last.originator_version), last.event_type, last.state, url=store_url
        ),
        "append next": lambda: invoke("append", ID, "next", last.event_type, last.state, url=store_url),
        "append -": lambda: invoke("append", "-", url=store_url, input=Path(file).read_text()),
        "import": lambda: invoke("import", file, url=store_url),
        "import of many": lambda: invoke("import", file, url=store_url),
        "copy": lambda: invoke("copy", file, store_url),
    }[command]()
    assert (result.exit_code, result.stdout) == (5, ""), result.output
    assert re.search(
        rf"^esjournal: \S+ has too few global positions left: the last one is {before[-1].global_position}, "
        rf"and none is above {MAX_VERSION}; copy it into a new journal with `esjournal copy`, ",
        result.stderr,
        re.MULTILINE,
    ), result.stderr
    assert stored(store_url) == before


def test_a_position_whose_event_was_deleted_is_not_assigned_again(sqlite_url: str) -> None:
    journal_up_to(sqlite_url, MAX_VERSION)
    execute(sqlite_url, f"DELETE FROM {{}} WHERE global_position = {MAX_VERSION}")
    result = invoke("append", "new", "0", "a#B", "{}", url=sqlite_url)
    assert result.exit_code == 5
    assert f"the last one is {MAX_VERSION}" in result.stderr


def test_a_copy_into_a_new_journal_numbers_the_events_from_1(store_url: str, tmp_path: Path) -> None:
    journal_up_to(store_url, MAX_VERSION)
    new = str(tmp_path / "new.db")
    assert invoke("init", url=new).exit_code == 0
    assert invoke("copy", store_url, new).exit_code == 0
    assert [each.global_position for each in stored(new)] == [1, 2, 3]
    assert invoke("append", "new", "0", "a#B", "{}", url=new).exit_code == 0


def test_the_sequence_of_another_librarys_table_that_ends_is_not_bad_data(postgres_url: str, tmp_path: Path) -> None:
    with writer(postgres_url) as connection:
        connection.execute(TABLES["eventsourcing"])
        connection.execute(f"ALTER SEQUENCE {SEQUENCES['eventsourcing']} MAXVALUE 50".encode())
        connection.execute("SELECT setval(%s, 50)", (SEQUENCES["eventsourcing"],))
    file = str(file_with(tmp_path / "new.ndjson", [event(1)]))
    for command in (["import", file], ["append", "new", "1", "a:B", "{}"], ["copy", file]):
        url = f"{postgres_url}&layout=eventsourcing"
        result = invoke(*command, url) if command[0] == "copy" else invoke(*command, url=url)
        assert result.exit_code == 5
        assert re.search("cannot grow: nextval: reached maximum value of sequence .* raise MAXVALUE", result.stderr)
