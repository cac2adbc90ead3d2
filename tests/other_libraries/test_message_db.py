"""The messages of message-db: they are read as its functions read them, and written through its function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest

from esjournal.journal.journal import initialise
from tests.helpers.other_libraries.commandline import CommandLine
from tests.helpers.other_libraries.message_store import Message, MessageDb
from tests.helpers.program import invoke

FIRST = "account-123"
SECOND = "account-Zoë 日本"


def id_of(stream_name: str) -> str:
    return str(uuid5(NAMESPACE_URL, stream_name))


def expected(message: Message) -> dict[str, Any]:
    return {
        "originator_id": id_of(message.stream_name),
        "sequence_name": message.stream_name,
        "originator_version": message.position,
        "event_type": message.type,
        "state": json.loads(message.data or "{}"),
        **({} if message.metadata is None else {"metadata": json.loads(message.metadata)}),
        "event_id": message.id,
        "recorded_at": message.time.isoformat(timespec="microseconds") + "Z",
        "global_position": message.global_position,
    }


def line(stream_name: str, version: int, state: object, event_type: str = "Deposited") -> str:
    fields = {
        "originator_id": id_of(stream_name),
        "sequence_name": stream_name,
        "originator_version": version,
        "event_type": event_type,
        "state": state,
    }
    return json.dumps(fields) + "\n"


def raw_line(stream_name: str, version: int, state: str) -> str:
    return line(stream_name, version, "STATE").replace('"STATE"', state)


@pytest.fixture
def cli(message_db: MessageDb) -> CommandLine:
    return CommandLine(message_db.url, "message-db")


@pytest.fixture
def filled(message_db: MessageDb) -> MessageDb:
    """Two streams with three messages each, in turn; the last message of the first has no data."""
    for number in range(3):
        for name in (FIRST, SECOND):
            data = None if (number, name) == (2, FIRST) else {"note": "„tea”", "number": number}
            message_db.write(name, f"Happened{number}", data, {"meta": True})
    return message_db


def imported(cli: CommandLine, lines: str, *arguments: str) -> Any:
    return cli.run("import", "-", "-F", "ndjson", *arguments, input=lines)


# Reading


def test_an_export_has_what_the_library_reads(filled: MessageDb, cli: CommandLine) -> None:
    assert cli.lines("export") == list(map(expected, filled.category("account")))


def test_the_state_is_the_text_that_jsonb_makes(filled: MessageDb, cli: CommandLine) -> None:
    text = cli.text("export")
    for message in filled.category("account"):
        assert f'"state":{message.data or "{}"},' in text


def test_a_stream_is_found_by_its_name_its_id_or_the_beginning_of_the_id(filled: MessageDb, cli: CommandLine) -> None:
    for name in (FIRST, SECOND):
        messages = list(map(expected, filled.stream(name)))
        for start in (name, id_of(name), id_of(name)[:8]):
            assert cli.lines("get", start) == messages
            assert cli.lines("log", "--id", start) == messages


def test_a_stream_whose_name_looks_like_the_beginning_of_an_id_is_found(
    message_db: MessageDb, cli: CommandLine
) -> None:
    message_db.write("deadbeef", "Happened", {"n": 1})
    assert [event["sequence_name"] for event in cli.lines("get", "deadbeef")] == ["deadbeef"]


def test_a_stream_that_is_not_there_is_not_found(filled: MessageDb, cli: CommandLine) -> None:
    assert "nothing found" in cli.refused(1, "get", "account-4")
    assert "nothing found" in cli.refused(1, "get", "0000")


def test_the_log_narrows(filled: MessageDb, cli: CommandLine) -> None:
    def positions(*arguments: str) -> list[int]:
        return [event["global_position"] for event in cli.lines("log", *arguments)]

    times = [expected(message)["recorded_at"] for message in filled.category("account")]
    assert positions("-n", "2", "--reverse") == [6, 5]
    assert positions("--type", "*2") == [5, 6]
    assert positions("--where", "number == 1") == [3, 4]
    assert positions("--where", "number == 1", "--where", "meta.meta == true") == [3, 4]
    assert cli.run("log", "--where", "meta.meta != true").exit_code == 1
    assert positions("-g", "tea") == [1, 2, 3, 4, 6]
    assert positions("--since", times[2], "--until", times[4]) == [3, 4]


def test_causes_as_eventides_libraries_write_them_are_traced_here_and_in_a_copy(
    message_db: MessageDb, cli: CommandLine, sqlite_url: str
) -> None:
    def followed(cause: str, position: int) -> dict[str, object]:
        return {
            "causationMessageStreamName": cause,
            "causationMessagePosition": position,
            "correlationStreamName": "fundsTransfer-1",
        }

    message_db.write("fundsTransfer-1", "Initiated", {"n": 0})
    message_db.write("account:command-7", "Withdraw", {"n": 1}, followed("fundsTransfer-1", 0))
    message_db.write("account-7", "Withdrawn", {"n": 2}, followed("account:command-7", 0) | {"user": "ann"})
    message_db.write("account-7", "Closed", {"n": 3}, None)
    message_db.write("fundsTransfer-2", "Initiated", {"n": 4}, {"causationMessageStreamName": "fundsTransfer-1"})
    initialise(sqlite_url)
    assert invoke("copy", f"{cli.url}&layout=message-db", sqlite_url).exit_code == 0
    copy = CommandLine(sqlite_url, "")
    copy.options = []
    for store in (cli, copy):
        for which in ("3", "account-7/0", "fundsTransfer-1/0", "fundsTransfer-1"):
            traced = store.lines("trace", which)
            assert [(each["sequence_name"], each["depth"]) for each in traced] == [
                ("fundsTransfer-1", 0),
                ("account:command-7", 1),
                ("account-7", 2),
            ]
        assert "└─ 3  account-7@0  Withdrawn" in store.text("trace", "1")
        assert store.run("trace", "account-8/0").exit_code == 1


def test_gaps_in_global_positions_are_nothing_special(filled: MessageDb, cli: CommandLine, tmp_path: Path) -> None:
    filled.connection.execute("DELETE FROM messages WHERE global_position IN (3, 4)")
    filled.connection.execute("SELECT setval('messages_global_position_seq', 1000000000000)")
    filled.write(FIRST, "Happened3", {})
    cursor = str(tmp_path / "cursor")
    positions = [event["global_position"] for event in cli.lines("export", "--cursor-file", cursor)]
    assert positions == [1, 2, 5, 6, 1_000_000_000_001]
    assert cli.text("export", "--cursor-file", cursor) == ""
    assert [event["global_position"] for event in cli.lines("log", "-n", "2")] == [6, 1_000_000_000_001]


def test_what_counts_counts_messages(filled: MessageDb, cli: CommandLine) -> None:
    assert {found["originator_id"]: found["events"] for found in cli.lines("list")} == {
        id_of(FIRST): 3,
        id_of(SECOND): 3,
    }
    assert json.loads(cli.text("stats", "-F", "json"))["events"] == 6
    assert cli.run("verify").exit_code == 0
    info = json.loads(cli.text("info", "-F", "json"))
    assert (info["layout"], info["table"], info["events"], info["sequences"]) == ("message-db", "messages", 6, 2)


def test_history_folds_data(filled: MessageDb, cli: CommandLine) -> None:
    assert '"number": 2' in cli.text("history", SECOND)


# Writing


def test_an_appended_event_is_a_message(filled: MessageDb, cli: CommandLine) -> None:
    assert cli.text("append", id_of(FIRST), "3", "Deposited", '{"amount": 1.10}') == "7\n"
    assert cli.text("append", id_of(FIRST), "next", "Deposited", '{"amount": 2}') == "8\n"
    messages = filled.stream(FIRST)[3:]
    assert [(message.stream_name, message.position, message.type, message.data) for message in messages] == [
        (FIRST, 3, "Deposited", '{"amount": 1.10}'),
        (FIRST, 4, "Deposited", '{"amount": 2}'),
    ]
    assert filled.write(FIRST, "Deposited", {}, expected_version=4) == 5


def test_a_stream_is_appended_to_by_its_name(message_db: MessageDb, cli: CommandLine) -> None:
    for name in (FIRST, SECOND):
        cli.text("append", name, "next", "Opened", "{}")
        cli.text("append", name, "1", "Deposited", "{}")
        assert [message.position for message in message_db.stream(name)] == [0, 1]


def test_the_printed_position_is_that_of_the_appended_message(filled: MessageDb, cli: CommandLine) -> None:
    # As if others had written in the meantime.
    filled.connection.execute("UPDATE messages SET global_position = 1000 WHERE global_position = 6")
    assert cli.text("append", id_of(FIRST), "next", "Deposited", "{}") == "7\n"


def test_the_printed_positions_are_those_of_the_appended_messages(filled: MessageDb, cli: CommandLine) -> None:
    # As if others wrote in between.
    filled.connection.execute("ALTER SEQUENCE messages_global_position_seq INCREMENT BY 3")
    lines = line("other-1", 0, {}) + line("other-2", 0, {}) + line("other-1", 1, {})
    printed = cli.text("append", "-", input=lines).split()
    found = {event["sequence_name"]: event["global_position"] for event in cli.lines("log", "-n", "3")}
    assert printed == ["9", "12", "15"]
    assert found == {"other-1": 15, "other-2": 12}


def test_a_taken_version_is_a_conflict_and_a_gap_is_bad_data(filled: MessageDb, cli: CommandLine) -> None:
    message = cli.refused(4, "append", id_of(FIRST), "1", "Deposited", "{}")
    assert "version 1 is taken by a different event, the sequence is at version 2" in message
    message = cli.refused(3, "append", id_of(FIRST), "9", "Deposited", "{}")
    assert "does not follow the last one of its sequence: Wrong expected version: 8" in message
    assert len(filled.category("account")) == 6


def test_if_absent_skips_messages_that_are_there(filled: MessageDb, cli: CommandLine) -> None:
    given = ("append", id_of(FIRST), "3", "Deposited", '{"amount": 1.10, "of": "a"}', "--if-absent")
    # message-db formats JSON in its own way.
    assert [cli.text(*given) for _ in range(2)] == ["7\n", "7\n"]
    lines = line(SECOND, 3, {}) + line(FIRST, 3, {"of": "a", "amount": 1.1})
    assert [cli.text("append", "-", "--if-absent", input=lines) for _ in range(2)] == ["8\n7\n"] * 2
    cli.refused(4, "append", id_of(FIRST), "3", "Deposited", '{"amount": 2}', "--if-absent")


def test_lines_are_appended_all_or_none(filled: MessageDb, cli: CommandLine) -> None:
    assert cli.text("append", "-", input=line("other-1", 0, {}) + line("other-1", 1, {})) == "7\n8\n"
    cli.refused(4, "append", "-", input=line("other-1", 2, {}) + line("other-1", 1, {"n": 1}))
    cli.refused(3, "append", "-", input=line("other-1", 2, {}) + line("other-1", 4, {}))
    assert [message.stream_name for message in filled.category("other")] == ["other-1"] * 2


@pytest.mark.parametrize("events", [2, 40])
def test_an_import_keeps_names_and_an_export_comes_back(
    message_db: MessageDb, cli: CommandLine, events: int, tmp_path: Path
) -> None:
    given = "".join(line(name, number, {"n": number}) for number in range(events) for name in (FIRST, SECOND))
    result = imported(cli, given)
    assert (result.exit_code, f"{2 * events} appended" in result.stderr) == (0, True), result.stderr
    for name in (FIRST, SECOND):
        assert [json.loads(message.data or "") for message in message_db.stream(name)] == [
            {"n": number} for number in range(events)
        ]
    for file_format in ("ndjson", "csv"):
        file = tmp_path / f"events.{file_format}"
        cli.text("export", "-o", str(file))
        again = cli.run("import", str(file))
        assert (again.exit_code, f"0 appended, {2 * events} already there" in again.stderr) == (0, True), again.stderr


def test_a_large_file_keeps_names_between_processes(message_db: MessageDb, cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text("".join(line(f"large-{number}", 0, {"text": "x" * 60_000}) for number in range(90)))
    assert cli.run("import", str(file)).exit_code == 0
    assert {message.stream_name for message in message_db.category("large")} == {f"large-{n}" for n in range(90)}


def test_a_gap_and_a_first_version_that_is_not_0_are_bad_lines(message_db: MessageDb, cli: CommandLine) -> None:
    result = imported(cli, line(FIRST, 0, {}) + line(FIRST, 2, {}) + line(SECOND, 1, {}))
    assert result.exit_code == 3
    assert f"standard input:2: sequence {FIRST}: version 2 follows no event" in result.stderr
    assert f"standard input:3: sequence {SECOND}: version 1 follows no event" in result.stderr
    assert message_db.category("account") == []


def test_a_taken_version_is_a_conflict_of_an_import(filled: MessageDb, cli: CommandLine, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.ndjson"
    given = line(FIRST, 1, {"other": 1}) + line(FIRST, 3, {"fits": 1})
    assert imported(cli, given).exit_code == 4
    assert imported(cli, given, "--rejects", str(rejects)).exit_code == 4
    [put_aside] = map(json.loads, rejects.read_text().splitlines())
    assert (put_aside["originator_version"], put_aside["sequence_name"]) == (1, FIRST)
    assert [message.data for message in filled.stream(FIRST)][3:] == ['{"fits": 1}']


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ('"no JSON"', "the state is not JSON, which the data of a message must be"),
        (r'{"a":"\u0000"}', r"the state has \u0000, which PostgreSQL's jsonb does not accept"),
        (r'{"a":"\ud800"}', r"the state has \ud800, which PostgreSQL's jsonb does not accept"),
        (r'{"a":"\udc00\ud800"}', r"the state has \udc00, which PostgreSQL's jsonb does not accept"),
        (r'{"a":"\ud800","a":1}', r"the state has \ud800, which PostgreSQL's jsonb does not accept"),
        (r'{"a":"\\\ud83e\ud83e\udd86"}', r"the state has \ud83e, which PostgreSQL's jsonb does not accept"),
        ('{"a":"1e-20000","b":-1.5E-020000}', "the state has '-1.5E-020000', which is too close to 0 for"),
        ('"NaN"', "the state is not JSON, which the data of a message must be"),
        (r'{"\u0000":1}', r"the state has \u0000, which PostgreSQL's jsonb does not accept"),
    ],
)
def test_what_jsonb_does_not_take_is_a_bad_line(
    message_db: MessageDb, cli: CommandLine, tmp_path: Path, state: str, reason: str
) -> None:
    rejects = tmp_path / "rejects.ndjson"
    result = imported(cli, raw_line(FIRST, 0, state), "--rejects", str(rejects))
    assert (result.exit_code, f"standard input:1: {reason}" in result.stderr) == (3, True), result.stderr
    assert reason.replace("\\", "\\\\") in rejects.read_text()
    assert message_db.category("account") == []


@pytest.mark.parametrize(
    "state",
    [
        r'{"a":"\ud83e\udd86"}',
        r'{"a":"\\u0000"}',
        r'{"a":"\\ud800 \ud83e\udd86"}',
        '{"a":1E5,"a":2}',
        '{"a":"1e-20000","b":1e-400}',
    ],
)
def test_what_jsonb_takes_is_a_message(message_db: MessageDb, cli: CommandLine, state: str) -> None:
    result = imported(cli, raw_line(FIRST, 0, state))
    assert result.exit_code == 0, result.stderr
    assert len(message_db.stream(FIRST)) == 1


@pytest.mark.parametrize("state", [r'{"a":"\\u0000\u0000"}', '{"a":1e200000}', '{"a":NaN}'])
def test_no_state_makes_the_server_refuse_a_whole_file(message_db: MessageDb, cli: CommandLine, state: str) -> None:
    result = imported(cli, raw_line(FIRST, 0, state) + line(SECOND, 0, {}))
    assert result.exit_code == 3
    assert "standard input:1: " in result.stderr


def test_the_librarys_program_and_an_import_write_at_once(message_db: MessageDb, cli: CommandLine) -> None:
    with psycopg.connect(message_db.connection.info.dsn) as other:
        other.execute("SET search_path TO message_store, public")
        other.execute("SELECT write_message(gen_random_uuid()::text, 'third-1', 'T', '{}')")
        # Another category has a lock of its own, so its writer does not wait.
        assert cli.text("append", id_of(FIRST), "next", "Deposited", "{}", input="") == "2\n"
        other.commit()
    assert [event["global_position"] for event in cli.lines("export")] == [1, 2]


def test_a_role_that_only_reads_reads(filled: MessageDb, cli: CommandLine) -> None:
    role = f"reader_{filled.connection.info.dbname}"
    filled.connection.execute(f'CREATE ROLE "{role}" LOGIN')
    try:
        filled.connection.execute(f'GRANT USAGE ON SCHEMA message_store TO "{role}"')
        filled.connection.execute(f'GRANT SELECT ON messages TO "{role}"')
        separator = "&" if "?" in filled.url else "?"
        reader = CommandLine(f"{filled.url}{separator}options=-crole%3D{role}", "message-db")
        for command in (["export"], ["log"], ["get", FIRST], ["list"], ["stats"], ["verify"], ["info"]):
            assert reader.run(*command).exit_code == 0, command
        assert "permission denied" in reader.refused(5, "append", id_of(FIRST), "next", "Deposited", "{}")
    finally:
        filled.connection.execute(f'DROP OWNED BY "{role}"')
        filled.connection.execute(f'DROP ROLE "{role}"')
