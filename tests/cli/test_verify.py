"""`verify`: its output, in each format, and how it ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import signal
import subprocess
from pathlib import Path

import pytest

from esjournal.cli.rendering.findings import SHOWN_OF_A_KIND
from esjournal.interchange import ndjson
from tests.helpers.events import ID, OTHER_ID, event, generated, sequence
from tests.helpers.program import invoke, refused, run, start
from tests.helpers.stores import execute, file_with, journal_with
from tests.helpers.terminal import CONTROL, on_terminal, plain

EVENTS = [*sequence(6), *sequence(2, of=OTHER_ID)]
STATE_HINT = """a state looks like '{"foo":"bar"}'"""
DELETED = "DELETE FROM stored_events WHERE global_position IN (3, 4)"


@pytest.fixture
def url(store_url: str) -> str:
    return journal_with(store_url, EVENTS)


@pytest.fixture
def broken(url: str) -> str:
    execute(url, DELETED, "UPDATE stored_events SET state = 'x' WHERE global_position = 6")
    return url


def test_a_sound_journal_is_reported_as_sound(url: str) -> None:
    ended = run("verify", url=url)
    assert (ended.returncode, ended.stdout) == (0, "")
    first, *rest = ended.stderr.splitlines()
    check = r"(integrity_check|bt_index_check with heapallindexed), "
    assert re.fullmatch(rf"esjournal: 8 events verified: sound, ({check})?[\d.]+ s, [\d,]+/s", first)
    assert ("_check" in first) is (not rest)
    assert rest in ([], ["esjournal: indexes were not checked, because the extension amcheck is not installed"])


def test_the_answer_says_which_check_the_database_made(url: str) -> None:
    thorough, quick = (invoke("verify", *options, url=url).stderr for options in ((), ("--quick",)))
    checks = ("integrity_check", "quick_check")
    if not url.startswith("sqlite"):
        if "indexes were not checked" in quick:
            assert "_check" not in thorough + quick
            return
        checks = ("bt_index_check with heapallindexed", "bt_index_check")
    for answer, check in zip((thorough, quick), checks, strict=True):
        assert f"8 events verified: sound, {check}, " in answer


def test_what_sqlite_checks_of_a_file_of_events_is_not_said(tmp_path: Path) -> None:
    file = file_with(tmp_path / "events.ndjson", EVENTS)
    assert re.search(r"8 events verified: sound, [\d.]+ s", invoke("verify", url=str(file)).stderr)


def test_findings_are_lines_of_kind_place_and_detail_and_the_exit_is_1(broken: str) -> None:
    ended = run("verify", url=broken)
    assert ended.returncode == 1
    assert [line.split(maxsplit=2) for line in ended.stdout.splitlines()] == [
        ["missing-position", "3..4", "2 events missing"],
        [
            "bad-state",
            "6",
            """state is not JSON: Expecting value at column 1 of 'x'; a state looks like '{"foo":"bar"}'""",
        ],
        ["missing-version", f"{ID}@2..3", "version 1 is followed by 4"],
    ]
    assert ended.stderr.startswith("esjournal: 6 events verified: 3 findings, ")


def test_quiet_prints_nothing_but_findings(broken: str) -> None:
    assert invoke("verify", "-q", url=broken).stderr == ""
    assert invoke("verify", "-q", url=broken).exit_code == 1
    assert invoke("verify", "-q", url=broken).stdout.count("\n") == 3


def test_json_and_ndjson_carry_the_same_findings(broken: str) -> None:
    document = json.loads(invoke("verify", "-F", "json", "--digest", "--per-sequence", url=broken).stdout)
    *findings, whole, one, other = map(
        json.loads, invoke("verify", "-F", "ndjson", "--digest", "--per-sequence", url=broken).stdout.splitlines()
    )
    assert list(document) == ["findings", "events", "digest", "sequences"]
    assert document["findings"] == findings
    assert findings[0] == {"kind": "missing-position", "place": "3..4", "detail": "2 events missing"}
    assert document["events"] == 6
    assert whole == {"digest": document["digest"]}
    assert {line["originator_id"]: line["digest"] for line in (one, other)} == document["sequences"]


def test_json_of_a_sound_journal_is_whole_too(url: str) -> None:
    document = json.loads(invoke("verify", "-F", "json", url=url).stdout)
    assert document == {"findings": [], "events": 8, "digest": None, "sequences": {}}


@pytest.mark.long
def test_digests_are_printed_as_sha256sum_does(url: str) -> None:
    exported = run("export", url=url).stdout
    digest = hashlib.sha256(re.sub(r',"global_position":[0-9]*}$', "}", exported, flags=re.MULTILINE).encode())
    ended = run("verify", "--digest", "--per-sequence", url=url)
    whole, *lines = ended.stdout.splitlines()
    assert whole.startswith(f"{digest.hexdigest()}  ")
    assert [line.split("  ")[1] for line in lines] == [OTHER_ID, ID]
    assert ended.returncode == 0


def test_a_digest_is_the_same_on_both_databases_and_of_a_file(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    urls = [
        journal_with(sqlite_url, EVENTS),
        journal_with(postgres_url, EVENTS),
        str(file_with(tmp_path / "e.ndjson", EVENTS)),
    ]
    outputs = [invoke("verify", "--digest", "--per-sequence", "-F", "json", url=url).stdout for url in urls]
    assert outputs == [outputs[0]] * 3


def test_per_sequence_without_digest_is_a_mistake(url: str) -> None:
    refused(invoke("verify", "--per-sequence", url=url), 2, "--per-sequence is for digests: add --digest")


# Events and their classes


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "shop_events.py").write_text(
        "from esjournal.domain.model.events import DomainEvent\nclass Paid(DomainEvent): pass\n"
    )
    (folder / "more_events.py").write_text(
        "from esjournal.domain.model.events import DomainEvent\nclass Sent(DomainEvent): pass\n"
    )
    (folder / "ending_events.py").write_text("raise SystemExit(0)\n")
    (folder / "broken_events.py").write_text("raise RuntimeError('no\\nluck')\n")
    return folder


@pytest.mark.long
def test_events_that_map_to_no_class_are_found_where_modules_are_named(store_url: str, modules: Path) -> None:
    journal_with(store_url, [event(0, event_type="shop_events#Paid"), event(1, event_type="more_events#Sent")])
    assert run("verify", url=store_url).returncode == 0
    one = run("verify", "--events", "shop_events", url=store_url, cwd=modules)
    assert one.returncode == 1
    assert one.stdout.startswith("unmapped          2  no class is registered under the topic 'more_events#Sent'")
    for options in (["--events", "shop_events:more_events"], ["--events", "shop_events", "--events", "more_events"]):
        assert run("verify", *options, url=store_url, cwd=modules).returncode == 0


def test_nothing_is_imported_that_is_not_named(store_url: str, modules: Path) -> None:
    journal_with(store_url, [event(0, event_type="broken_events#Event")])
    ended = run("verify", "--events", "shop_events", url=store_url, cwd=modules)
    assert ended.stdout.startswith("unmapped          1  no class is registered")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("broken_events", "RuntimeError: no luck"),
        ("ending_events", "SystemExit: 0"),
        ("shop_events:", "ValueError: Empty module name"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_mistake(url: str, modules: Path, name: str, cause: str) -> None:
    ended = run("verify", "--events", name, url=url, cwd=modules)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(f"esjournal: [^\n]*cannot be imported: {cause}[^\n]*\n", ended.stderr)


# On a terminal


def test_findings_on_a_terminal_are_folded_and_stored_text_is_escaped(sqlite_url: str) -> None:
    journal_with(sqlite_url, EVENTS)
    execute(sqlite_url, DELETED, "UPDATE stored_events SET originator_id = char(27) || '[2J' WHERE global_position > 6")
    execute(sqlite_url, "UPDATE stored_events SET originator_version = global_position WHERE global_position > 6")
    text = on_terminal("verify", url=sqlite_url)
    assert "\x1b[2J" not in text
    assert "\\u001b[2J@0..6" in text
    shown = plain(text).splitlines()
    assert any(line.startswith("missing-position  3..4  2 events missing") for line in shown)
    assert all(len(line) <= 80 for line in shown if not line.startswith("esjournal:"))


def test_a_terminal_says_what_a_kind_of_finding_means_and_what_to_do_once(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(version, "secret") for version in range(3)])
    for columns in (40, 80, 160):
        text = plain(on_terminal("verify", "-q", url=sqlite_url, columns=columns))
        words = " ".join(text.split())
        assert words.count("a state is not a JSON object; leave it if it is encrypted; otherwise correct") == 1
        assert words.count("bad-state ") == 3
        assert ("(docs/findings.md#bad-state)" in words) is (columns >= 80)
        assert max(map(len, text.splitlines())) <= columns
    lines = plain(on_terminal("verify", "-q", url=sqlite_url)).splitlines()
    assert lines[0] == "bad-state         1  state is not JSON: Expecting value at column 1 of 'secret';"
    assert lines[1] == f'{"":18}a state looks like \'{{"foo":"bar"}}\''
    assert lines[2].startswith(f"{'':18}a state is not a JSON object; ")
    assert "encrypted" not in invoke("verify", url=sqlite_url).stdout


def test_a_terminal_is_shown_the_first_of_very_many_findings_of_a_kind(sqlite_url: str) -> None:
    count = SHOWN_OF_A_KIND + 23
    journal_with(sqlite_url, [event(version, "secret") for version in range(count)])
    text = plain(on_terminal("verify", url=sqlite_url, columns=200))
    assert text.count("state is not JSON") == SHOWN_OF_A_KIND
    assert "bad-state         23 more; a file or a pipe gets all of them" in text
    assert f"{count:,} events verified: {count:,} findings" in text
    assert run("verify", url=sqlite_url).stdout.count("\n") == count


def test_colours_are_left_out_where_they_are_not_wanted(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(0, "secret")])
    assert "\x1b[33m" in on_terminal("verify", "-q", url=sqlite_url)
    assert not re.search(r"\x1b\[3\dm", on_terminal("verify", "-q", url=sqlite_url, NO_COLOR="1"))


def test_progress_is_seen_on_a_terminal_and_not_when_quiet(sqlite_url: str) -> None:
    journal_with(sqlite_url, list(generated(12_000)))
    text = CONTROL.sub("", on_terminal("verify", url=sqlite_url))
    # On a fast machine all events are read before the bar is drawn a second time.
    assert re.search(r"([\d,]+ events, [\d,]+/s|the database checks itself) .*\d+%", text)
    assert text.splitlines()[-1].startswith("esjournal: 12,000 events verified: sound")
    assert on_terminal("verify", "--quiet", url=sqlite_url) == ""


# How it ends


@pytest.mark.parametrize("seed", range(40))
def test_a_file_that_is_damaged_ends_with_findings_or_one_line(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "journal.db"
    journal_with(str(path), list(generated(600)))
    content = bytearray(path.read_bytes())
    dice = random.Random(seed)
    for _ in range(dice.choice((1, 20, 300))):
        content[dice.randrange(100, len(content))] ^= 1 << dice.randrange(8)
    if seed % 4 == 0:
        del content[dice.randrange(200, len(content)) :]
    path.write_bytes(content)
    ended = invoke("verify", "--digest", "--per-sequence", "-F", "json", url=str(path))
    assert ended.exit_code in (0, 1, 5), ended.stderr
    assert all(line.startswith("esjournal: ") for line in ended.stderr.splitlines())
    if ended.exit_code == 5:
        assert ended.stderr.count("\n") == 1
    else:
        assert bool(json.loads(ended.stdout)["findings"]) == (ended.exit_code == 1)


def test_a_journal_without_its_table_says_so(url: str) -> None:
    execute(url, "DROP TABLE stored_events")
    refused(invoke("verify", url=url), 5, "has no journal yet: run `esjournal (--url .* )?init`")


def test_ctrl_c_ends_it_with_one_line(store_url: str) -> None:
    # Nothing reads its output, so it is still running.
    journal_with(store_url, [event(version, "secret") for version in range(5_000)])
    with start("verify", url=store_url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.decode() == "esjournal: interrupted; uncommitted changes were rolled back\n"


def test_a_reader_that_stops_early_is_not_an_error(sqlite_url: str) -> None:
    journal_with(sqlite_url, [event(version, "secret") for version in range(5_000)])
    with start("verify", url=sqlite_url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.wait(120) == 0


# Files of events


def test_a_file_of_events_is_verified(tmp_path: Path) -> None:
    path = file_with(tmp_path / "e.ndjson", sequence(3))
    assert invoke("verify", url=str(path)).exit_code == 0
    other = ndjson.line_of(event(1, '{"other":true}')._replace(global_position=4))
    path.write_text(f"{path.read_text()}nonsense\n{other}\n")
    ended = invoke("verify", "--digest", "--per-sequence", url=str(path))
    assert [line.split()[:2] for line in ended.stdout.splitlines()] == [
        ["bad-line", f"{path}:4"],
        ["conflict", f"{path}:5"],
    ]
    assert ended.exit_code == 1
    assert ended.stderr.endswith("esjournal: there is no digest, because some events cannot be read\n")


def test_a_file_that_is_cut_off_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson.gz"
    path.write_bytes(gzip.compress(file_with(tmp_path / "e.ndjson", generated(2_000)).read_bytes())[:-20])
    ended = invoke("verify", "-F", "json", url=str(path))
    document = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert [finding["kind"] for finding in document["findings"]] == ["bad-line"]
    assert "cut off" in document["findings"][0]["detail"]


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    refused(invoke("verify", "-F", "json", url=str(tmp_path / "e.ndjson")), 2, "cannot be read")
