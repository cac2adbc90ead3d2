"""Settings of one connection from several sources all apply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from esjournal.infrastructure.sqlalchemy.postgresql.libpq import completed, settings
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from tests.helpers.events import sequence
from tests.helpers.program import environment, run
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long


@pytest.fixture
def reader(postgres_server: str, postgres_url: str) -> Iterator[str]:
    """A role that may only read the journal."""
    role = f"test_{uuid4().hex}"
    journal_with(postgres_url, sequence(3))
    schema = StoreURL.parse(postgres_url).schema
    with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:
        connection.execute(f'CREATE ROLE "{role}"')
        connection.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
        connection.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO "{role}"')
        yield role
        connection.execute(f'DROP OWNED BY "{role}"')
        connection.execute(f'DROP ROLE "{role}"')


def service(folder: Path, **parameters: str) -> dict[str, str]:
    file = folder / "services.conf"
    file.write_text("[journal]\n" + "".join(f"{name}={value}\n" for name, value in parameters.items()))
    return {"PGSERVICEFILE": str(file)}


def test_options_of_the_environment_a_service_and_the_url_hold_with_a_schema(
    postgres_url: str, reader: str, tmp_path: Path
) -> None:
    # Each of the three in turn sets a role that may not write.
    for place in range(3):
        texts = [f"-c lock_timeout={number}" for number in (11, 22, 33)]
        texts[place] = f"-c role={reader}"
        variables = {"PGOPTIONS": texts[0], **service(tmp_path, options=texts[1])}
        url = f"{postgres_url}&service=journal&options={texts[2].replace(' ', '%20').replace('=', '%3D')}"
        assert run("log", url=url, env=environment(**variables)).stdout.count("a.b#C") == 3
        refused = run("append", "new", "0", "a#B", "{}", url=url, env=environment(**variables))
        assert (refused.returncode, "permission denied" in refused.stderr) == (5, True), refused.stderr


def test_of_one_setting_the_nearest_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c a.b=1 -c c.d=1 -c e.f=1")
    for name, value in service(tmp_path, options="-c a.b=2 -c c.d=2").items():
        monkeypatch.setenv(name, value)
    options = completed({"service": "journal", "options": "-c a.b=3"})["options"]
    assert settings(options) == {"a.b": "3", "c.d": "2", "e.f": "1"}


def test_a_timeout_that_somebody_gave_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert completed({})["connect_timeout"] == 10
    for name, value in service(tmp_path, connect_timeout="7").items():
        monkeypatch.setenv(name, value)
    assert completed({"service": "journal"})["connect_timeout"] == "7"
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "5")
    assert completed({})["connect_timeout"] == "5"
    assert completed({"service": "journal", "connect_timeout": "3"})["connect_timeout"] == "3"


def test_options_are_split_as_postgresql_splits_them() -> None:
    given = r"-c search_path=a,\ b --Lock-Timeout=5 -cx.y=\\ -e -c role=a=b"
    assert settings(given) == {"search_path": "a, b", "lock_timeout": "5", "x.y": "\\", "role": "a=b"}


def test_the_first_host_that_answers_is_taken(postgres_url: str) -> None:
    journal_with(postgres_url, sequence(3))
    # The server's own host is the folder of a socket.
    url = postgres_url.replace("host=", "host=/nowhere,")
    if url != postgres_url:
        assert run("log", url=url).stdout.count("a.b#C") == 3


@pytest.mark.parametrize("wrong", ["sslmode=requir", "service=no_such_service", "port=1,2,3", "host=a,b&port=1,2,3"])
def test_a_mistake_in_the_url_is_not_reported_as_a_server_that_is_down(wrong: str) -> None:
    ended = run("log", url=f"postgresql://ada@127.0.0.1:1/db?{wrong}")
    assert (ended.returncode, "libpq does not accept" in ended.stderr) == (2, True), ended.stderr
    down = run("log", url="postgresql://127.0.0.1:1,127.0.0.1:2/db")
    assert (down.returncode, "cannot be reached" in down.stderr) == (5, True), down.stderr


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"PGPORT": "abc"}, 2),
        ({"PGPORT": "99999"}, 2),
        ({"PGPORT": "1"}, 5),
        ({"PGHOST": "127.0.0.1,127.0.0.1", "PGPORT": "1,2"}, 5),
    ],
)
def test_a_port_in_the_environment_is_checked_as_one_in_the_url_is(variables: dict[str, str], code: int) -> None:
    url = "postgresql:///db" if "PGHOST" in variables else "postgresql://127.0.0.1/db"
    ended = run("log", url=url, env=environment(**variables))
    said = "libpq does not accept" if code == 2 else "cannot be reached"
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    # The port in the URL is the one that counts.
    assert run("log", url="postgresql://127.0.0.1:1/db", env=environment(**variables)).returncode == 5
