"""Invalid events: refused in arguments (2 or 3), in lines and in rows (3), with nothing written; or kept exactly."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

from esjournal.domain.model import rules
from esjournal.interchange import secondprocess
from tests.helpers.events import ID, event
from tests.helpers.program import ended, invoke
from tests.helpers.stores import journal_with, stored

Event = dict[str, str]


EVENTS = [event(0, of="00000000-0000-0000-0000-000000000000")]


@pytest.fixture(scope="module")
def url(module_url: str) -> str:
    """The URL of a journal that refuses everything, and so is shared by tests."""
    return journal_with(module_url, EVENTS)


@pytest.fixture
def changed_url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


def text_of(value: str) -> str:
    return json.dumps(value)


def refused_everywhere(url: str, folder: Path, code_of_argument: int, message: str, **field: str) -> None:
    """Pass an event with one bad field as arguments, as a line of NDJSON and as a row of CSV."""
    given = {"originator_id": ID, "originator_version": "0", "event_type": "a", "state": "{}", **field}
    identity, version, event_type, state = given.values()
    before = stored(url)
    results = [(invoke("append", "--url", url, "--", identity, version, event_type, state), code_of_argument, "")]
    line = (
        f'{{"originator_id":{text_of(identity)},"originator_version":{version},'
        f'"event_type":{text_of(event_type)},"state":{state}}}'
    )
    (folder / "bad.ndjson").write_text("\n" + line, encoding="utf-8", errors="surrogatepass")
    with (folder / "bad.csv").open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        csv.writer(file).writerows([given.keys(), given.values()])
    for name in ("bad.ndjson", "bad.csv"):
        path = str(folder / name)
        results.append((invoke("import", path, url=url), 3, f"{re.escape(path)}:2: "))
    for result, code, place in results:
        assert result.exit_code == code, result.stderr
        assert result.stdout == ""
        assert re.match(f"esjournal: {place}.*{message}", result.stderr), result.stderr
        assert all(len(line) < 600 for line in result.stderr.splitlines())
    assert stored(url) == before


@pytest.mark.parametrize(
    "text",
    [
        ID.replace("-", "_"),
        ID.replace("-", ""),
        f" {ID}",
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        f"0x{ID[2:]}",
        ID.replace("9", "\uff19"),
        "",
    ],
)
def test_any_spelling_of_an_id_but_hexadecimal_with_hyphens_is_refused(url: str, tmp_path: Path, text: str) -> None:
    refused_everywhere(url, tmp_path, 2, "is not a UUID: write 32 hexadecimal digits as 8-4-4-4-12", originator_id=text)
    assert invoke("get", "--url", url, "--", text).exit_code == 2
    assert invoke("export", "--id", text, url=url).exit_code == 2


def test_an_id_in_either_case_is_the_same_sequence(changed_url: str) -> None:
    invoke("append", ID.upper(), "0", "a", "{}", url=changed_url)
    assert invoke("append", ID, "0", "a", "{}", url=changed_url).exit_code == 4


@pytest.mark.parametrize("text", ["1_000", "\u0663", "+1", "1.0", "-1", str(2**63), "01", "1e3", "9" * 5_000])
def test_a_version_that_is_not_a_plain_number_within_63_bits_is_refused(url: str, tmp_path: Path, text: str) -> None:
    if text in ("\u0663", "+1", "01", "1_000"):
        message = "is not a version|the line is not a JSON object"
    else:
        message = "is not a version: write plain digits, 0 to 9223372036854775807"
    refused_everywhere(url, tmp_path, 2, f"(.*{message})", originator_version=text)
    assert invoke("get", ID, f"--gte={text}", url=url).exit_code == 2


def test_a_leading_minus_gets_the_advice_to_use_two_hyphens(url: str) -> None:
    result = invoke("append", ID, "-1", "a", "{}", url=url)
    assert result.exit_code == 2
    assert ": a value that begins with - goes after --, and versions are 0 or more (see" in result.stderr


def test_the_last_version_there_can_be_is_kept(changed_url: str) -> None:
    invoke("append", ID, str(2**63 - 1), "a", "{}", url=changed_url)
    assert stored(changed_url)[-1].originator_version == 2**63 - 1
    result = invoke("append", ID, "next", "a", "{}", url=changed_url)
    assert result.exit_code in (3, 5)
    assert result.stderr.count("\n") == 1
    assert len(stored(changed_url)) == 2


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("{'foo':1}", "(state is not JSON|the line is not a JSON object): .* at column"),
        ('{"a":1,}', "(state is not JSON|the line is not a JSON object): .* at column"),
        ("[1]", "is JSON, but not an object"),
        ("1", "is JSON, but not an object"),
        ("null", "is JSON, but not an object"),
        ('{"a":NaN}', "state has NaN, which is not JSON"),
        ('{"a":Infinity}', "state has Infinity, which is not JSON"),
        ('{"a":1e400}', "which is beyond a double"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, f"nested deeper than {rules.MAX_STATE_DEPTH} levels"),
        ("[" * 100_000, f"nested deeper than {rules.MAX_STATE_DEPTH} levels"),
        ('{"a":"\0"}', "raw U\\+0000|Invalid control character"),
        ('{"a":"\ud800"}', "half of a surrogate pair|is not UTF-8"),
        ('{"a":"\x01"}', "Invalid control character"),
    ],
    ids=lambda value: value[:30],
)
def test_a_state_that_is_not_a_json_object_is_refused(url: str, tmp_path: Path, state: str, message: str) -> None:
    refused_everywhere(url, tmp_path, 3, f"(.*({message}))", state=state)


def test_the_message_about_a_refused_state_shows_what_a_state_looks_like(url: str) -> None:
    assert """a state looks like '{"foo":"bar"}'""" in invoke("append", ID, "0", "a", "foo", url=url).stderr


@pytest.mark.parametrize("data", [b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b"\xc3"])
def test_bytes_that_are_no_utf8_are_refused(url: str, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad"
    path.write_bytes(data)
    for arguments, options in [
        (["append", ID, "0", "a", f"@{path}"], {}),
        (["append", ID, "0", "a", "-"], {"input": data}),
        (["append", "-"], {"input": data}),
        (["import", str(path)], {}),
        (["import", str(path), "-F", "csv"], {}),
    ]:
        result = invoke(*arguments, url=url, **options)
        assert result.exit_code == 3
        assert re.search(r"byte 0x\w\w at byte \d+", result.stderr)
    assert len(stored(url)) == 1


STATES = [
    '{"price":1.10}',
    '{"a":1,"a":2}',
    '{"z":1,"a":2}',
    '{"a":' + "9" * 400 + "}",
    '{"a":"\u2028 and \\u2028"}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '{ "a" :\t1 }',
    '{"a":-0,"b":1E5}',
]


def test_states_are_stored_and_given_back_byte_for_byte(changed_url: str, tmp_path: Path) -> None:
    for version, state in enumerate(STATES):
        assert invoke("append", ID, str(version), "a", state, url=changed_url).exit_code == 0, state
        assert stored(changed_url)[-1].state == state
    exported = invoke("export", "--id", ID, url=changed_url).stdout_bytes
    (tmp_path / "copy.ndjson").write_bytes(exported)
    invoke("init", url=str(tmp_path / "copy.db"))
    assert invoke("import", str(tmp_path / "copy.ndjson"), url=str(tmp_path / "copy.db")).exit_code == 0
    shown = invoke("get", ID, "-F", "ndjson", url=str(tmp_path / "copy.db")).stdout_bytes
    for state, there, then in zip(STATES, exported.splitlines(), shown.splitlines(), strict=True):
        assert f'"state":{state},"recorded_at"'.encode() in there
        assert then.count(state.encode()) == 1, state


@pytest.mark.parametrize(
    ("event_type", "message"),
    [
        ("", "event_type is empty"),
        ("x" * 10_000, "is too long: 255 characters are allowed"),
        ("a\nb", r"control character U\+000A at column 2: remove it"),
        ("a\x1b]52;c;AAAA\x07", r"control character U\+001B"),
        ("a\x9b", r"control character U\+009B"),
        ("a\u202eb", r"control character U\+202E"),
        ("a\0", r"control character U\+0000"),
        ("\ud800", "U\\+D800|is not UTF-8"),
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_an_event_type_that_is_empty_too_long_or_unprintable_is_refused(
    url: str, tmp_path: Path, event_type: str, message: str
) -> None:
    refused_everywhere(url, tmp_path, 3, f"(.*({message}))", event_type=event_type)


def test_a_type_that_names_a_module_is_only_text(
    changed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trap_for_topics.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for event_type in ("os#system", "trap_for_topics#Trap"):
        assert invoke("append", ID, "next", event_type, "{}", url=changed_url).exit_code == 0
    assert "trap_for_topics#Trap" in invoke("get", ID, url=changed_url).stdout
    assert invoke("export", url=changed_url).exit_code == 0
    assert "trap_for_topics" not in sys.modules


@pytest.mark.parametrize("text", ["yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T00:00:00Z", ""])
def test_a_time_without_a_meaning_is_wrong_usage(url: str, text: str) -> None:
    result = invoke("append", ID, "0", "a", "{}", "--recorded-at", text, url=url)
    assert result.exit_code == 2
    assert re.search("is not a time: write one such as|has no offset", result.stderr)
    assert len(stored(url)) == 1


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("data", [b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"])
def test_a_corrupt_file_is_bad_data_and_nothing_of_it_is_written(
    url: str, tmp_path: Path, suffix: str, data: bytes
) -> None:
    path = tmp_path / f"e.ndjson{suffix}"
    path.write_bytes(data)
    result = invoke("import", str(path), url=url)
    assert result.exit_code == 3
    assert "the compressed data is corrupt or cut off" in result.stderr


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("processes", [1, 2])
def test_none_of_a_file_that_is_cut_off_after_whole_events_is_written(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, processes: int
) -> None:
    monkeypatch.setattr(secondprocess, "WORTH_IT_BYTES", 1)
    monkeypatch.setattr(secondprocess, "second_process_pays", lambda busy=1: processes == 2)
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    lines = "".join(
        f'{{"originator_id":"{ID}","originator_version":{n},"event_type":"a","state":{{"n":"{n:x}"}}}}\n'
        for n in range(20_000)
    )
    from esjournal.interchange.outputfiles import sink

    with sink(str(whole)) as stream:
        stream.write(lines.encode())
    cut.write_bytes(whole.read_bytes()[:-100])
    said = rf"{re.escape(str(cut))}:\d+: the compressed data is corrupt or cut off \([^)]*\): get the file again"
    ended(invoke("import", str(cut), url=url), 3, err=f"esjournal: {said}\n")
    assert len(stored(url)) == 1


@pytest.mark.parametrize("path", ["missing.ndjson", "folder", "missing/e.ndjson", "x" * 300])
def test_a_path_that_cannot_be_used_is_wrong_usage(
    url: str, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    results = [invoke("import", path, url=url), invoke("append", ID, "0", "a", f"@{path}", url=url)]
    if path != "missing.ndjson":
        results.append(invoke("export", "-o", path, url=url))
    for result in results:
        assert result.exit_code == 2
        assert re.fullmatch(f"esjournal: {path} cannot be (read|written): [^\n]+\n", result.stderr)
    assert len(stored(url)) == 1


def test_a_csv_with_long_fields_quotes_and_line_ends_is_lawful(changed_url: str, tmp_path: Path) -> None:
    state = '{"a":"' + "x" * 200_000 + '",\n"b":"\\""}'
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["originator_id", "originator_version", "event_type", "state"], [ID, 0, "a", state]])
    (tmp_path / "e.csv").write_text(buffer.getvalue(), newline="")
    assert invoke("import", str(tmp_path / "e.csv"), url=changed_url).exit_code == 0
    assert stored(changed_url)[-1].state == state


@pytest.mark.parametrize("text", ["originator_id,state\n", "originator_id,originator_version,event_type,state,x\n", ""])
def test_a_csv_with_missing_or_unknown_columns_is_refused_with_the_line(url: str, tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(text)
    result = invoke("import", str(path), url=url)
    assert result.exit_code == 3
    assert re.match(rf"esjournal: {re.escape(str(path))}:1: (the header|the file has no header)", result.stderr)
