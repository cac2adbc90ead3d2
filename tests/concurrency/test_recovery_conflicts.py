"""Reads on a standby that stand in the way of changes from the primary, and are cancelled again and again."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.answers import EVENTS
from tests.helpers.other_libraries.tables import writer
from tests.helpers.program import run
from tests.helpers.standby import Standby
from tests.helpers.stores import journal_with

pytestmark = pytest.mark.long

READS = 100
CANCELLED = re.compile(
    r"esjournal: \S+: the server gave up on a statement: (canceling statement|terminating connection) due to conflict "
    "with recovery; try again; on a standby, max_standby_streaming_delay gives statements more time\n"
    r"|esjournal: \S+ cannot be reached: [^\n]+; a standby ends connections that stand in the way of replication: "
    "try again if it was that\n"
)


@pytest.mark.parametrize("command", ["export", "log -F ndjson", "list", "verify --digest", "copy"])
def test_a_read_is_whole_or_says_that_it_was_cancelled(
    postgres_url: str, standby: Standby, tmp_path: Path, command: str
) -> None:
    journal_with(postgres_url, EVENTS)
    standby.catch_up()
    url, is_over = standby.url_of(postgres_url), threading.Event()
    target = tmp_path / "copy.db"

    def answer() -> tuple[int, str, str]:
        target.unlink(missing_ok=True)
        if command == "copy":
            assert run("init", url=str(target)).returncode == 0
            ended = run("copy", "-q", url, str(target))
        else:
            ended = run(*command.split(" "), url=url)
        return ended.returncode, ended.stdout, ended.stderr

    def change() -> None:
        # Each of these takes a lock of the table that no reader may share.
        dice = random.Random(15)
        with writer(postgres_url) as connection:
            while not is_over.wait(dice.uniform(0, 0.2)):
                connection.execute("BEGIN; LOCK TABLE stored_events; COMMIT")

    expected, ends = answer(), Counter[str]()
    assert expected[0] == 0
    changing = threading.Thread(target=change)
    with standby.without_patience():
        changing.start()
        try:
            for _ in itertools.repeat(None, READS):
                ended = answer()
                ends[("whole" if ended[0] == 0 else "cancelled")] += 1
                if ended[0] == 0:
                    assert ended[1] == expected[1]
                else:
                    assert ended[0] == 5
                    assert CANCELLED.fullmatch(ended[2]), ended[2]
        finally:
            is_over.set()
            changing.join()
    print(dict(ends))  # noqa: T201
    assert ends["whole"]
