"""Files that are read as one, one after another."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path

from esjournal.domain.choices import FileFormat
from esjournal.exceptions import UnusableFile
from esjournal.interchange import csvtext, ndjson
from esjournal.interchange.batches import Batch
from esjournal.interchange.bytestreams import DEFAULT_LINE_LIMIT, Source, source
from esjournal.interchange.formats import STANDARD_STREAM, format_of


class Files:
    """Files of events, in the order in which they are named; those of a pattern are sorted.

    `size` is how many bytes they have on disk, None where one is a pipe.

    Args:
        paths: paths, `-` for standard input, and patterns such as `2026-*.ndjson`.
        file_format: what they are, where their names do not tell.
        line_limit: how many bytes a line may have.
        seal_required: whether NDJSON without a seal is refused.

    Raises:
        UnusableFile: a file cannot be read or cannot have the seal it needs, or a pattern matches none.
    """

    def __init__(
        self,
        paths: Sequence[str],
        file_format: FileFormat | None = None,
        *,
        line_limit: int = DEFAULT_LINE_LIMIT,
        seal_required: bool = False,
    ) -> None:
        self._paths = [path for given in paths for path in _matching(given)]
        self._format = file_format
        self._line_limit = line_limit
        self._seal_required = seal_required
        for path in self._paths:
            if self._format_of(path) is FileFormat.PARQUET:
                raise UnusableFile(f"{path} cannot be imported, Parquet is for analysis: give NDJSON or CSV")
            if seal_required and self._format_of(path) is FileFormat.CSV:
                raise UnusableFile(f"{path} is CSV, which has no seal: give NDJSON, or demand no seal")
        sizes = [_size_of(path) for path in self._paths]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self._read_before = 0
        self._current: Source | None = None

    @property
    def paths(self) -> Sequence[str]:
        """The files, with those of patterns."""
        return self._paths

    def batches(self) -> Iterator[Batch]:
        """Yield the events of all files, with what is wrong with the lines between.

        Raises:
            InvalidLine: nothing behind this line can be read, or a file is not what its seal says.
        """
        for path in self._paths:
            with source(path, line_limit=self._line_limit) as self._current:
                yield from read_events(self._current, self._format_of(path), seal_required=self._seal_required)
                self._read_before += self._current.bytes_read()
                self._current = None

    def bytes_read(self) -> int:
        """Return how many bytes of the files on disk have been read."""
        return self._read_before + (self._current.bytes_read() if self._current is not None else 0)

    def note_bytes_read(self, count: int) -> None:
        """Hear how many bytes were read, where another process reads the files."""
        self._read_before = count

    def check_seals(self) -> None:
        """Hold every file against its seal without reading events; pipes, which cannot be read twice, are left out.

        Raises:
            InvalidLine: a file is not what its seal says.
        """
        for path in self._paths:
            if path != STANDARD_STREAM and self._format_of(path) is FileFormat.NDJSON and Path(path).is_file():
                with source(path, line_limit=self._line_limit) as opened:
                    ndjson.check_seal(opened, seal_required=self._seal_required)

    def _format_of(self, path: str) -> FileFormat:
        return self._format or format_of(path)


def read_events(source: Source, file_format: FileFormat, *, seal_required: bool = False) -> Iterator[Batch]:
    """Yield batches of events, with what is wrong with the lines between; the reading goes on behind a bad line.

    Args:
        source: where the bytes come from.
        file_format: what they are.
        seal_required: whether NDJSON without a seal is refused.

    Raises:
        InvalidLine: nothing behind this line can be read, or the file is not what its seal says.
    """
    if file_format is FileFormat.CSV:
        return csvtext.read(source)
    return ndjson.read(source, seal_required=seal_required)


def _size_of(path: str) -> int | None:
    # Not opened for it: a pipe that is opened and closed again may be gone.
    if path == STANDARD_STREAM:
        return None
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(f"{path} cannot be read: {reason}") from None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _matching(path: str) -> list[str]:
    # A file may have a name that looks like a pattern.
    if path == STANDARD_STREAM or not has_magic(path) or Path(path).exists():
        return [path]
    # pathlib's own glob takes no absolute patterns.
    if found := sorted(glob(path, recursive=True)):  # noqa: PTH207
        return found
    raise UnusableFile(f"{path} matches no file: check the pattern")
