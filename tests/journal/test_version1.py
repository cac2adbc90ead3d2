"""A journal, and the files, that an esjournal with schema version 1 wrote: `version1` has them as they were written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url

from esjournal.domain.model.events import DomainEvent
from esjournal.exceptions import SchemaTooOld
from esjournal.infrastructure.sqlalchemy import session, upgrades
from esjournal.journal.journal import initialise, open_journal
from esjournal.journal.journalstore import open_event_store
from tests.helpers.events import event
from tests.helpers.program import ended, invoke, refused
from tests.helpers.stores import execute
from tests.helpers.version1 import WRITTEN, make_version_1

LINES = "".join((WRITTEN / "journal.ndjson").read_text().splitlines(keepends=True)[:-1])
DIGEST = "4de91c3e0bc1cb3a5387143ab6fe04c9c22eff8c714231c4670c25373db87e58"
SEQUENCE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def earlier_url(store_url: str) -> str:
    """The URL of a copy of that journal."""
    return make_version_1(store_url)


def _failing_after(make: Callable[..., list[str]], kept: int, *given: Any) -> list[str]:
    return [*make(*given)[:kept], "SELECT no_such_column"]


def exported(url: str, *options: str) -> str:
    result = invoke("export", *options, url=url)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("upgraded", [False, True])
def test_exports_digests_and_cursors_are_what_they_were(earlier_url: str, upgraded: bool, tmp_path: Path) -> None:
    if upgraded:
        initialise(earlier_url)
    cursor = shutil.copy(WRITTEN / "cursor.json", tmp_path)
    assert exported(earlier_url) == LINES
    # What a seal says about a whole journal is new.
    sealed, _, whole = exported(earlier_url, "--seal").partition(',"journal":')
    assert sealed + "}}\n" == (WRITTEN / "journal.ndjson").read_text()
    assert whole.endswith(',"position":4}}}\n')
    assert exported(earlier_url, "-F", "csv") == (WRITTEN / "journal.csv").read_text()
    assert exported(earlier_url, "--cursor-file", str(cursor)) == ""
    result = invoke("verify", "--digest", url=earlier_url)
    assert (result.exit_code, result.stdout.split()[0]) == (0, DIGEST)


@pytest.mark.parametrize("name", ["journal.ndjson", "journal.csv"])
def test_a_file_is_imported_into_a_new_journal_as_it_was(store_url: str, name: str) -> None:
    initialise(store_url)
    assert invoke("import", str(WRITTEN / name), url=store_url).exit_code == 0
    assert exported(store_url) == LINES


@pytest.mark.parametrize("command", ["log", "list", "stats", "info", "history", "trace"])
def test_a_command_that_reads_reads_it(earlier_url: str, command: str) -> None:
    options = {"history": ["9b300b13"], "trace": ["1"]}.get(command, [])
    result = invoke(command, *options, url=earlier_url)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_condition_on_metadata_finds_nothing_in_it(earlier_url: str) -> None:
    refused(invoke("log", "--where", "meta.user != 1", url=earlier_url), 1, "nothing found")


@pytest.mark.parametrize(
    "arguments", [("append", SEQUENCE, "next", "a#B", "{}"), ("import", str(WRITTEN / "journal.ndjson"))]
)
def test_a_command_that_writes_says_to_upgrade_it_first(earlier_url: str, arguments: tuple[str, ...]) -> None:
    refused = r"esjournal: .* was made by an earlier esjournal \(schema version 1\).*: run `esjournal .*init`.*\n"
    ended(invoke(*arguments, url=earlier_url), 5, err=refused)
    assert exported(earlier_url) == LINES


@pytest.mark.parametrize("create", [False, True])
def test_the_library_reads_it_and_appends_only_once_it_is_upgraded(earlier_url: str, create: bool) -> None:
    with open_event_store(earlier_url, create=create) as store:
        assert len(store.active_record_strategy.get_items(UUID(SEQUENCE))) == 2
        with pytest.raises(SchemaTooOld, match="schema version 1"):
            store.append(DomainEvent(originator_id=UUID(SEQUENCE), originator_version=3))
    initialise(earlier_url)
    with open_event_store(earlier_url) as store:
        assert list(store.append(DomainEvent(originator_id=UUID(SEQUENCE), originator_version=3))) == [5]


def test_init_upgrades_it_and_says_so(earlier_url: str) -> None:
    said = r"esjournal: the journal .* had schema version 1, and is upgraded: its events are as they were\n"
    ended(invoke("init", url=earlier_url), 0, err=said)
    ended(invoke("init", url=earlier_url), 0, err=r"esjournal: the journal .* already; nothing to do\n")
    assert invoke("append", SEQUENCE, "3", "a#B", "{}", url=earlier_url).stdout == "5\n"
    ended(invoke("verify", url=earlier_url), 0, err=r"esjournal: 5 events verified: sound, .*\n(.*amcheck.*\n)?")


def test_whoever_could_read_it_can_read_it_when_it_is_upgraded(postgres_url: str) -> None:
    role = f"reader_{uuid4().hex}"
    schema = postgres_url.rsplit("=", 1)[1]
    execute(make_version_1(postgres_url), f'CREATE ROLE "{role}" LOGIN')
    try:
        execute(postgres_url, f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
        execute(postgres_url, f'GRANT SELECT ON esjournal, stored_events TO "{role}"')
        initialise(postgres_url)
        url = str(make_url(postgres_url).set(username=role))
        assert exported(url) == LINES
    finally:
        execute(postgres_url, f'DROP OWNED BY "{role}"', f'DROP ROLE "{role}"')


def test_an_upgrade_that_fails_at_any_statement_leaves_version_1(
    earlier_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = upgrades.adding_statements
    for kept in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(session, "adding_statements", partial(_failing_after, make, kept))
            with pytest.raises(Exception, match="no_such_column"):
                initialise(earlier_url)
        with open_journal(earlier_url) as journal:
            assert journal.events.session.identity().schema_version == 1
        assert exported(earlier_url) == LINES
    initialise(earlier_url)
    with open_journal(earlier_url) as journal:
        journal.events.append([event(5)])
    assert exported(earlier_url).startswith(LINES)
