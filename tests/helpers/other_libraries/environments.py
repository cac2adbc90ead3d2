"""Environments in which other libraries run, kept from one run of the tests to the next."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
        # Without a pip of its own, which would take longer to install than the packages.
        venv.create(environment)
        for install in installs:
            python = environment / "bin" / "python"
            _execute(sys.executable, "-m", "pip", "--python", python, "install", *PIP, *install)

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
    # Another process of the tests may be making it.
    with _locked(folder):
        if not kept.exists():
            unfinished = Path(mkdtemp(prefix="unfinished-", dir=folder))
            try:
                make(unfinished)
                unfinished.rename(kept)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return kept


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _execute(*command: object) -> None:
    line = " ".join(map(str, command))
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        pytest.fail(f"not done after {PATIENCE:.0f} seconds, is there a network? {line}", pytrace=False)
    if done.returncode:
        pytest.fail(f"this failed, is there a network? {line}\n{done.stdout}{done.stderr}", pytrace=False)
