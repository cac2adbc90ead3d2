"""Columns of a PostgreSQL journal that differ from those that `init` makes: nothing is silently changed or left out."""

from __future__ import annotations

import pytest

from esjournal.exceptions import StoreError
from esjournal.journal.journalstore import open_event_store
from tests.helpers.events import ID, sequence
from tests.helpers.other_libraries.tables import writer
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

CHANGES = [
    ("state", "ALTER state TYPE jsonb USING state::jsonb"),
    ("state", "ALTER state TYPE bytea USING state::bytea"),
    ("state", "ALTER state TYPE char(20)"),
    ("state", "ALTER state DROP NOT NULL"),
    ("originator_version", "ALTER originator_version TYPE numeric"),
    ("originator_version", "ALTER originator_version TYPE float8"),
    ("recorded_at", "ALTER recorded_at TYPE timestamp"),
    ("recorded_at", "ALTER recorded_at TYPE date"),
    ("recorded_at", "ALTER recorded_at TYPE timestamptz(0)"),
    ("recorded_at", "ALTER recorded_at DROP NOT NULL"),
    ("recorded_at", "DROP recorded_at"),
    ("originator_id", "ALTER originator_id TYPE text"),
    ("event_type", "ALTER event_type DROP NOT NULL"),
    ("global_position", "ALTER global_position TYPE numeric"),
]


READING = ["export", "log", "list", "stats", "info", f"get {ID}", f"history {ID}"]


# Every change is found by two of the commands that read, and each of these finds several changes.
@pytest.mark.parametrize(
    ("column", "change", "commands"),
    [(*change, [READING[at % 7], READING[(at + 3) % 7]]) for at, change in enumerate(CHANGES)],
    ids=[change for _, change in CHANGES],
)
def test_a_column_that_was_changed_is_damage(postgres_url: str, column: str, change: str, commands: list[str]) -> None:
    journal_with(postgres_url, sequence(3))
    with writer(postgres_url) as connection:
        connection.execute(f"ALTER TABLE stored_events {change}")
    for command in (*commands, f"append {ID} 3 a#B {{}}"):
        result = invoke(*command.split(" "), url=postgres_url)
        assert (result.exit_code, result.stdout) == (5, ""), (command, result.output)
        assert f"is damaged: the column {column} of stored_events is " in result.stderr
    # If an indexed column is missing, the attempt to make its index fails first.
    with pytest.raises(StoreError, match=f'(the column {column} of stored_events is|column "{column}" does not exist)'):
        open_event_store(postgres_url, create=True)
    found = invoke("verify", "-F", "ndjson", url=postgres_url).stdout.splitlines()
    assert "schema" in found[0]
    assert f"the column {column} is" in found[0]


def test_what_an_owner_adds_is_the_owners_business(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    with writer(postgres_url) as connection:
        connection.execute("ALTER TABLE stored_events ADD note text, ADD CHECK (originator_version >= 0)")
        connection.execute("CREATE INDEX ON stored_events (event_type)")
    assert invoke("append", ID, "3", "a#B", "{}", url=postgres_url).exit_code == 0
    assert invoke("export", url=postgres_url).stdout.count("\n") == 4
    assert invoke("verify", url=postgres_url).exit_code == 0
