"""Environments in which other libraries run, kept from one run of the tests to the next."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

import pytest

PATIENCE = 300.0
PIP = ("--disable-pip-version-check", "--no-input", "--quiet", "--timeout", "20", "--retries", "2")


def python_with(folder: Path, *installs: Sequence[str]) -> Path:
    """Return the Python of an environment that has some packages; the environment is made if it does not exist yet.

    Args:
        folder: where environments are kept.
        installs: the arguments of each call of `pip install`, in order.
    """

    def make(environment: Path) -> None:
        venv.create(environment, with_pip=True)
        for install in installs:
            _execute(environment / "bin" / "python", "-m", "pip", "install", *PIP, *install)

    return _kept(folder, make, installs) / "bin" / "python"


def npm_package(folder: Path, package: str) -> Path:
    """Return the folder of an npm package; it is downloaded if it is not there yet, and none of its code is run.

    Args:
        folder: where environments are kept.
        package: the name and the version, as `npm pack` takes them.
    """

    def make(environment: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail("npm is not installed, and the tests need it to fetch message-db", pytrace=False)
        _execute(npm, "pack", "--silent", "--pack-destination", environment, package)
        (archive,) = environment.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(environment, filter="data")

    return _kept(folder, make, package) / "package"


def _kept(folder: Path, make: Callable[[Path], None], requirement: object) -> Path:
    """Return the folder made for a requirement; it only gets its name once it is complete."""
    name = hashlib.sha256(json.dumps([sys.version, sys.prefix, requirement]).encode()).hexdigest()[:16]
    kept = folder / name
    if kept.exists():
        return kept
    unfinished = Path(mkdtemp(prefix="unfinished-", dir=folder))
    try:
        make(unfinished)
        # Another run of the tests may have been faster; then its folder is kept.
        if not kept.exists():
            unfinished.rename(kept)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return kept


def _execute(*command: object) -> None:
    line = " ".join(map(str, command))
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        pytest.fail(f"not done after {PATIENCE:.0f} seconds, is there a network? {line}", pytrace=False)
    if done.returncode:
        pytest.fail(f"this failed, is there a network? {line}\n{done.stdout}{done.stderr}", pytrace=False)
