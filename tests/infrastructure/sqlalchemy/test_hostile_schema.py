"""Functions and operators made by another role are never called, whichever role runs the command.

PostgreSQL takes the function or operator whose types fit best, in any schema of the search path. If a call does not
fit exactly, a role that may create objects in one of them can have its own code run, with the caller's rights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table, UniqueConstraint, make_url

import esjournal
from esjournal import NEXT
from esjournal.exceptions import SequencedItemConflict
from esjournal.infrastructure.sqlalchemy.activerecords import SQLAlchemyActiveRecordStrategy
from esjournal.infrastructure.sqlalchemy.columntypes import big_integer
from esjournal.infrastructure.sqlalchemy.datastore import SQLAlchemyDatastore, SQLAlchemySettings
from esjournal.infrastructure.sqlalchemy.items.statements import GLOBAL_POSITION
from tests.helpers.events import ID, event, generated, sequence
from tests.helpers.other_libraries.tables import writer
from tests.helpers.program import invoke
from tests.helpers.stores import file_with, journal_with

pytestmark = pytest.mark.long

TYPES = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "float8",
    "text",
    "name",
    "varchar",
    "oid",
    "regclass",
    "regnamespace",
    "regtype",
    '"char"',
    "boolean",
    "uuid",
    "timestamptz",
    "timestamp",
    "interval",
    "json",
    "jsonb",
    "bytea",
    "text[]",
    "name[]",
    "uuid[]",
    "bigint[]",
]
# For the few functions of three arguments.
FEWER_TYPES = ["smallint", "integer", "bigint", "text", "name", "oid", "regclass", "boolean"]
OPERATORS = [
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "|",
    "&",
    "#",
    "<<",
    ">>",
    "~",
    "!~",
    "~~",
    "!~~",
    "~~*",
    "#>>",
    "#>",
    "->",
    "->>",
    "@>",
    "?",
]
PLANT = """
    DO $plant$
    DECLARE
        names text[] := {names}; operators text[] := {operators}; types text[] := {types}; fewer text[] := {fewer};
        one text; two text; three text; called text;
    BEGIN
        FOREACH called IN ARRAY names LOOP
            FOREACH one IN ARRAY types LOOP
                PERFORM hostile(called, one);
                FOREACH two IN ARRAY types LOOP
                    PERFORM hostile(called, one || ',' || two);
                END LOOP;
            END LOOP;
            CONTINUE WHEN NOT EXISTS (SELECT FROM pg_proc WHERE proname = called AND pronargs = 3);
            FOREACH one IN ARRAY fewer LOOP
                FOREACH two IN ARRAY fewer LOOP
                    FOREACH three IN ARRAY fewer LOOP
                        PERFORM hostile(called, one || ',' || two || ',' || three);
                    END LOOP;
                END LOOP;
            END LOOP;
        END LOOP;
        FOREACH one IN ARRAY types LOOP
            FOREACH two IN ARRAY types LOOP
                EXECUTE format('CREATE FUNCTION public.hostile_operator(%s, %s) RETURNS boolean LANGUAGE plpgsql AS '
                    '$$ BEGIN RAISE EXCEPTION ''hijacked operator on %s and %s''; END $$', one, two, one, two);
                FOREACH called IN ARRAY operators LOOP
                    EXECUTE format('CREATE OPERATOR public.%s '
                        '(LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.hostile_operator)', called, one, two);
                END LOOP;
            END LOOP;
        END LOOP;
    END $plant$
"""
HOSTILE = """
    CREATE FUNCTION pg_temp.hostile(called text, arguments text) RETURNS void LANGUAGE plpgsql AS $hostile$ BEGIN
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE plpgsql AS '
            '$$ BEGIN RAISE EXCEPTION ''hijacked %s(%s)''; END $$', called, arguments, called, arguments);
    END $hostile$
