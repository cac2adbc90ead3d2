"""Input files, read one after another."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from glob import glob, has_magic
from pathlib import Path

from esjournal.domain.choices import FileFormat
from esjournal.exceptions import UnusableFile
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.batches import Batch
from esjournal.interchange.bytestreams import LINE_LIMIT, ByteStream, byte_stream, name_of
from esjournal.interchange.formats import STANDARD_STREAM, format_of
from esjournal.interchange.textencodings import UTF_8


class Files:
    """Files of events, in the order in which they are named; the files of a pattern are sorted.

    `size` is their number of bytes on disk, None if one of them is a pipe. `tell_whole` may be set to be given what a
    seal says about the journal that the files are, if there is only one file.

    Args:
        paths: paths, `-` for standard input, and patterns such as `2026-*.ndjson`.
        file_format: their format; by default each file's name decides.
        line_limit: the largest number of bytes of a line.
        seal_required: whether NDJSON without a seal is refused.
        delimiter: what separates the fields of CSV; by default each file's first line or name decides.
        encoding: the encoding of their text, as `checked_encoding` returns it.

    Raises:
        UnusableFile: a file cannot be read, or its format has no seal or no delimiter, or a pattern matches no file.
    """

    def __init__(
        self,
        paths: Sequence[str],
        file_format: FileFormat | None = None,
        *,
        line_limit: int = LINE_LIMIT,
        seal_required: bool = False,
        delimiter: str | None = None,
        encoding: str = UTF_8,
    ) -> None:
        self._paths = [path for given in paths for path in _matching(given)]
        self._format = file_format
        self._line_limit = line_limit
        self._seal_required = seal_required
        self._delimiter = delimiter
        self._encoding = encoding
        for path in self._paths:
            self._check_format(path)
        sizes = [_size_of(path) for path in self._paths]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self.tell_whole = False
        self._read_before = 0
        self._current: ByteStream | None = None

    @property
    def paths(self) -> Sequence[str]:
        """The paths of the files, including those of patterns."""
        return self._paths

    def batches(self) -> Iterator[Batch]:
        """Yield the events and bad lines of all files.

        Raises:
            InvalidLine: nothing after this line can be read, or a file does not match its seal.
        """
        for path in self._paths:
            with self._reading(path) as stream:
                yield from read_events(
                    stream,
                    self._format_of(path),
                    seal_required=self._seal_required,
                    delimiter=self._delimiter,
                    tell_whole=self.tell_whole and len(self._paths) == 1,
                )

    def bytes_read(self) -> int:
        """Return the number of bytes read of the files on disk."""
        return self._read_before + (self._current.bytes_read() if self._current is not None else 0)

    def note_bytes_read(self, count: int) -> None:
        """Set the number of bytes read, if another process reads the files."""
        self._read_before = count

    def check_ahead(self) -> None:
        """Check what must not be found only after some events were committed: the seal of every file.

        Pipes cannot be read twice, and are left out.

        Raises:
            InvalidLine: a file does not match its seal.
        """
        for path in self._paths:
            if self._format_of(path) is FileFormat.NDJSON and is_file(path):
                with self._opened(path) as opened:
                    ndjson.check_seal(opened, seal_required=self._seal_required)

    def _check_format(self, path: str) -> None:
        if self._format_of(path) is FileFormat.PARQUET:
            raise UnusableFile(f"{path} cannot be imported, Parquet is for analysis: give NDJSON or CSV")
        if self._seal_required and self._format_of(path) is FileFormat.CSV:
            raise UnusableFile(f"{path} is CSV, which has no seal: give NDJSON, or do not require a seal")
        if self._delimiter is not None and self._format_of(path) is FileFormat.NDJSON:
            reason = "is NDJSON, which has no delimiter: add --format csv, or leave out --delimiter"
            raise UnusableFile(f"{name_of(path)} {reason}")

    @contextmanager
    def _reading(self, path: str) -> Iterator[ByteStream]:
        """Open a file, and count the bytes that are read of it."""
        with self._opened(path) as self._current:
            yield self._current
            self._read_before += self._current.bytes_read()
            self._current = None

    def _opened(self, path: str) -> AbstractContextManager[ByteStream]:
        return byte_stream(path, line_limit=self._line_limit, encoding=self._encoding)

    def _format_of(self, path: str) -> FileFormat:
        return self._format or format_of(path)


def read_events(
    stream: ByteStream,
    file_format: FileFormat,
    *,
    seal_required: bool = False,
    delimiter: str | None = None,
    tell_whole: bool = False,
) -> Iterator[Batch]:
    """Yield batches of events and bad lines; reading continues after a bad line.

    Args:
        stream: the bytes of a file.
        file_format: its format.
        seal_required: whether NDJSON without a seal is refused.
        delimiter: what separates the fields of CSV; by default the first line or the file's name decides.
        tell_whole: give a last batch that says which journal the file is, if its seal says so.

    Raises:
        InvalidLine: nothing after this line can be read, or the file does not match its seal.
    """
    if file_format is FileFormat.CSV:
        return csvtext.read(stream, delimiter)
    return ndjson.read(stream, seal_required=seal_required, tell_whole=tell_whole)


def is_file(path: str) -> bool:
    """Say whether a path is that of a file that can be read more than once."""
    return path != STANDARD_STREAM and Path(path).is_file()


def _size_of(path: str) -> int | None:
    # The file is not opened: a pipe may be gone after it was opened and closed.
    if path == STANDARD_STREAM:
        return None
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be read: {reason}") from None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _matching(path: str) -> list[str]:
    # The name of a file may look like a pattern.
    if path == STANDARD_STREAM or not has_magic(path) or Path(path).exists():
        return [path]
    # pathlib's own glob does not accept absolute patterns.
    if found := sorted(glob(path, recursive=True)):  # noqa: PTH207
        return found
    raise UnusableFile(f"{path} matches no file: check the pattern")
