"""Templates whose names are columns of rows: `order-{order_no}`."""

from __future__ import annotations

from esjournal.domain import templates
from esjournal.domain.text import shortened
from esjournal.exceptions import InvalidData
from esjournal.interchange.rowblocks import RowBlock


class RowTemplate:
    """A text that is made from the columns of a row.

    Args:
        text: `{NAME}` is a column, or a path into one that has objects or arrays, and `{{` a brace. A string is taken
            without quotes, any other value as JSON.

    Raises:
        InvalidData: a brace is unmatched, or there is nothing between two; the message continues after the name of the
            option.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parts = templates.pieces(text)
        self._names = [part.name for part in parts if isinstance(part, templates.Placeholder)]
        self._pattern = "".join([part.replace("%", "%%") if isinstance(part, str) else "%s" for part in parts])
        if "" in self._names:
            raise InvalidData("has {} without a name: write the name of a column between the braces")

    def __repr__(self) -> str:
        return f"RowTemplate({self.text!r})"

    def check(self, block: RowBlock) -> None:
        """Refuse the rows of a file if they lack one of the columns.

        Args:
            block: the first rows of the file.

        Raises:
            InvalidData: they do; the message lists those that they have.
        """
        for name in self._names:
            if block.path(name) is None:
                raise InvalidData(
                    f"there is no column {shortened(name)}, which {shortened(self.text)} names: the columns are "
                    f"{', '.join(block.names)}"
                )

    def texts(self, block: RowBlock, *, may_be_empty: bool = False) -> list[str]:
        """Return the text of each row.

        Args:
            block: the rows.
            may_be_empty: whether a row may have no value, or an empty one.

        Raises:
            InvalidData: a row has no value, or an empty one.
        """
        columns = [block.texts_at(block.path(name)) for name in self._names]
        for name, column in zip(self._names, columns, strict=True):
            if not may_be_empty and "" in column:
                raise InvalidData(f"the column {shortened(name)} is empty, and {shortened(self.text)} needs it")
        if self._pattern == "%s":
            return list(columns[0])
        if not columns:
            return [self._pattern % ()] * len(block.lines)
        return list(map(self._pattern.__mod__, zip(*columns, strict=True)))
