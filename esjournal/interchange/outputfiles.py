"""Files that are written: made beside their name and renamed, so that a name only ever stands for something whole.

Links are followed here and not by the kernel, because a rename replaces a link. The rules are the kernel's own for
folders that everybody may write to (https://docs.kernel.org/admin-guide/sysctl/fs.html, protected_symlinks,
protected_regular and protected_fifos), and hold where the kernel was told not to apply them, too.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

import zstandard

from esjournal.exceptions import UnusableFile
from esjournal.interchange.formats import STANDARD_STREAM, compression_by_name

# What the kernel follows at most.
_MOST_LINKS = 40
_STDOUT = 1
_OWN_STREAMS = ("/dev/fd", "/proc/self/fd")
_STREAMS_OF_A_PROCESS = re.compile(r"/proc/\d+(/task/\d+)?/fd")
# As journals are: what is exported is as private as where it comes from.
_NEW_FILE_MODE = 0o600
_COPIED_ATTRIBUTES = ("user.", "system.posix_acl_access")
# What a file system answers that has nothing to sync of a folder.
_NOTHING_TO_SYNC = (errno.EINVAL, errno.ENOTSUP)


class _Place(NamedTuple):
    """Where a path leads: `descriptor` is that of a stream of ours, `status` is None where nothing is yet."""

    path: Path
    status: os.stat_result | None = None
    descriptor: int | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it is written to as it is, and is nothing that could be replaced."""
        return self.descriptor is not None or not (self.status is None or stat.S_ISREG(self.status.st_mode))


def check_writable(path: str) -> None:
    """Refuse a path that cannot become a file, before anything else is done; nothing is made or opened.

    Raises:
        UnusableFile: it leads to a folder, to nothing that could be made, or through somebody else's link.
    """
    if path != STANDARD_STREAM:
        _place_of(path)


def is_stream(path: str) -> bool:
    """Say whether what is written to a path cannot be read there again: standard output, a pipe or a device.

    Raises:
        UnusableFile: nothing can be written there.
    """
    return path == STANDARD_STREAM or _place_of(path).is_stream


