"""Tables of other libraries through a pooler that pools by transaction and drops options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from tests.helpers.events import sequence
from tests.helpers.other_libraries.bank import Bank
from tests.helpers.other_libraries.message_store import MessageDb
from tests.helpers.program import run
from tests.helpers.stores import file_with, journal_with

EVENTS = 100


def through(pooled_server: str, url: str, layout: str) -> str:
    given = make_url(url)
    pooled = make_url(pooled_server).set(database=given.database)
    schema = f"schema={given.query['schema']}&" if layout == "eventsourcing" else ""
    return f"{pooled.render_as_string(hide_password=False)}?{schema}layout={layout}"


def written_and_read(url: str, tmp_path: Path, first: int) -> None:
    events = [event._replace(originator_version=version) for version, event in enumerate(sequence(EVENTS), first)]
    file = file_with(tmp_path / "events.ndjson", events[:-1])
    imported = run("import", str(file), url=url)
    assert f"{EVENTS - 1} appended" in imported.stderr, imported.stderr
    last = events[-1]
    appended = run("append", last.originator_id, str(last.originator_version), last.event_type, last.state, url=url)
    assert appended.returncode == 0, appended.stderr
    for command in (["log"], ["export"], ["get", last.originator_id]):
        ended = run(*command, url=url)
        assert (ended.returncode, ended.stdout.count('"n"')) == (0, EVENTS), ended.stderr
    for command in (["verify"], ["stats"], ["list"], ["info"]):
        ended = run(*command, url=url)
        assert ended.returncode == 0, ended.stderr
    copied = run("copy", url, journal_with(str(tmp_path / "copy.db"), []))
    assert (copied.returncode, "proven" in copied.stderr) == (0, True), copied.stderr


def test_message_db(message_db: MessageDb, pooled_server: str, tmp_path: Path) -> None:
    written_and_read(through(pooled_server, message_db.url, "message-db"), tmp_path, 0)


def test_eventsourcing(postgres_url: str, open_bank: Callable[..., Bank], pooled_server: str, tmp_path: Path) -> None:
    open_bank(postgres_url).make(accounts=0, events=0)
    written_and_read(through(pooled_server, postgres_url, "eventsourcing"), tmp_path, 1)