"""
OTHERS = """
    CREATE TABLE bank_events (originator_id uuid NOT NULL, originator_version integer NOT NULL, topic varchar(255),
        state bytea, notification_id serial, PRIMARY KEY (originator_id, originator_version));
    INSERT INTO bank_events SELECT gen_random_uuid(), 1, 'bank:Opened', '{}' FROM generate_series(1, 3);
    INSERT INTO bank_events VALUES ('9b300b13-4410-51bf-85ca-234c8cea73da', 1, 'bank:Opened', '{}');
    CREATE TABLE named_events (originator_id text NOT NULL, originator_version bigint NOT NULL, topic text, state bytea,
        notification_id bigserial, PRIMARY KEY (originator_id, originator_version));
    INSERT INTO named_events SELECT 'account-' || number, 1, 'bank:Opened', '{}' FROM generate_series(1, 3) AS number;
    CREATE TABLE integer_sequenced_items (id bigserial PRIMARY KEY, sequence_id uuid NOT NULL,
        "position" bigint NOT NULL, topic varchar(255), data varchar);
    INSERT INTO integer_sequenced_items (sequence_id, position, topic, data)
        SELECT gen_random_uuid(), 0, 'shop#Sold', '{}' FROM generate_series(1, 3);
    CREATE TABLE messages (global_position bigserial PRIMARY KEY, position bigint NOT NULL,
        "time" timestamp NOT NULL DEFAULT now(), stream_name varchar NOT NULL, type varchar NOT NULL, data jsonb,
        metadata jsonb, id uuid NOT NULL DEFAULT gen_random_uuid(), UNIQUE (stream_name, position));
    INSERT INTO messages (position, stream_name, type, data)
        SELECT 0, 'account-' || number, 'Opened', '{}' FROM generate_series(1, 3) AS number;
    CREATE FUNCTION write_message(id varchar, stream_name varchar, "type" varchar, data jsonb,
        metadata jsonb DEFAULT NULL, expected_version bigint DEFAULT NULL)
        RETURNS bigint LANGUAGE sql SET search_path = pg_catalog AS $$
        INSERT INTO public.messages (position, stream_name, type, data) VALUES ((SELECT coalesce(max(m.position) + 1, 0)
            FROM public.messages AS m WHERE m.stream_name = $2), $2, $3, $4) RETURNING position $$;
"""


def names_in_our_sql(connection: psycopg.Connection) -> list[str]:
    """Return the names of all server functions that appear in the program, in whatever language they are called."""
    texts = [path.read_text() for path in (Path(esjournal.__file__).parent / "infrastructure").rglob("*.py")]
    words = sorted({word for text in texts for word in re.findall(r"([a-z_][a-z0-9_]*)\(", text)})
    query = "SELECT DISTINCT proname::text FROM pg_proc WHERE proname = ANY(%s) AND pronargs > 0"
    return [name for (name,) in connection.execute(query, (words,)).fetchall()]


def array(values: list[str]) -> str:
    return "ARRAY[" + ", ".join("'{}'".format(value.replace("'", "''")) for value in values) + "]"


@pytest.fixture(scope="module")
def hostile(postgres_server: str) -> Iterator[str]:
    """The URL of a database with journals, others' tables, and hostile functions and operators in `public`."""
    name = f"test_{uuid4().hex}"
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with closing(psycopg.connect(postgres_server, autocommit=True)) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            journal_with(url, [*sequence(5), *generated(200)])
            journal_with(f"{url}&schema=other", [event(9)])
            with closing(psycopg.connect(url, autocommit=True)) as connection:
                connection.execute(OTHERS)
                connection.execute(HOSTILE)
                given = {"names": names_in_our_sql(connection), "operators": OPERATORS, "types": TYPES}
                arrays = {key: array(values) for key, values in (given | {"fewer": FEWER_TYPES}).items()}
                plant = PLANT.replace("PERFORM hostile", "PERFORM pg_temp.hostile")
                for key, text in arrays.items():
                    plant = plant.replace(f"{{{key}}}", text)
                connection.execute(plant)
            yield url
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


