"""A typed library: users' code passes their type checker, and their mistakes are found."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers.pages import program_of

HERE = Path(__file__).parent


def test_the_typical_uses_run() -> None:
    command = [sys.executable, "-W", "error", str(HERE / "usage.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_readme_and_typical_uses_pass_mypy_strict_which_finds_mistakes(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed, so types are not checked; the extra dev installs it")
    readme = tmp_path / "readme.py"
    readme.write_text(program_of("README.md"))
    # The results for libraries are kept: the second run takes a fraction of the first.
    kept = pytestconfig.cache.mkdir("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file=", f"--cache-dir={kept}"]
    # With --strict, a comment that ignores an error is an error itself if the line has no error.
    files = [str(readme), str(HERE / "usage.py"), str(HERE / "mistakes.py")]
    result = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
