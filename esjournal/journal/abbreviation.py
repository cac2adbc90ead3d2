"""Finding the sequence that is meant, by its name, its id, or the beginning of its id."""

from __future__ import annotations

from contextlib import suppress

from esjournal.domain.model import rules
from esjournal.domain.model.newids import new_id
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.domain.text import shortened
from esjournal.exceptions import AmbiguousId, InvalidData, SequenceNotFound
from esjournal.journal.journal import Journal

# The number of ids that a message names if several begin alike.
NAMED_IDS = 10


def find_sequence(journal: Journal, given: str) -> str:
    """Return the id of the one sequence that is meant; a whole id, or a name, need not be in the journal.

    A sequence with exactly that name is preferred to sequences whose ids begin with it.

    Args:
        journal: an open journal.
        given: a name, an id, or the beginning of an id.

    Raises:
        SequenceNotFound: no id begins with it, or there is no such name, or only one of another spelling.
        AmbiguousId: several ids begin with it.
    """
    if _may_be_a_name(journal, given) and _is_there(journal, named := id_of_name(given)):
        return named
    try:
        start = rules.originator_id_start(given)
    except InvalidData:
        if journal.has_names:
            return _not_mistaken(journal, given, id_of_name(given))
        none = "no sequence of {} has that name" if journal.layout is None else "the sequences of {} have no names"
        raise SequenceNotFound(
            f"nothing found: {shortened(given)} is not a UUID, nor the beginning of one, and "
            f"{none.format(journal.shown_url)}"
        ) from None
    first, last = rules.ids_that_start_with(start)
    if first == last:
        return _not_mistaken(journal, given, start)
    ids: list[str] = journal.events.ids_between(first, last, NAMED_IDS + 1)
    if not ids:
        raise SequenceNotFound(f"nothing found: no sequence in {journal.shown_url} has an id that begins with {start}")
    if len(ids) > 1:
        listed = ", ".join(ids[:NAMED_IDS]) + (", and more" if len(ids) > NAMED_IDS else "")
        raise AmbiguousId(f"{start} is the beginning of several ids, write more of the one you mean: {listed}")
    return ids[0]


def sequence_to_append_to(journal: Journal, given: str) -> str:
    """Return the id of the sequence that an event is for, whether it exists or is new.

    Args:
        journal: an open journal.
        given: a whole id, or a name.

    Raises:
        InvalidData: it is not an id, and sequences have no names.
        AmbiguousId: it would be the name of a new sequence, but could be meant for an existing one.
    """
    if not _may_be_a_name(journal, given):
        try:
            return rules.originator_id(given)
        except InvalidData:
            raise InvalidData(
                f"{shortened(given)} is not a UUID, and the sequences of {journal.shown_url} have no names"
            ) from None
    if _is_there(journal, named := id_of_name(given)):
        return named
    originator_id = named
    with suppress(InvalidData):
        originator_id = rules.originator_id(given)
    if _is_there(journal, originator_id):
        return originator_id
    if (mistaken := journal.events.mistaken_for(given)) is not None:
        raise AmbiguousId(
            f"no sequence is named {shortened(given)}, but one is named {shortened(mistaken)}: "
            f"write exactly that, or give a new one a name that differs in more than spelling"
        )
    if (begun := _first_that_starts_with(journal, given)) is not None:
        raise AmbiguousId(
            f"no sequence is named {shortened(given)}, but the id {begun} begins with that: write all of the id, "
            f"or give a new one another name"
        )
    return originator_id


def new_sequence(journal: Journal, word: str) -> str:
    """Return an id that no sequence has.

    Args:
        journal: an open journal.
        word: the word that asked for it.

    Raises:
        AmbiguousId: the word is the name of a sequence.
    """
    if journal.has_names and _is_there(journal, named := id_of_name(word)):
        raise AmbiguousId(
            f"{shortened(word)} asks for a new sequence, but one of {journal.shown_url} has that name: "
            f"write the id of that one, {named}, or a UUID or name of your own for a new one"
        )
    return new_id()


def _may_be_a_name(journal: Journal, given: str) -> bool:
    # In a journal, no name reads as an id. The tables of other libraries may have such names.
    return journal.has_names or (journal.layout is None and not rules.are_canonical_ids([given.lower()]))


def _is_there(journal: Journal, originator_id: str) -> bool:
    return bool(journal.events.get_items(originator_id, limit=1))


def _first_that_starts_with(journal: Journal, given: str) -> str | None:
    try:
        start = rules.originator_id_start(given)
    except InvalidData:
        return None
    ids: list[str] = journal.events.ids_between(*rules.ids_that_start_with(start), 1)
    return next(iter(ids), None)


def _not_mistaken(journal: Journal, given: str, originator_id: str) -> str:
    if (mistaken := journal.events.mistaken_for(given)) is not None and id_of_name(mistaken) != originator_id:
        raise SequenceNotFound(
            f"nothing found: no sequence of {journal.shown_url} is named {shortened(given)}, "
            f"but one is named {shortened(mistaken)}"
        )
    return originator_id
