"""Writes files under a temporary name and renames them, so that a file is always complete.

Links are followed here and not by the kernel, because a rename replaces a link. Besides its rule for links, those for
files in folders that everybody may write to (https://docs.kernel.org/admin-guide/sysctl/fs.html, protected_regular and
protected_fifos) apply even if they are switched off.
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
from esjournal.filepaths import steps
from esjournal.interchange.formats import STANDARD_STREAM, compression_by_name
from esjournal.interchange.openstreams import STDOUT, check_given, reason_of, stream_at

_STREAMS_OF_A_PROCESS = re.compile(r"/proc/\d+(/task/\d+)?/fd")
# Like journals: an export is as private as its journal.
_NEW_FILE_MODE = 0o600
_COPIED_ATTRIBUTES = ("user.", "system.posix_acl_access")
# The errors of file systems that cannot sync a folder.
_NOTHING_TO_SYNC = (errno.EINVAL, errno.ENOTSUP)


class _Destination(NamedTuple):
    """Where a path leads: `descriptor` is set for an open stream of this process, `status` is None for a new file."""

    path: Path
    status: os.stat_result | None = None
    descriptor: int | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it is written to directly, because it is not a file that could be replaced."""
        return self.descriptor is not None or not (self.status is None or stat.S_ISREG(self.status.st_mode))


def check_writable(path: str) -> None:
    """Refuse a path that cannot be written, before anything else is done; nothing is made or opened.

    Raises:
        UnusableFile: it leads to a folder, into one that does not exist or where this process may not put it, or
            through another user's link.
    """
    if path == STANDARD_STREAM:
        return
    destination = _destination_of(path)
    if not destination.is_stream:
        with _as_unusable(path):
            _check_rename(destination)


def is_stream(path: str) -> bool:
    """Say whether a path is standard output, a pipe or a device, from which nothing can be read back.

    Raises:
        UnusableFile: the path cannot be written.
    """
    return path == STANDARD_STREAM or _destination_of(path).is_stream


