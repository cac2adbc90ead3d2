"""Finding a sequence by the beginning of its id."""

from __future__ import annotations

from esjournal.domain.model import fields
from esjournal.domain.model.names import id_of_name, name_of_id
from esjournal.exceptions import AmbiguousId, SequenceNotFound
from esjournal.journal.opening import Journal

# So many ids are named where several begin alike.
NAMED_IDS = 10


def find_sequence(journal: Journal, start: str) -> str:
    """Return the id of the one sequence whose id begins with some characters; a whole id need not be there.

    Args:
        journal: an open journal.
        start: an id or its beginning, as `fields.originator_id_start` returns it.

    Raises:
        SequenceNotFound: no id begins so, or it was made of a name and there are none.
        AmbiguousId: several do.
    """
    if (name := name_of_id(start)) is not None and not journal.has_names:
        raise SequenceNotFound(
            f"nothing found: {fields.shortened(name)} is no UUID, and no beginning of one, and the sequences of "
            f"{journal.shown_url} have no names"
        )
    first, last = fields.ids_that_start_with(start)
    if first == last:
        return start
    ids: list[str] = journal.events.ids_between(first, last, NAMED_IDS + 1)
    if not ids and journal.has_names and journal.events.get_items(named := id_of_name(start), limit=1):
        # A name may look like the beginning of an id.
        return named
    if not ids:
        raise SequenceNotFound(f"nothing found: no sequence in {journal.shown_url} has an id that begins with {start}")
    if len(ids) > 1:
        named = ", ".join(ids[:NAMED_IDS]) + (", and more" if len(ids) > NAMED_IDS else "")
        raise AmbiguousId(f"{start} is the beginning of several ids, write more of the one you mean: {named}")
    return ids[0]
