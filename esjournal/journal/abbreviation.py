"""Finding the sequence that is meant, by its name, its id, or the beginning or end of its id."""

from __future__ import annotations

from contextlib import closing, suppress
from itertools import islice

from esjournal.domain.model import rules
from esjournal.domain.model.newids import FIRST_TIMED, LAST_TIMED, is_timed, new_id
from esjournal.domain.model.sequencenames import id_of_name
from esjournal.domain.text import shortened
from esjournal.exceptions import AmbiguousId, InvalidData, SequenceNotFound
from esjournal.journal.journal import Journal

# The number of ids that a message names if several begin alike.
NAMED_IDS = 10


def find_sequence(journal: Journal, given: str) -> str:
    """Return the id of the one sequence that is meant; a whole id, or a name, need not be in the journal.

    A sequence with exactly that name is preferred to sequences whose ids begin or end with it.

    Args:
        journal: an open journal.
        given: a name, an id, or the beginning of an id; if the id begins with the time, also its end.

    Raises:
        SequenceNotFound: no id begins or ends with it, or there is no such name, or only one of another spelling.
        AmbiguousId: several ids begin or end with it.
    """
    if _may_be_a_name(journal, given) and _is_there(journal, named := id_of_name(given)):
        return named
    try:
        part = rules.originator_id_part(given)
    except InvalidData:
        if journal.has_names:
            return _not_mistaken(journal, given, id_of_name(given))
        none = "no sequence of {} has that name" if journal.layout is None else "the sequences of {} have no names"
        raise SequenceNotFound(
            f"nothing found: {shortened(given)} is not a UUID, nor the beginning or end of one, and "
            f"{none.format(journal.shown_url)}"
        ) from None
    if rules.are_canonical_ids([part]):
        return _not_mistaken(journal, given, part)
    ids = _abbreviated(journal, part, NAMED_IDS + 1)
    if not ids:
        raise SequenceNotFound(
            f"nothing found: no sequence in {journal.shown_url} has an id that begins with {part}, "
            f"or a UUIDv7 that ends with it"
        )
    if len(ids) > 1:
        listed = ", ".join(ids[:NAMED_IDS]) + (", and more" if len(ids) > NAMED_IDS else "")
        raise AmbiguousId(f"{part} is the beginning or end of several ids, write more of the one you mean: {listed}")
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
    if (found := _first_abbreviated(journal, given)) is not None:
        raise AmbiguousId(
            f"no sequence is named {shortened(given)}, but the id {found} begins or ends with that: "
            f"write all of the id, or give a new one another name"
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


def _first_abbreviated(journal: Journal, given: str) -> str | None:
    try:
        part = rules.originator_id_part(given)
    except InvalidData:
        return None
    return next(iter(_abbreviated(journal, part, 1)), None)


def _abbreviated(journal: Journal, part: str, most: int) -> list[str]:
    """Return the ids that begin with a text, and those that begin with the time and end with the text."""
    found: list[str] = []
    if rules.begins_id(part):
        found += journal.events.ids_between(*rules.ids_that_start_with(part), most)
    if rules.ends_id(part):
        # No index has the ends, so all ids that begin with the time are read, and one in sixteen of the others.
        with closing(journal.events.ids_ending(part, FIRST_TIMED, LAST_TIMED)) as ids:
            ending = (each for each in ids if isinstance(each, str) and each.endswith(part) and is_timed(each))
            found += islice((each for each in ending if each not in found), most - len(found))
    return found


def _not_mistaken(journal: Journal, given: str, originator_id: str) -> str:
    if (mistaken := journal.events.mistaken_for(given)) is not None and id_of_name(mistaken) != originator_id:
        raise SequenceNotFound(
            f"nothing found: no sequence of {journal.shown_url} is named {shortened(given)}, "
            f"but one is named {shortened(mistaken)}"
        )
    return originator_id
