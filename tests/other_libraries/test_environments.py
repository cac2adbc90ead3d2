"""An environment is complete, or the tests that need it fail and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.other_libraries.environments import npm_package, python_with

pytestmark = pytest.mark.long


def test_what_cannot_be_installed_fails_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="is there a network"):
        python_with(tmp_path, ["--no-index", "eventsourcing"])
    assert list(tmp_path.iterdir()) == []


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    python = python_with(tmp_path)
    made = python.stat().st_ino, python.parent.parent.stat().st_mtime_ns
    assert python_with(tmp_path) == python
    assert (python.stat().st_ino, python.parent.parent.stat().st_mtime_ns) == made


def test_a_missing_npm_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="npm is not installed"):
        npm_package(tmp_path, "@eventide/message-db@1.3.1")
    assert list(tmp_path.iterdir()) == []
