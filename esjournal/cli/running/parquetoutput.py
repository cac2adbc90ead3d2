"""Parquet as the output of a command."""

from __future__ import annotations

import typer

from esjournal.interchange.formats import compression_by_name


def check_parquet(path: str) -> None:
    """Refuse a file of Parquet that would be compressed twice, or that cannot be written without pyarrow.

    Args:
        path: the file.

    Raises:
        typer.BadParameter: it cannot be written.
    """
    if compression_by_name(path) is not None:
        raise typer.BadParameter(
            f"Parquet is compressed inside, and {path} would be compressed twice: name a .parquet file."
        )
    try:
        import esjournal.interchange.parquet  # noqa: F401
    except ImportError as error:
        raise typer.BadParameter(f"{error}.") from None