@contextmanager
def sink(path: str) -> Iterator[IO[bytes]]:
    """Open a file to write to, or standard output for `-`; compressed if the name ends in .gz or .zst.

    The file gets its name when all of it is written and synced; before that, and after any exception, whatever had the
    name has it still. Devices, pipes, and open streams such as /dev/stdout are written to as they are.

    Raises:
        UnusableFile: the file cannot be made.
    """
    if path == STANDARD_STREAM:
        yield sys.stdout.buffer
        # Whoever goes on may rely on it that all of it is written.
        sys.stdout.buffer.flush()
        return
    with replacing(path) as raw, _compressor(path, raw) as stream:
        yield stream


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file to write to as it is; it gets its name at the end, as that of a `sink`.

    A new file is readable by its owner only. One that is replaced keeps its mode, access list, owner and group, as far
    as they may be given to a new file; where the group may not, it gets no rights.

    Raises:
        UnusableFile: the file cannot be made.
    """
    place = _place_of(path)
    if place.is_stream:
        with _writing(path, place) as raw:
            yield raw
        return
    with _as_unusable(path):
        beside, raw = _new_file(place.path.parent)
    try:
        with raw:
            if place.status is not None:
                _keep_attributes(raw.fileno(), place.path, place.status)
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        beside.replace(place.path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(place.path.parent)


def sync(stream: IO[bytes]) -> None:
    """Flush a stream, and have it on the disk where it is a file."""
    stream.flush()
    # A stream in memory has no number.
    with suppress(io.UnsupportedOperation):
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            os.fsync(stream.fileno())


def _place_of(path: str) -> _Place:
    """Follow a path to where it leads, one link after another."""
    with _as_unusable(path):
        at = Path(path)
        for _ in range(_MOST_LINKS):
            folder = Path(os.path.realpath(at.parent))
            if (stream := _open_stream(folder, at.name)) is not None:
                return stream
            around = folder.stat()
            at = folder / at.name
            try:
                found = at.lstat()
            except FileNotFoundError:
                return _Place(at)
            if stat.S_ISDIR(found.st_mode):
                raise UnusableFile(f"{path} cannot be written: it is a folder, name a file in it")
            if _may_be_planted(found, around):
                raise UnusableFile(
                    f"{path} cannot be written: {at} is another user's, in a folder where everybody may make files"
                )
            if not stat.S_ISLNK(found.st_mode):
                return _Place(at, found)
            at = folder / at.readlink()
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _open_stream(folder: Path, name: str) -> _Place | None:
    if not name.isdecimal():
        return None
    if str(folder) in map(os.path.realpath, _OWN_STREAMS):
        return _Place(folder / name, descriptor=int(name))
    # Such a link leads to what is open, whatever it reads like.
    if _STREAMS_OF_A_PROCESS.fullmatch(str(folder)):
        return _Place(folder / name, (folder / name).stat())
    return None


def _may_be_planted(found: os.stat_result, around: os.stat_result) -> bool:
    everybodys = stat.S_ISVTX | stat.S_IWOTH
    kinds = (stat.S_ISLNK, stat.S_ISREG, stat.S_ISFIFO)
    return (
        around.st_mode & everybodys == everybodys
        and found.st_uid not in (os.geteuid(), around.st_uid)
        and any(is_kind(found.st_mode) for is_kind in kinds)
    )


@contextmanager
def _writing(path: str, place: _Place) -> Iterator[BinaryIO]:
    if place.descriptor == _STDOUT:
        # What was printed before comes before, and what is closed or has no reader left ends as it does for `-`.
        yield cast(BinaryIO, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    with _as_unusable(path):
        if place.descriptor is None:
            # Opened for appending, a file that another process has open is not cut off.
            raw = os.fdopen(os.open(place.path, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY), "wb")
        else:
            raw = os.fdopen(os.dup(place.descriptor), "wb")
    with raw:
        yield raw


def _new_file(folder: Path) -> tuple[Path, BinaryIO]:
    # Neither the number of a process, which comes again, nor the name, which may be as long as a name can be.
    beside = folder / f".esjournal-{os.urandom(8).hex()}.part"
    return beside, os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _NEW_FILE_MODE), "wb")


def _keep_attributes(descriptor: int, path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    # With another group, or without the access list that limits it, the bits of the group would mean others.
    if not (_keep_group(descriptor, status) and _keep_extended_attributes(descriptor, path)):
        mode &= ~stat.S_IRWXG
    # Not where nothing changes: file systems without modes refuse to be told any.
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)


def _keep_group(descriptor: int, status: os.stat_result) -> bool:
    """Give a file the owner and the group of another one, as far as we may; say whether it has the group."""
    for owner in (status.st_uid, -1):
        with suppress(OSError):
            os.fchown(descriptor, owner, status.st_gid)
            return True
    return False


def _keep_extended_attributes(descriptor: int, path: Path) -> bool:
    """Copy the access list and what users attached; say whether none was left behind."""
    kept = True
    if not hasattr(os, "listxattr"):
        return kept
    with suppress(OSError):
        for name in os.listxattr(path):
            if name.startswith(_COPIED_ATTRIBUTES):
                kept = False
                os.setxattr(descriptor, name, os.getxattr(path, name))
                kept = True
    return kept


def _sync_folder(folder: Path) -> None:
    """Have a file's new name on the disk: a rename by itself may be lost with the power."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        # Of a folder that one may write to and not read, everything is synced.
        os.sync()
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOTHING_TO_SYNC:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _as_unusable(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be written: {reason}") from None


@contextmanager
def _compressor(path: str, raw: BinaryIO) -> Iterator[IO[bytes]]:
    compression = compression_by_name(path)
    if compression == ".gz":
        # Without a time and a name in its header the same events give the same file.
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream:
            yield cast(IO[bytes], stream)
    elif compression == ".zst":
        with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as stream:
            yield cast(IO[bytes], stream)
    else:
        yield raw
