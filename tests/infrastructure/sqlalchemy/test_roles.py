"""The roles of docs/operations.md: what each of them can do with every command, and that the page says so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from tests.helpers.events import ID, OTHER_ID
from tests.helpers.pages import blocks
from tests.helpers.program import invoke, start

PAGE = "docs/operations.md"
LINE = json.dumps({"originator_id": OTHER_ID, "originator_version": 0, "event_type": "a#B", "state": {"n": 1}})


@pytest.fixture
def urls(postgres_server: str) -> Iterator[dict[str, str]]:
    """The URL of a journal for each role, as the page makes and grants it."""
    name = f"test_{uuid4().hex}"
    before, after, *_ = [block.text.replace("shop", name) for block in blocks(PAGE) if block.language == "sql"]
    server = make_url(postgres_server)
    made = {
        role: server.update_query_dict({"options": f"-crole={name}_{role}", "schema": name}).render_as_string(False)
        for role in ("owner", "writer", "reader")
    }
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        connection.execute(before.encode())
        assert invoke("init", url=made["owner"]).exit_code == 0
        connection.execute(f"SET ROLE {name}_owner".encode())
        connection.execute(after.encode())
        connection.execute("RESET ROLE")
        assert invoke("append", ID, "0", "a#B", '{"n":1}', url=made["owner"]).exit_code == 0
        yield made
        for role in made:
            connection.execute(f"DROP OWNED BY {name}_{role} CASCADE; DROP ROLE {name}_{role}".encode())


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.ndjson").write_text(f"{LINE}\n")
    (tmp_path / "counted.py").write_text("def count(state, event):\n    state['n'] = state.get('n', 0) + 1\n")
    assert invoke("init", url="other.db").exit_code == 0
    yield
    sys.modules.pop("counted", None)


READING = [
    f"get {ID}",
    "list",
    "log",
    f"history {ID}",
    "replay --with counted:count",
    f"trace {ID}/0",
    "stats",
    "verify",
    "verify --digest",
    "info",
    "each --cursor-file mine -- true",
    "export --cursor-file mine -o events.ndjson",
    "init",
]
WRITING = [
    f"append {ID} 1 a#B {{}}",
    "append order-1 0 a#B {}",
    "import -q lines.ndjson",
    "import -q --commit-every 1 lines.ndjson",
]


@pytest.mark.parametrize("role", ["owner", "writer", "reader"])
def test_every_role_may_read(urls: dict[str, str], role: str) -> None:
    url = urls[role]
    for command in READING:
        result = invoke("--url", url, *command.split(" "))
        assert (result.exit_code, "permission" in result.stderr) == (0, False), (command, result.stderr)
    assert invoke("cursor", "mine", url=url).exit_code == 0
    assert invoke("copy", "-q", url, "other.db").exit_code == 0
    assert invoke("diff", "-q", url, "other.db").exit_code == 0
    with start("log", "-f", "-F", "ndjson", url=url, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["originator_id"] == ID


@pytest.mark.parametrize("role", ["owner", "writer"])
def test_an_owner_and_a_writer_append_and_import(urls: dict[str, str], role: str) -> None:
    for command in WRITING:
        result = invoke(*command.split(" "), url=urls[role])
        assert result.exit_code == 0, (command, result.stderr)
    assert invoke("copy", "-q", "lines.ndjson", urls[role]).exit_code == 0


def test_a_reader_is_told_which_right_is_missing(urls: dict[str, str]) -> None:
    assert invoke("import", "-q", "lines.ndjson", url="other.db").exit_code == 0
    for arguments in (*(command.split(" ") for command in WRITING), ["copy", "other.db", urls["reader"]]):
        result = invoke(*arguments, url=None if arguments[0] == "copy" else urls["reader"])
        assert result.exit_code == 5, (arguments, result.stderr)
        assert re.search("permission denied for table (stored_events|sequence_names); .* INSERT", result.stderr)


@pytest.mark.parametrize("role", ["writer", "reader"])
@pytest.mark.parametrize("statement", ["UPDATE {}.stored_events SET state = ''", "DELETE FROM {}.stored_events"])
def test_nobody_but_the_owner_changes_an_event(urls: dict[str, str], role: str, statement: str) -> None:
    url = make_url(urls[role])
    server = url.difference_update_query(["schema"]).render_as_string(hide_password=False)
    with closing(psycopg.connect(server)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.format(url.query["schema"]).encode())
