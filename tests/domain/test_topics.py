"""Topics: names of classes that stored data may use, but that never cause code to run."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from esjournal.domain.model.events import DomainEvent
from esjournal.domain.model.topics import find_loaded_class, register_topic, resolve_topic, topic_of
from esjournal.exceptions import InvalidData, TopicNotFound


class Outer:
    class Inner:
        pass


def test_a_topic_is_the_module_and_the_qualified_name() -> None:
    assert topic_of(Outer.Inner) == f"{__name__}#Outer.Inner"


def test_an_alias_means_a_class_that_has_moved() -> None:
    register_topic(Outer, "gone.module#Outer")
    assert resolve_topic("gone.module#Outer") is Outer


def test_a_later_class_replaces_an_earlier_one() -> None:
    first = type("Twice", (DomainEvent,), {})
    assert resolve_topic(f"{__name__}#Twice") is first
    second = type("Twice", (DomainEvent,), {})
    assert resolve_topic(f"{__name__}#Twice") is second


def test_an_unknown_topic_is_named_together_with_what_to_do() -> None:
    with pytest.raises(TopicNotFound, match=r"'gone#Event'.*import the module.*register_topic\(cls, topic\)") as caught:
        resolve_topic("gone#Event")
    assert isinstance(caught.value, InvalidData)


@pytest.mark.parametrize("topic", ["os#system", "builtins#eval", "antigravity#fly", "", "#", "os", "os#", "#os"])
def test_a_topic_of_no_event_is_not_found(topic: str) -> None:
    with pytest.raises(TopicNotFound):
        resolve_topic(topic)


def test_resolving_imports_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "esjournal_trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Event: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TopicNotFound):
        resolve_topic("esjournal_trap#Event")
    assert find_loaded_class("esjournal_trap#Event") is None
    assert "esjournal_trap" not in sys.modules
    assert not (tmp_path / "sprung").exists()


def test_a_class_of_a_loaded_module_is_found_without_being_registered() -> None:
    assert find_loaded_class(f"{__name__}#Outer.Inner") is Outer.Inner


def test_only_classes_are_found() -> None:
    assert find_loaded_class("os#system") is None
    assert find_loaded_class("os#no_such_name") is None
    assert find_loaded_class("os#path.no.such.name") is None


def test_looking_for_a_class_runs_no_module_getattr_and_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    class Recording:
        def __get__(self, instance: object, owner: type) -> None:
            calls.append("descriptor")

    trap = ModuleType("esjournal_lazy_trap")
    trap.__getattr__ = calls.append  # type: ignore[method-assign]
    vars(trap)["Holder"] = type("Holder", (), {"field": Recording()})
    monkeypatch.setitem(sys.modules, trap.__name__, trap)

    assert find_loaded_class("esjournal_lazy_trap#Missing") is None
    assert find_loaded_class("esjournal_lazy_trap#Holder.field") is None
    assert calls == []
