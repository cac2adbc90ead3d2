"""If a role may not do something on PostgreSQL, the message says so, and never that there is no journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from esjournal.exceptions import NotInitialised, StoreError
from esjournal.journal.journalstore import open_event_store
from tests.helpers.events import ID, sequence
from tests.helpers.other_libraries.tables import INSERTS, TABLES, writer
from tests.helpers.program import invoke
from tests.helpers.stores import journal_with

COMMANDS = ["init", "log", "export", "list", "stats", "verify", "info", f"get {ID}", f"append {ID} next a#B {{}}"]


@pytest.fixture
def role(postgres_server: str) -> Iterator[str]:
    """The name of a role without any rights."""
    name = f"test_{uuid4().hex}"
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        connection.execute(f'CREATE ROLE "{name}" LOGIN')
        yield name
        connection.execute(f'DROP OWNED BY "{name}" CASCADE; DROP ROLE "{name}"')


def as_role(url: str, role: str) -> str:
    return make_url(url).update_query_dict({"options": f"-c role={role}"}).render_as_string(hide_password=False)


def refused(url: str, reason: str, command: str) -> None:
    result = invoke(*command.split(" "), url=url)
    assert (result.exit_code, result.stdout) == (5, ""), (command, result.output)
    assert re.fullmatch(f"esjournal: [^\n]*{reason}[^\n]*\n", result.stderr), result.stderr
    assert "run `esjournal" not in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_schema_that_a_role_may_not_use(postgres_url: str, role: str, command: str) -> None:
    journal_with(postgres_url, sequence(3))
    schema = make_url(postgres_url).query["schema"]
    refused(as_role(postgres_url, role), f"(GRANT USAGE ON SCHEMA {schema} TO {role}|denied for schema)", command)
    with writer(postgres_url) as connection:
        connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
    if command != "init":
        refused(as_role(postgres_url, role), "permission denied for table .*; grant USAGE .* SELECT .* INSERT", command)


def test_a_schema_of_the_search_path_that_a_role_may_not_use(
    postgres_server: str, role: str, postgres_url: str
) -> None:
    schema = make_url(postgres_url).query["schema"]
    journal_with(postgres_url, sequence(3))
    given = {"options": f"-c role={role} -c search_path={schema}"}
    url = make_url(postgres_server).update_query_dict(given).render_as_string(hide_password=False)
    for command in COMMANDS:
        refused(url, f"GRANT USAGE ON SCHEMA {schema} TO {role}", command)


def test_a_role_that_may_read_and_not_write(postgres_url: str, role: str) -> None:
    journal_with(postgres_url, sequence(3))
    schema, url = make_url(postgres_url).query["schema"], as_role(postgres_url, role)
    with writer(postgres_url) as connection:
        connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
        connection.execute(f'GRANT SELECT ON stored_events, esjournal, sequence_names TO "{role}"')
    for command in COMMANDS[1:-1]:
        assert invoke(*command.split(" "), url=url).exit_code == 0
    refused(url, "permission denied for table stored_events; .* INSERT to append", COMMANDS[-1])


def test_a_schema_that_a_role_may_not_make_a_journal_in(postgres_url: str, role: str) -> None:
    refused(as_role(postgres_url, role), "permission denied for database", "init")
    with writer(postgres_url) as connection:
        connection.execute(f'GRANT USAGE ON SCHEMA "{make_url(postgres_url).query["schema"]}" TO "{role}"')
    refused(as_role(postgres_url, role), "permission denied for schema .* CREATE on the schema to init", "init")
    with pytest.raises(StoreError, match="permission denied for schema") as caught:
        open_event_store(as_role(postgres_url, role), create=True)
    assert not isinstance(caught.value, NotInitialised)


def test_the_tables_of_others_in_a_schema_that_a_role_may_not_use(postgres_url: str, role: str) -> None:
    with writer(postgres_url) as connection:
        connection.execute(TABLES["eventsourcing"])
        connection.execute(INSERTS["eventsourcing"])
    for command in ("export", "info", "list"):
        url = f"{as_role(postgres_url, role)}&layout=eventsourcing"
        refused(url, "(GRANT USAGE ON SCHEMA|denied for schema)", command)
