"""The events of eventsourcing 9 are read as the library itself reads them."""

from __future__ import annotations

import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import pyarrow.parquet
import pytest

from tests.helpers.other_libraries.bank import Bank, Notification
from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.urls import is_sqlite

STORES: list[tuple[str, dict[str, bool]]] = [
    ("sqlite", {}),
    ("postgresql", {}),
    ("sqlite", {"compressed": True}),
    ("postgresql", {"compressed": True, "encrypted": True}),
    ("sqlite", {"text_ids": True}),
    ("postgresql", {"text_ids": True}),
    ("postgresql", {"with_functions": True}),
]


class Kept(NamedTuple):
    """A store that tests only read, the events as the library reads them, and the store for esjournal's commands."""

    options: dict[str, bool]
    ids: list[str]
    notifications: list[Notification]
    cli: CommandLine

    @property
    def is_opaque(self) -> bool:
        return "compressed" in self.options


def named(param: tuple[str, dict[str, bool]]) -> str:
    return "-".join([param[0], *param[1]])


@pytest.fixture(scope="module", params=STORES, ids=named)
def kept(
    request: pytest.FixtureRequest,
    new_url: Callable[[str], str],
    python_with_eventsourcing: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Kept:
    """A store of two accounts with four events each."""
    database, options = request.param
    url = new_url(database)
    bank = Bank(python_with_eventsourcing("9"), url, tmp_path_factory.mktemp("bank"), **options)
    ids = bank.make(accounts=2, events=4)
    return Kept(options, ids, bank.notifications(), CommandLine(url, "eventsourcing"))


def id_of(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text)) if text.startswith("account-") else text


def is_plain(stored: bytes) -> bool:
    """Say whether a stored state is a JSON object: of 256 encrypted ones, one begins with a brace."""
    try:
        return isinstance(json.loads(stored), dict)
    except ValueError:
        return False


def state_of(stored: bytes) -> str:
    return stored.decode() if is_plain(stored) else b64encode(stored).decode()


def time_of(stored: bytes) -> str | None:
    if not is_plain(stored):
        return None
    time = datetime.fromisoformat(json.loads(stored)["timestamp"]["_data_"])
    return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def expected(event: Notification) -> dict[str, Any]:
    """Return the event as a line of NDJSON; its state is the stored text."""
    fields = {
        "originator_id": id_of(event.originator_id),
        "sequence_name": event.originator_id,
        "originator_version": event.originator_version,
        "event_type": event.topic,
        "state": state_of(event.state),
        "recorded_at": time_of(event.state),
        "global_position": event.id,
    }
    if fields["sequence_name"] == fields["originator_id"]:
        del fields["sequence_name"]
    if fields["recorded_at"] is None:
        del fields["recorded_at"]
    return fields


def line_of(event: Notification) -> str:
    fields = expected(event)
    state = fields["state"]
    fields["state"] = "STATE"
    line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return line.replace('"STATE"', state if state.startswith("{") else json.dumps(state))


def test_an_export_has_what_the_library_reads_byte_for_byte(kept: Kept) -> None:
    assert kept.cli.text("export").splitlines() == list(map(line_of, kept.notifications))


def test_the_states_of_a_bank_are_plain_or_opaque(kept: Kept) -> None:
    assert {is_plain(event.state) for event in kept.notifications} == {not kept.is_opaque}


def test_a_sequence_is_what_the_library_reads_of_it(kept: Kept) -> None:
    for account in kept.ids:
        lines = kept.cli.text("get", account, "-F", "ndjson").splitlines()
        assert lines == [line_of(event) for event in kept.notifications if event.originator_id == account]
    assert len(lines) == 4


def test_a_sequence_is_found_by_its_id_and_by_the_beginning_of_it(kept: Kept) -> None:
    account = kept.ids[0]
    for start in (id_of(account), id_of(account)[:12], id_of(account).upper()):
        found = kept.cli.lines("get", start, "--gte", "2", "--lt", "4", "--reverse")
        assert [(event["originator_id"], event["originator_version"]) for event in found] == [
            (id_of(account), 3),
            (id_of(account), 2),
        ]


def test_export_takes_one_sequence_by_name_or_id(kept: Kept) -> None:
    account = kept.ids[1]
    for name in (account, id_of(account)):
        assert [event["global_position"] for event in kept.cli.lines("export", "--id", name)] == [2, 4, 6, 8]


