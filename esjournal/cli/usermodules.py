"""The user's own modules, which some commands import from the working folder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import typer

from esjournal.domain.text import shortened
from esjournal.infrastructure.sqlalchemy.datastore import session_class
from esjournal.infrastructure.sqlalchemy.urls import StoreURL
from esjournal.interchange.formats import is_file_of_events


def import_modules(option: str, names: Sequence[str], url: str) -> list[ModuleType]:
    """Import modules, which may be in the working folder, as with `python -m`.

    Args:
        option: the option that names them.
        names: their names.
        url: the journal that is opened afterwards.

    Raises:
        typer.BadParameter: one of them cannot be imported.
    """
    if not names:
        return []
    folder = str(Path.cwd())
    # Before the folder is on the path: libraries try to import optional modules, and a file there may have such a name.
    _load_driver(url)
    is_on_path = folder in sys.path
    if not is_on_path:
        # At the end, so that no file there replaces a library that the modules import.
        sys.path.append(folder)
    try:
        return [_imported(option, name, folder) for name in names]
    finally:
        # Libraries are still loaded later.
        if not is_on_path and folder in sys.path:
            sys.path.remove(folder)


def code_of(option: str, text: str, url: str) -> Callable[..., Any]:
    """Return a function or a class of a module, which is imported as with `import_modules`.

    Args:
        option: the option that names it.
        text: MODULE:NAME.
        url: the journal that is opened afterwards.

    Raises:
        typer.BadParameter: the module cannot be imported, or has no such function.
    """
    module_name, colon, name = text.partition(":")
    if not (module_name and colon and name):
        raise typer.BadParameter(f"{option} {shortened(text)} is not a function: write MODULE:FUNCTION.")
    [module] = import_modules(option, [module_name], url)
    found = getattr(module, name, None)
    if not callable(found):
        raise typer.BadParameter(f"{option} {shortened(text)}: {module_name} has no function {shortened(name)}.")
    return cast("Callable[..., Any]", found)


def _imported(option: str, name: str, folder: str) -> ModuleType:
    try:
        _import_from(folder, name.partition(".")[0])
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise typer.BadParameter(f"{option} {name!r} cannot be imported: {cause}.") from None


def _load_driver(url: str) -> None:
    if not is_file_of_events(url):
        session_class(StoreURL.parse(url))


def _import_from(folder: str, name: str) -> None:
    """Import a module from the working folder, where it is looked for first, as with `python -m`."""
    spec = PathFinder.find_spec(name, [folder])
    if spec is None or spec.loader is None:
        return
    if (loaded := sys.modules.get(name)) is not None:
        if getattr(getattr(loaded, "__spec__", None), "origin", None) != spec.origin:
            raise ImportError(f"{spec.origin} has the name of a module that esjournal needs; rename it")
        return
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
