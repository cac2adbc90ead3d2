"""Translates a store's URL from esjournal's form to those of other libraries."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def sqlite_file(url: str) -> str:
    """Return the path of the file that a URL names."""
    file = make_url(url).database
    assert file is not None
    return file


def schema_of(url: str) -> tuple[str, URL]:
    """Return the schema that a PostgreSQL URL names, and the URL without it."""
    given = make_url(url)
    schema = given.query["schema"]
    assert isinstance(schema, str)
    return schema, given.difference_update_query(["schema"])


def text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def connection_parameters(url: URL) -> Mapping[str, str]:
    """Return the settings for libpq; the host is the folder of a socket."""
    return {name: str(value) for name, value in conninfo_to_dict(text_of(url)).items()}


def make_schema(url: str) -> None:
    """Make the schema that a PostgreSQL URL names, if it does not exist yet."""
    schema, server = schema_of(url)
    with psycopg.connect(text_of(server), autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
