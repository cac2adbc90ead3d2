"""Answers as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from esjournal.cli.terminal import write


def print_json(answer: Mapping[str, object], *, indented: bool = False) -> None:
    """Print a JSON object, on one line or indented on many.

    Args:
        answer: its members.
        indented: whether it is for people to read.
    """
    form: dict[str, Any] = {"indent": 2} if indented else {"separators": (",", ":")}
    write(json.dumps(answer, ensure_ascii=False, **form) + "\n")
