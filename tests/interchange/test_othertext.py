"""Text that is not events in the expected format: one message that says what is expected, instead of one a line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidLine
from esjournal.interchange import ndjson
from esjournal.interchange.bytestreams import byte_stream
from esjournal.interchange.formats import format_of
from esjournal.interchange.inputfiles import read_events
from tests.helpers.events import event
from tests.helpers.program import invoke
from tests.helpers.stores import stored

LINES = [ndjson.line_of(event(version)._replace(global_position=version + 1, state='{"a":1}')) for version in range(3)]
CSV = "originator_id,originator_version,event_type,state\n"
EXPECTED = "expected one event a line, an array of events, or events one after another"
PACKAGE = json.dumps({"name": "shop", "version": "1.0", "scripts": {"test": "x"}}, indent=2)


def outcome(path: Path) -> tuple[int, list[str]]:
    """Return the number of events of a file, and its bad lines."""
    with byte_stream(str(path)) as opened:
        batches = list(read_events(opened, format_of(path.name)))
    return sum(len(batch.lines) for batch in batches), [str(bad) for batch in batches for bad in batch.bad]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"events":[{",".join(LINES)}]}}', "member 'events'"),
        (f'{{"events":[{",".join(LINES)}]}}\n', "member 'events'"),
        ('{"events":[\n' + ",\n".join(LINES) + "\n]}\n", "member 'events'"),
        ('{"events": [\n  ' + ",\n  ".join(LINES * 200) + "\n]}\n", "member 'events'"),
        (json.dumps({"events": [json.loads(line) for line in LINES]}, indent=2), "member 'events'"),
        ('{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null}]}', "member 'type'"),
        (PACKAGE, "member 'name'"),
        (f"{PACKAGE}\n{PACKAGE}\n", "member 'name'"),
        ('{"level":"info","msg":"a"}\n' * 5_000, "member 'level'"),
        ('[{"id":1},{"id":2}]', "member 'id'"),
        ('[\n  {"id": 1},\n  {"id": 2}\n]\n', "member 'id'"),
        ('{"a":"' + "x" * 100_000 + '"}', "member 'a'"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_other_json_is_reported_once_with_what_is_expected(tmp_path: Path, text: str, found: str, packed: bool) -> None:
    path = tmp_path / ("e.json.gz" if packed else "e.json")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    with pytest.raises(InvalidLine) as caught:
        outcome(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:1: this is JSON, but not an event: {EXPECTED}")
    assert message.endswith(f"; found the {found}")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("e.ndjson", CSV, "this is CSV: give the file a name that ends in .csv, or import it with --format csv"),
        ("e.ndjson", '\ufeff"originator_id","originator_version","event_type","state"\r\n', "this is CSV: "),
        ("e.ndjson", CSV.replace(",", ";"), "this is CSV: import it with --format csv --delimiter ';'"),
        ("e.txt", CSV.replace(",", "\t"), "this is CSV: import it with --format csv --delimiter tab"),
        (
            "e.txt",
            "sep=;\r\n" + CSV.replace(",", ";"),
            "this is CSV: give the file a name that ends in .csv, or import",
        ),
        ("e.ndjson", "id,name\n1,a\n2,b\n", f"this is not JSON: {EXPECTED}"),
        ("e.json", "---\nevents:\n- a\n", f"this is not JSON: {EXPECTED}"),
        ("e.csv", LINES[0], "this is NDJSON: give the file a name that ends in .ndjson, or import it with --format "),
        ("e.csv", f"[{LINES[0]},\n{LINES[1]}]", "this is NDJSON: "),
    ],
)
def test_a_text_in_another_format_is_reported_once(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InvalidLine) as caught:
        outcome(path)
    assert str(caught.value).startswith(f"{path}:1: {reason}")


@pytest.mark.parametrize(
    ("text", "events", "bad"),
    [
        (f'{{"a":1}}\n{LINES[0]}\n', 1, 1),
        (f'{{"a":[\n{LINES[0]}\n', 1, 1),
        (f'{{"a\n{LINES[0]}\n', 1, 1),
        (f"bad\n{LINES[0]}\n", 1, 1),
        (f"bad\nworse\n {LINES[0]}\n", 1, 2),
        (f'[{{"a":1}},{LINES[0]}]', 1, 1),
        ('{"a":1}\n' * 1_000 + LINES[0] + "\n", 1, 1_000),
        (f'{LINES[0]}\n{{"events":[]}}\n', 1, 1),
        ('{"event_type":"a"}\n', 0, 1),
        ('{"reject":{"text":"a"}}\n', 0, 1),
        ("{}\n", 0, 1),
        ("bad\n", 0, 1),
        ('{"state":{"b":1},"event_type":"a","originator_version":0,"originator_id":"' + LINES[0][18:54] + '"}\n', 1, 0),
        (LINES[0].replace('{"a":1}', json.dumps({"a": "x" * 100_000})), 1, 0),
    ],
)
def test_a_file_with_some_events_still_reports_each_bad_line(tmp_path: Path, text: str, events: int, bad: int) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text(text)
    found, bad_lines = outcome(path)
    assert (found, len(bad_lines)) == (events, bad)


@pytest.mark.parametrize(
    ("arguments", "text", "code"),
    [
        (["import", "e.ndjson"], '{"events":[]}\n', 3),
        (["import", "--rejects", "r.ndjson", "e.ndjson"], '{"level":1}\n' * 3, 3),
        (["import", "-"], '[{"id":1},{"id":2}]', 3),
        (["append", "-"], PACKAGE, 3),
        (["stats", "--url", "e.ndjson"], PACKAGE, 3),
        (["list", "--url", "e.ndjson"], CSV, 3),
    ],
)
def test_every_command_says_it_in_one_line(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], text: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("init", url=sqlite_url)
    Path("e.ndjson").write_text(text)
    result = invoke(*arguments, url=None if "--url" in arguments else sqlite_url, input=text)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)
    assert ":1: this is " in result.stderr
    assert not Path("r.ndjson").exists()
    assert stored(sqlite_url) == []


def test_verify_reports_it_as_one_finding(tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_text('{"level":1}\n' * 3)
    result = invoke("verify", url=str(tmp_path / "e.ndjson"))
    assert (result.exit_code, result.stdout.count("\n")) == (1, 1)
    assert "this is JSON, but not an event" in result.stdout