def test_a_sequence_that_is_not_there_is_not_found(kept: Kept) -> None:
    missing = "account-none" if "text_ids" in kept.options else str(uuid5(NAMESPACE_URL, "none"))
    assert "nothing found: " in kept.cli.refused(1, "get", missing)


def test_the_log_is_in_the_order_of_notifications(kept: Kept) -> None:
    def positions(*arguments: str) -> list[int]:
        return [event["global_position"] for event in kept.cli.lines("log", *arguments)]

    assert positions() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert positions("-n", "3") == [6, 7, 8]
    assert positions("-n", "3", "--reverse") == [8, 7, 6]
    assert positions("--after", "5") == [6, 7, 8]
    assert positions("--type", "accounts:Account.Opened") == [1, 2]
    assert positions("--type", "*Renamed", "--id", kept.ids[1]) == [8]


def test_the_log_looks_into_states(kept: Kept) -> None:
    if kept.is_opaque:
        assert "nothing found" in kept.cli.refused(1, "log", "--where", 'note == "„note” 1"')
        return
    found = kept.cli.lines("log", "--where", 'note == "„note” 1"')
    assert [event["global_position"] for event in found] == [3, 4]
    assert [event["global_position"] for event in kept.cli.lines("log", "-g", "Ærøskøbing 3")] == [7, 8]


def test_the_log_is_narrowed_by_the_times_that_states_say(kept: Kept) -> None:
    if kept.is_opaque:
        # Their recording time is unknown.
        assert "nothing found" in kept.cli.refused(1, "log", "--since", "2020-01-01")
        return
    times = [str(time_of(event.state)) for event in kept.notifications]
    found = kept.cli.lines("log", "--since", times[2], "--until", times[5])
    assert [event["recorded_at"] for event in found] == times[2:5]


def test_a_time_that_is_not_known_is_nothing(kept: Kept, tmp_path: Path) -> None:
    times = [time_of(event.state) for event in kept.notifications]
    rows = list(csv.DictReader(io.StringIO(kept.cli.text("get", kept.ids[0], "-F", "csv"))))
    assert [row["recorded_at"] or None for row in rows] == times[::2]
    kept.cli.text("export", "-o", str(tmp_path / "events.parquet"))
    columns = pyarrow.parquet.read_table(tmp_path / "events.parquet")
    found = columns["recorded_at"].to_pylist()
    assert [None if time is None else f"{time:%Y-%m-%dT%H:%M:%S.%f}Z" for time in found] == times
    assert columns["state"].to_pylist() == [state_of(event.state) for event in kept.notifications]
    assert list(map(str, columns["originator_id"].to_pylist())) == [
        id_of(event.originator_id) for event in kept.notifications
    ]
    shown = kept.cli.text("log", "-n", "1").split()
    assert shown[1] == (times[-1] or "-")


def test_what_counts_counts_what_the_library_has(kept: Kept) -> None:
    sequences = kept.cli.lines("list")
    assert {found["originator_id"] for found in sequences} == set(map(id_of, kept.ids))
    assert {found["events"] for found in sequences} == {4}
    stats = json.loads(kept.cli.text("stats", "-F", "json"))
    assert stats["events"] == 8
    assert kept.cli.run("verify").exit_code == 0


def test_history_folds_states(kept: Kept) -> None:
    if kept.is_opaque:
        return
    assert "Ærøskøbing 3" in kept.cli.text("history", kept.ids[0])


def test_info_says_which_library_the_table_belongs_to(kept: Kept) -> None:
    info = json.loads(kept.cli.text("info", "-F", "json"))
    table = "stored_events" if is_sqlite(kept.cli.url) else "bank_events"
    assert (info["layout"], info["table"], info["events"], info["sequences"]) == ("eventsourcing", table, 8, 2)
    assert info["last_global_position"] == 8
    assert (info["journal_id"], info["made_at"], info["schema_version"]) == (None, None, None)


def test_an_export_continues_after_its_cursor(kept: Kept, tmp_path: Path) -> None:
    cursor = str(tmp_path / "cursor")
    first = kept.cli.lines("export", "--cursor-file", cursor, "--limit", "3")
    rest = kept.cli.lines("export", "--cursor-file", cursor)
    assert [event["global_position"] for event in first + rest] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert kept.cli.text("export", "--cursor-file", cursor) == ""


def test_reading_leaves_a_file_byte_for_byte(kept: Kept) -> None:
    kept.cli.check_that_reading_writes_nothing(kept.ids[0])