@contextmanager
def sink(path: str) -> Iterator[IO[bytes]]:
    """Open a file to write to, or standard output for `-`; compressed if the name ends in .gz or .zst.

    The file gets its name when all of it is written and synced. Until then, and after any exception, the name still
    belongs to the old file, if any. Devices, pipes, and open streams such as /dev/stdout are written to directly;
    such a stream is synced at the end if it is a file.

    Raises:
        UnusableFile: the file cannot be made.
    """
    if path == STANDARD_STREAM:
        # A stream in memory has no descriptor.
        with suppress(io.UnsupportedOperation):
            check_given(sys.stdout.fileno())
        yield sys.stdout.buffer
        # Flushed, so that the caller can rely on everything being written.
        sys.stdout.buffer.flush()
        return
    with replacing(path) as raw, _compressor(path, raw) as stream:
        yield stream


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file to write to without compression; it gets its name at the end, like the file of a `sink`.

    Only the owner can read a new file. A file that replaces another keeps its mode, access list, owner and group, as
    far as this process may set them; if it may not set the group, the group gets no permissions.

    Raises:
        UnusableFile: the file cannot be made.
    """
    destination = _destination_of(path)
    if destination.is_stream:
        with _writing(path, destination) as raw:
            yield raw
        return
    # Random: the number of a process may be reused, and the file's own name may already have the maximum length.
    temporary = destination.path.parent / f".esjournal-{os.urandom(8).hex()}.part"
    # Named before it is made: Ctrl-C may come between its making and the next step here.
    try:
        with _as_unusable(path):
            raw = _new_file(temporary)
        with raw:
            if destination.status is not None:
                _keep_attributes(raw.fileno(), destination.path, destination.status)
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(destination.path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(destination.path.parent)


def sync(stream: IO[bytes]) -> None:
    """Flush a stream; if it is a file, sync it and its name to the disk."""
    stream.flush()
    # A stream in memory has no descriptor.
    with suppress(io.UnsupportedOperation):
        descriptor = stream.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)
            _sync_name(descriptor)


def _destination_of(path: str) -> _Destination:
    """Follow the links of a path, one after another, and return where it leads."""
    with _as_unusable(path):
        for step in steps(Path(path)):
            if (stream := _open_stream(step.path)) is not None:
                return stream
            if step.found is not None and stat.S_ISDIR(step.found.st_mode):
                raise UnusableFile(f"{path} cannot be written: it is a folder, name a file in it")
            if step.found is not None and step.may_be_planted and _is_protected(step.found.st_mode):
                raise UnusableFile(
                    f"{path} cannot be written: {step.path} belongs to another user, in a folder where everybody may "
                    f"write"
                )
    return _Destination(step.path, step.found)


def _check_rename(destination: _Destination) -> None:
    """Refuse a file that the rename at the end could not make or replace, because of its folder."""
    folder = destination.path.parent
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        number = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number))
    around, found = folder.stat(), destination.status
    may_replace = found is None or os.geteuid() in (0, found.st_uid, around.st_uid)
    if around.st_mode & stat.S_ISVTX and not may_replace:
        raise OSError(errno.EPERM, f"only its owner may replace a file in the folder {folder}")


def _open_stream(path: Path) -> _Destination | None:
    if (descriptor := stream_at(path)) is not None:
        # A stream that is not open now could later be the journal itself, under the same number.
        os.fstat(descriptor)
        return _Destination(path, descriptor=descriptor)
    # Such a link leads to an open file, whatever its text says.
    if path.name.isdecimal() and _STREAMS_OF_A_PROCESS.fullmatch(str(path.parent)):
        return _Destination(path, path.stat())
    return None


def _is_protected(mode: int) -> bool:
    return stat.S_ISLNK(mode) or stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


@contextmanager
def _writing(path: str, destination: _Destination) -> Iterator[BinaryIO]:
    if destination.descriptor is not None:
        # Outside of `_as_unusable`: a closed stream is an output that cannot be written, as it is for `-`.
        check_given(destination.descriptor)
    if destination.descriptor == STDOUT:
        # The same stream as for `-`, so that the order of output and the handling of a closed stream are the same.
        yield cast(BinaryIO, sys.stdout.buffer)
        sync(sys.stdout.buffer)
        return
    with _as_unusable(path):
        if destination.descriptor is None:
            # Opened for appending, so that a file that another process has open is not truncated.
            raw = os.fdopen(os.open(destination.path, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY), "wb")
        else:
            raw = os.fdopen(os.dup(destination.descriptor), "wb")
    with raw:
        yield raw
        sync(raw)


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _NEW_FILE_MODE), "wb")


def _keep_attributes(descriptor: int, path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    # With another group, or without the access list that limits it, the group's bits would apply to other users.
    if not (_keep_group(descriptor, status) and _keep_extended_attributes(descriptor, path)):
        mode &= ~stat.S_IRWXG
    # Only if it changes: file systems without modes refuse the call.
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)


def _keep_group(descriptor: int, status: os.stat_result) -> bool:
    """Give a file the owner and the group of another one, as far as allowed; return whether it has the group."""
    for owner in (status.st_uid, -1):
        with suppress(OSError):
            os.fchown(descriptor, owner, status.st_gid)
            return True
    return False


def _keep_extended_attributes(descriptor: int, path: Path) -> bool:
    """Copy the access list and users' attributes; return whether all were copied."""
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


def _sync_name(descriptor: int) -> None:
    """Sync the name of an open file, which a shell may just have made for us."""
    try:
        # Only Linux knows it, and a file may have lost its name.
        folder = Path(f"/proc/self/fd/{descriptor}").readlink().parent
    except OSError:
        return
    if folder.is_dir():
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Sync a file's new name to the disk: a power cut may undo a rename that is not synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        # A folder that may be written but not read cannot be synced alone.
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
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be written: {reason}") from None


@contextmanager
def _compressor(path: str, raw: BinaryIO) -> Iterator[IO[bytes]]:
    compression = compression_by_name(path)
    if compression == ".gz":
        # Without a time and a name in the header, the same events give the same file.
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream:
            yield cast(IO[bytes], stream)
    elif compression == ".zst":
        with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as stream:
            yield cast(IO[bytes], stream)
    else:
        yield raw
