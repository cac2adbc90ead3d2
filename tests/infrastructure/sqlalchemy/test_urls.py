"""URLs of journals: which are accepted, which are refused, and what is never shown."""

import traceback
from pathlib import Path

import pytest

from esjournal.exceptions import InvalidURL
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.urls import StoreURL

CANARY = "tweety-c4n4ry"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("journal.db", "journal.db"),
        ("folder/my journal.db", "folder/my journal.db"),
        ("/var/lib/journal.db", "/var/lib/journal.db"),
        ("100%.db?x", "100%.db?x"),
        ("sqlite:///journal.db", "journal.db"),
        ("sqlite:////var/lib/journal.db", "/var/lib/journal.db"),
        ("sqlite+pysqlite:///journal.db", "journal.db"),
        ("sqlite://", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        (":memory:", ":memory:"),
        ("sqlite:///journal.db?timeout=3", "journal.db"),
        ("//srv/x/journal.db", "/srv/x/journal.db"),
        ("sqlite://///srv/journal.db", "/srv/journal.db"),
        ("~/journal.db", "/home/ada/journal.db"),
        ("sqlite:///~/journal.db", "/home/ada/journal.db"),
        ("journal~", "journal~"),
        ("file:journal.db", "file:journal.db"),
        ("file:journal.db?mode=memory", "file:journal.db?mode=memory"),
        ("100%41.db?layout=eventsourcing", "100%41.db"),
        ("what?.db?layout=eventsourcing&table=x", "what?.db"),
        ("./host=x.db", "./host=x.db"),
    ],
)
def test_a_path_or_a_sqlite_url_means_a_file(text: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert StoreURL.parse(text).path == path


@pytest.mark.parametrize("path", ["~no-such-user/journal.db", "~no-such-user"])
@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_the_home_of_no_user_is_refused_unless_that_is_a_name(
    scheme: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidURL, match=r"begins with ~, and there is no user no-such-user: write .* or \./~no-such"):
        StoreURL.parse(f"{scheme}{path}")
    assert StoreURL.parse(f"{scheme}./{path}").path == f"./{path}"
    (tmp_path / "~no-such-user").mkdir()
    assert StoreURL.parse(f"{scheme}{path}").path == path


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_postgresql_means_psycopg(scheme: str) -> None:
    url = StoreURL.parse(f"{scheme}://ada@db.example:5433/events?sslmode=require&application_name=x&timeout=1.5")
    assert url.path is None
    assert url.driver_url.drivername == "postgresql+psycopg"
    assert (url.driver_url.host, url.driver_url.port, url.driver_url.database) == ("db.example", 5433, "events")
    assert dict(url.driver_url.query) == {"sslmode": "require", "application_name": "x"}
    assert url.timeout == 1.5
    assert url.schema is None


def test_a_schema_is_ours_and_not_libpqs() -> None:
    url = StoreURL.parse("postgresql:///events?schema=billing")
    assert url.schema == "billing"
    assert dict(url.driver_url.query) == {}
    assert str(url) == "postgresql:///events?schema=billing"


@pytest.mark.parametrize(
    ("hosts", "host", "port"),
    [
        ("one,two", "one,two", None),
        ("one:1,two:2", "one,two", "1,2"),
        ("one:1,two", "one,two", "1,"),
        ("[::1]:1,[fe80::2]:2", "::1,fe80::2", "1,2"),
        (",two:2", ",two", ",2"),
    ],
)
def test_several_hosts_are_taken_as_libpq_takes_them(hosts: str, host: str, port: str | None) -> None:
    url = StoreURL.parse(f"postgresql://ada:{CANARY}@{hosts}/events?target_session_attrs=primary&schema=billing")
    query = dict(url.driver_url.query)
    assert (query["host"], query.get("port"), query["target_session_attrs"]) == (host, port, "primary")
    assert (url.driver_url.username, url.driver_url.password, url.driver_url.database) == ("ada", CANARY, "events")
    assert url.schema == "billing"
    assert CANARY not in str(url)
    # The URL that is shown can be used again.
    assert StoreURL.parse(str(url)).driver_url.query == url.driver_url.query


def test_two_schemas_are_one_too_many() -> None:
    assert StoreURL.parse("postgresql:///events?schema=billing", schema="billing").schema == "billing"
    with pytest.raises(InvalidURL, match="names the schema 'billing', but 'sales' was requested"):
        StoreURL.parse("postgresql:///events?schema=billing", schema="sales")


def test_a_timeout_in_the_address_goes_before_that_of_the_settings() -> None:
    assert StoreURL.parse("a.db").timeout == 10.0
    assert StoreURL.parse("a.db", timeout=3).timeout == 3
    assert StoreURL.parse("sqlite:///a.db?timeout=0.5", timeout=3).timeout == 0.5
    assert StoreURL.parse("postgresql:///a?timeout=0", timeout=3).timeout == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the URL is empty: write a file's path"),
        ("mysql://host/db", "names 'mysql', and journals are in SQLite or PostgreSQL"),
        ("postgresql+psycopg2://host/db", "names 'postgresql"),
        ("http://host/db", "names 'http'"),
        ("://x", "malformed"),
        ("postgresql://host:port/db", "malformed"),
        ("postgresql://host/db?schema=a&schema=b", "gives 'schema' more than once"),
        ("app.db?layout=eventsourcing&layout=message-db", "gives 'layout' more than once"),
        ("postgresql://host/db?schema=a%00b", "has a character that no name can have"),
        ("postgresql://host/db?schema=" + "a" * 64, "is longer than 63 bytes"),
        ("postgresql://host/db?timeout=soon", "timeout 'soon' is not a number of seconds"),
        ("sqlite:///a.db?timeout=-1", "timeout '-1' is not a number of seconds"),
        ("sqlite:///a.db?timeout=1_0", "is not a number of seconds"),
        ("sqlite:///a.db?timeout=\u0661", "is not a number of seconds"),
        ("sqlite:///a.db?mode=ro", "no parameter but timeout"),
        ("sqlite://a.db", "no parameter but timeout, layout and table: write sqlite:///FILE"),
        ("sqlite://user:word@/a.db", "no parameter but timeout"),
        ("postgresql://one:1,two:x/db", "malformed"),
        ("postgresql://ada:x%00@host/db", "NUL character"),
        ("postgresql://host/db?options=%00", "NUL character"),
        ("postgresql://one:1,two:2:3/db", "malformed"),
        ("postgresql://h/db?schema", "no value for 'schema'"),
        ("postgresql://h/db?schema=", "no value for 'schema'"),
        ("postgresql://h/db?prepare=", "no value for 'prepare'"),
        ("postgresql://h/db?prepare=maybe", "prepare is 'maybe': write on or off"),
        ("postgresql://h/db?user=ada@b", "write %40 for @"),
        ("host=h dbname=db user=ada", "connection string of keywords: write .* or ./FILE"),
        (" password = 'a b'", "connection string of keywords"),
        ("a\0b.db", "NUL character"),
        ("sqlite:///a\0b.db", "NUL character"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(InvalidURL, match=message):
        StoreURL.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ada:{CANARY}@host/db",
        f"postgresql://host/db?password={CANARY}",
        f"postgresql://host/db?user=ada&password={CANARY}&sslmode=require",
        f"postgresql://host/db?sslpassword={CANARY}",
        f"postgresql://host/db?PassWord={CANARY}",
        f"postgresql://host/db?passwd={CANARY}",
        f"postgresql://host/db?oauth_client_secret={CANARY}",
        f"postgresql://host/db?options=-c%20statement_timeout%3D5&password={CANARY}",
    ],
)
def test_a_password_is_in_nothing_that_can_be_shown(text: str) -> None:
    url = StoreURL.parse(text)
    settings = SQLAlchemySettings(uri=text)
    for shown in (str(url), repr(url), f"{url}", str(settings), repr(settings)):
        assert CANARY not in shown
    assert "***" in str(url)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://ada:{CANARY}@host:port/db",
        f"postgresql://ada:{CANARY}@host/db?password=a&password={CANARY}",
        f"postgresql://ada:{CANARY}@host/db?schema=a-b",
        f"postgresql://ada:{CANARY}@host/db?timeout=x",
        f"mysql://ada:{CANARY}@host/db",
        f"postgresql//ada:{CANARY}@host://db",
        f"postgresql:{CANARY}://host/db",
        f"sqlite://ada:{CANARY}@/a.db",
        f"postgresql://ada:{CANARY}@[::1/db",
        f"postgresql://ada:{CANARY}@host/db%",
    ],
)
def test_a_password_is_in_no_error_and_no_traceback_of_a_malformed_address(text: str) -> None:
    try:
        shown = str(StoreURL.parse(text))
    except InvalidURL as error:
        shown = "".join(traceback.format_exception(error))
    assert shown
    assert CANARY not in shown


def test_a_password_is_blanked_out_of_a_drivers_words() -> None:
    url = StoreURL.parse(f"postgresql://ada:{CANARY}%21@host/db?sslpassword=other-{CANARY}")
    assert url.without_secrets(f"cannot log in with {CANARY}! and other-{CANARY}") == "cannot log in with *** and ***"


def test_a_bare_path_is_shown_as_a_url() -> None:
    assert str(StoreURL.parse("my journal.db")) == "sqlite:///my journal.db"
