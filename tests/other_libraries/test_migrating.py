"""The page about moving an application, command by command, while the application writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.other_libraries.bank import Bank
from tests.helpers.pages import MIGRATING, ROOT, SERVERS, blocks, open_shell, program_of, run_step, steps
from tests.helpers.stores import stored

SWITCH = "## Switch"


def test_an_application_moves_to_a_journal_while_it_writes_as_the_page_says(
    open_bank: Callable[..., Bank], tmp_path: Path, postgres_url: str
) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed, and the page uses it; .ci/run installs it")
    work = tmp_path / "work"
    work.mkdir()
    bank = open_bank(f"sqlite:///{work / 'bank.db'}")
    bank.make(3, 5)
    line_of_the_switch = (ROOT / MIGRATING).read_text().partition(SWITCH)[0].count("\n") + 1
    with open_shell(tmp_path / "home", work, postgres_url) as shell:
        with bank.appending() as application:
            for block in blocks(MIGRATING):
                if block.line < line_of_the_switch:
                    application.wait_for(5)
                    for step in steps(block):
                        run_step(step, shell, MIGRATING)
            application.kill()
            acknowledged = application.acknowledged()
        written = bank.notifications()
        for block in blocks(MIGRATING):
            if block.line > line_of_the_switch:
                for step in steps(block):
                    run_step(step, shell, MIGRATING)
    # Everything that the application had acknowledged is in the journal, in the order in which it was written.
    journal = stored(postgres_url)
    assert [(event.originator_id, event.originator_version, event.state) for event in journal[:-1]] == [
        (event.originator_id, event.originator_version, event.state.decode()) for event in written
    ]
    states = "".join(event.state for event in journal)
    assert acknowledged
    assert all(nonce in states for nonce in acknowledged)
    # What was appended to the journal was copied back, and the library reads it.
    [state] = bank.states(journal[-1].originator_id)
    assert state["owner"] == "Eve"
    program = tmp_path / "migrating.py"
    program.write_text(SERVERS.sub(lambda _: postgres_url, program_of(MIGRATING)))
    subprocess.run([sys.executable, "-W", "error", str(program)], cwd=tmp_path, check=True, timeout=60)
