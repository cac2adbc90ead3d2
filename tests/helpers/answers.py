"""What every command that reads answers, to compare one way to a journal with another."""

from __future__ import annotations

import json
import re
import shlex
import sys
from contextlib import chdir
from pathlib import Path

from esjournal.domain.model.recordedevent import RecordedEvent
from tests.helpers.events import ID, OTHER_ID, TIME
from tests.helpers.program import invoke

COUNTED = """
def count(state, event):
    state["n"] = state.get("n", 0) + 1
"""
_URL = re.compile(r"postgresql://\S+")
# Several pages of a sequence, and an effect of its first event.
EVENTS = [
    *(RecordedEvent(ID, version, "a#B", json.dumps({"n": version}), TIME) for version in range(1_200)),
    RecordedEvent(OTHER_ID, 0, "a#C", "{}", TIME, json.dumps({"causation_id": f"{ID}/0"})),
]
COMMANDS = (
    f"get {ID} --gte 3 --limit 1",
    f"get {ID}",
    "list",
    "log -n 3",
    "log -F ndjson",
    "log -F ndjson --where 'n > 1190'",
    f"history {ID} --from-version 3 --at-version 9",
    "replay --with counted_here:count",
    f"trace {ID}/0",
    "verify --digest",
    "query 'select type, count(*) from events group by type order by type'",
    "export",
    "export --type a#C",
    "export --after 1000",
    "export --as-of 7",
    "export --cursor-file exported.cursor",
    "export --cursor-file exported.cursor",
)
# Their answers name the journal, or a time.
OTHERS = (
    "each --cursor-file handled.cursor --batch 500 -- sh -c 'cat >> handled'",
    "cursor handled.cursor",
    "verify",
    "stats",
    "info",
)


def answers(url: str, folder: Path) -> list[str]:
    """Run every command that reads on a journal with EVENTS, in a new folder; return what they print and write."""
    folder.mkdir()
    (folder / "counted_here.py").write_text(COUNTED)
    try:
        with chdir(folder):
            found = [answer(*shlex.split(command), url=url) for command in COMMANDS]
            for command in OTHERS:
                answer(*shlex.split(command), url=url)
            answer("init", url="copy.db")
            answer("copy", url, "copy.db", "--cursor-file", "copied.cursor")
            answer("diff", url, "copy.db")
            return [*found, Path("handled").read_text(), answer("export", url="copy.db")]
    finally:
        sys.modules.pop("counted_here", None)


def answer(*command: str, url: str | None = None) -> str:
    result = invoke(*command, url=url) if url is None else invoke("--url", url, *command)
    assert result.exit_code == 0, (command, result.stderr)
    return _URL.sub("URL", result.stdout)
