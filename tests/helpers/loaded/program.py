"""Loads everything that the program may need, so that nothing is left to load when it runs."""

import importlib
import pkgutil


def load() -> None:
    import zoneinfo

    import psycopg
    import rich.console
    import rich.table
    import sqlalchemy.dialects.postgresql.psycopg
    import sqlalchemy.dialects.sqlite.pysqlite

    import esjournal

    del psycopg, rich, sqlalchemy, zoneinfo
    for module in pkgutil.walk_packages(esjournal.__path__, "esjournal."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
