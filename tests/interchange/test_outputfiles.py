"""Files that are written: complete, or not there at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from esjournal.interchange.outputfiles import replacing


def test_an_interruption_just_after_the_file_was_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int, mode: str) -> Any:
        os.close(descriptor)
        assert len(list(tmp_path.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fdopen", interrupted)
    with pytest.raises(KeyboardInterrupt), replacing(str(tmp_path / "events.ndjson")):
        pass
    assert list(tmp_path.iterdir()) == []