COMMANDS = [
    "init",
    "info",
    "list",
    "list --sort events --limit 3",
    "list --sort last --type a.b#C",
    "log -n 5",
    "log --since 2020-01-01 --until today --type a.b#* --type x",
    f"log --id {ID} --reverse",
    "log --where n>=1 --where n!=2",
    'log --where seat=="A" --where n==null',
    "log -g A --after 3",
    "export",
    "export --after 3 --limit 2",
    f"get {ID}",
    "get 9b30 --gte 1 --lt 3 --reverse --limit 2",
    "history 9b30",
    "stats",
    "verify",
    "verify --digest",
    "append new 0 a#B {}",
    f"append {ID} next a#B {{}}",
    f"append {ID} 70 a#B {{}}",
    *(
        f"{command} --layout {layout}"
        for layout in (
            "eventsourcing --table bank_events",
            "eventsourcing-4 --table integer_sequenced_items",
            "message-db",
        )
        for command in (
            "info",
            "export",
            "export --after 1",
            "log -n 2",
            "list",
            "stats",
            "verify",
            "log --type *d",
            "log --type Opened --type bank:Opened --type shop#Sold --reverse",
        )
    ),
    f"append {ID} next a:B {{}} --layout eventsourcing --table bank_events",
    "append account-7 next B {} --layout message-db",
    "append account-8 0 B {} --layout message-db",
    "get account-2 --layout message-db",
    "history account-2 --layout message-db",
    f"get {ID} --layout eventsourcing --table bank_events",
    "get account-2 --gte 0 --lt 5 --layout eventsourcing --table named_events",
    "append account-2 next B {} --layout eventsourcing --table named_events",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_calls_nothing_that_others_made(hostile: str, command: str) -> None:
    url = f"{hostile}&schema=public"
    result = invoke(*command.split(" "), url=url)
    assert "hijacked" not in result.output
    assert result.exit_code == (1 if "null" in command else 0), result.output


def test_nor_does_what_moves_events(hostile: str, tmp_path: Path) -> None:
    url = f"{hostile}&schema=other"
    file = file_with(tmp_path / "events.ndjson", generated(300))
    other = journal_with(str(tmp_path / "other.db"), generated(300, sequences=70))
    for command, code in (
        (["--url", url, "import", str(file)], 0),
        (["--url", url, "import", str(file)], 0),
        (["--url", url, "import", "--require-contiguous", "--commit-every", "50", str(file)], 0),
        (["--url", url, "export", "--cursor-file", str(tmp_path / "cursor")], 0),
        (["--url", url, "export", "--cursor-file", str(tmp_path / "cursor")], 0),
        (["copy", url, str(tmp_path / "copy.ndjson")], 0),
        (["copy", other, url], 4),
        (["copy", f"{hostile}&schema=public&layout=message-db", url], 0),
        (["diff", url, f"{hostile}&schema=public"], 1),
        (["diff", "--full", url, other], 1),
        (["--url", f"{hostile}&schema=new", "init"], 0),
    ):
        result = invoke(*command)
        assert "hijacked" not in result.output
        assert result.exit_code == code, (command, result.output)
    lines = file_with(tmp_path / "lines.ndjson", sequence(60)).read_text()
    result = invoke("append", "-", url=f"{hostile}&schema=new", input=lines)
    assert result.exit_code == 0, result.output


def test_the_plants_do_grow(hostile: str) -> None:
    with closing(psycopg.connect(hostile, autocommit=True)) as connection:
        for call in ("quote_ident(relname)", "1.0::numeric <> 1::bigint", "oid = to_regclass('esjournal')"):
            with pytest.raises(psycopg.Error, match="hijacked"):
                connection.execute(f"SELECT {call} FROM pg_class LIMIT 1")


@pytest.fixture
def evil(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection in a schema with a journal of three events, and a function that must not be called."""
    journal_with(postgres_url, sequence(3))
    with writer(postgres_url) as connection:
        connection.execute(
            "CREATE FUNCTION evil() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hijacked'; END $$"
        )
        yield connection


@pytest.mark.parametrize("table", ["stored_events", "esjournal"])
@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_view_in_the_place_of_a_table_is_not_read(
    postgres_url: str, evil: psycopg.Connection, table: str, kind: str
) -> None:
    no_data = " WITH NO DATA" if kind != "VIEW" else ""
    evil.execute(f"ALTER TABLE {table} RENAME TO kept")
    evil.execute(f"CREATE {kind} {table} AS SELECT kept.* FROM kept WHERE evil() > 0{no_data}")
    for command in ("log", "export", "info", "verify", "stats", "list", "append new 0 a#B {}", "init"):
        result = invoke(*command.split(" "), url=postgres_url)
        assert (result.exit_code, result.stdout) == (5, ""), result.output
        assert f"{table} is not a table" in result.stderr


def test_a_column_of_a_type_that_others_made_is_not_read(postgres_url: str, evil: psycopg.Connection) -> None:
    evil.execute("CREATE DOMAIN place AS bigint; ALTER TABLE stored_events ALTER global_position TYPE place")
    evil.execute(
        "CREATE FUNCTION evil_than(place, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT evil() > 0'; "
        "CREATE OPERATOR > (LEFTARG = place, RIGHTARG = bigint, FUNCTION = evil_than)"
    )
    result = invoke("export", url=postgres_url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "stored_events has columns of other types than such a table should have" in result.stderr


def test_verify_does_not_read_a_journal_whose_columns_have_such_types(
    postgres_url: str, evil: psycopg.Connection
) -> None:
    evil.execute("ALTER TABLE stored_events ALTER global_position TYPE numeric")
    evil.execute(
        "CREATE FUNCTION evil_than(numeric, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT evil() > 0'; "
        "CREATE OPERATOR > (LEFTARG = numeric, RIGHTARG = bigint, FUNCTION = evil_than)"
    )
    schema = make_url(postgres_url).query["schema"]
    result = invoke("verify", "--digest", url=f"{postgres_url}&options=-csearch_path%3D{schema}")
    assert result.exit_code == 1, result.output
    assert "the events were not read: the column global_position of stored_events is numeric" in result.stdout
    assert "hijacked" not in result.output


def test_a_table_of_another_library_with_such_a_column_is_not_read(postgres_url: str) -> None:
    with writer(postgres_url) as connection:
        connection.execute("CREATE DOMAIN place AS bigint")
        table = OTHERS.split(";")[0].replace("serial", "place")
        connection.execute(table)
    result = invoke("export", "--layout", "eventsourcing", "--table", "bank_events", url=postgres_url)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "bank_events has columns of other types" in result.stderr


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("notification_id serial", "notification_id numeric"),
        ("version integer", "version numeric"),
        ("id uuid", "id name"),
    ],
)
def test_a_table_whose_columns_would_need_operators_that_postgresql_lacks_is_not_read(
    postgres_url: str, kind: str, other: str
) -> None:
    with writer(postgres_url) as connection:
        connection.execute(OTHERS.split(";")[0].replace(kind, other))
    for command in (["export"], ["get", ID], ["append", ID, "1", "a:B", "{}"]):
        result = invoke(*command, "--layout", "eventsourcing", "--table", "bank_events", url=postgres_url)
        assert (result.exit_code, result.stdout) == (5, "")
        assert "bank_events has columns of other types" in result.stderr


class NamedItem(NamedTuple):
    """An item in text columns of limited length."""

    name: str
    number: int
    kind: str
    text: str


class NamedItemRecord:
    __table__ = Table(
        "named_items",
        MetaData(),
        Column("name", String(20), nullable=False),
        Column("number", BigInteger(), nullable=False),
        Column("kind", String(5), nullable=False),
        Column("text", String(20), nullable=False),
        Column(GLOBAL_POSITION, big_integer(), primary_key=True),
        UniqueConstraint("name", "number"),
    )


def test_a_record_class_with_texts_of_limited_length_calls_nothing_that_others_made(hostile: str) -> None:
    items = [NamedItem(name, number, "Made", "{}") for name in ("one", "two") for number in range(30)]
    with SQLAlchemyDatastore(SQLAlchemySettings(f"{hostile}&schema=named"), tables=(NamedItemRecord,)) as datastore:
        datastore.setup_tables()
        strategy = SQLAlchemyActiveRecordStrategy(
            session=datastore.session, active_record_class=NamedItemRecord, sequenced_item_class=NamedItem
        )
        strategy.append(items[:50])
        strategy.append(items[50:])
        with pytest.raises(SequencedItemConflict):
            strategy.append([*items[:2], NamedItem("three", 0, "Made", "{}")])
        strategy.append(NamedItem("two", NEXT, "Made", "{}"))
        assert strategy.get_item("one", 7) == items[7]
        assert len(list(strategy.get_items("two", gt=1, lte=9))) == 8
        assert len(list(strategy.all_items())) == 61
        assert len(strategy.stored_at(items)) == 60
        assert strategy.ids_between("a", "z", 5) == ["one", "two"]
