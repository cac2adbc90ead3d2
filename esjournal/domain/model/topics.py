"""The registry of topics: which class `module#QualName` means.

A class is found here only if the running program has defined it. Nothing here imports a module, calls a class or reads
an attribute because stored data names it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from esjournal.exceptions import TopicNotFound

_classes: dict[str, type[Any]] = {}


def topic_of(cls: type[Any]) -> str:
    """Return the topic of a class, `module#QualName`."""
    return f"{cls.__module__}#{cls.__qualname__}"


def register_topic(cls: type[Any], topic: str | None = None) -> None:
    """Register a class under a topic, its own by default; it replaces a class registered before.

    Args:
        cls: the class that the topic means from now on.
        topic: an alias, for a class that was stored under another name or from another module.
    """
    _classes[topic or topic_of(cls)] = cls


def resolve_topic(topic: str) -> type[Any]:
    """Return the class registered under a topic.

    Raises:
        TopicNotFound: no class is registered under it.
    """
    try:
        return _classes[topic]
    except KeyError:
        raise TopicNotFound(
            f"no class is registered under the topic {topic!r}: import the module that defines it, "
            f"or call register_topic(cls, topic) for a class that has moved"
        ) from None


def find_loaded_class(topic: str) -> type[Any] | None:
    """Return the class of a topic, if it is registered or its module is already loaded, else None.

    The lookup reads the dictionaries of modules and classes, so that no module-level `__getattr__` and no descriptor
    runs.

    Args:
        topic: `module#QualName`, as stored.
    """
    if topic in _classes:
        return _classes[topic]
    module_name, _, qualname = topic.partition("#")
    found: Any = sys.modules.get(module_name)
    for name in qualname.split("."):
        found = _dictionary_of(found).get(name)
    return found if issubclass(type(found), type) else None


# Python's own accessors: `found.__dict__` may be a property, and `isinstance` reads `__class__`.
_dictionary_of_class = vars(type)["__dict__"].__get__
_dictionary_of_module = vars(ModuleType)["__dict__"].__get__
_classes_of_class = vars(type)["__mro__"].__get__


def _dictionary_of(found: Any) -> Any:
    if issubclass(type(found), type):
        return _dictionary_of_class(found)
    return _dictionary_of_module(found) if issubclass(type(found), ModuleType) else {}


def static_attribute(cls: type[Any], name: str) -> Any:
    """Return the raw attribute of a class or of one of its bases, None if there is none.

    No descriptor runs, and no code of a metaclass.
    """
    for inherited in _classes_of_class(cls):
        dictionary = _dictionary_of_class(inherited)
        if name in dictionary:
            return dictionary[name]
    return None
