"""The fold of imports: how far each has come, and what a snapshot keeps of it."""

from dataclasses import replace

import pytest
from kit.world import NOW, token

from placement.domain import imports
from placement.domain.erasure_events import DossiersErased, Sealed
from placement.domain.events import Record
from placement.domain.import_events import (
    ImportApproved,
    ImportBegun,
    ImportCancelled,
    ImportFinished,
    ImportKept,
    ImportStaged,
    ImportState,
    ImportTaken,
    RowRefusal,
    StagedPart,
    StagedRow,
)
from placement.domain.imports import (
    PARTS,
    REFUSED,
    first_digest,
    next_digest,
    stands,
)
from placement.domain.state import State
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR
from placement.errors import TamperedError
from placement.store.codec import encode
from placement.store.snapshot import MAX_PART

ONE, OTHER = token("one"), token("other")
ROWS = (StagedRow(), StagedRow())


def begun(key=ONE, rows=4):
    lapse = NOW + MICROS_AN_HOUR
    return ImportBegun(
        id=key, person="co-01", region="syd", rows=rows, expires_at=lapse
    )


def staged(key=ONE, position=0):
    return ImportStaged(id=key, position=position, rows=ROWS, digest=bytes(32))


def folded(*events):
    state = State()
    for event in events:
        state.apply(Record(at=NOW, event=event))
    return state


WHOLE = (
    begun(),
    staged(),
    staged(position=2),
    ImportFinished(id=ONE, expires_at=NOW + 2 * MICROS_AN_HOUR),
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((begun(),), ImportState.OPEN),
        (WHOLE, ImportState.WAITING),
        ((*WHOLE, ImportApproved(id=ONE, person="co-02")), ImportState.APPROVED),
        ((*WHOLE, ImportCancelled(id=ONE, person="co-02")), ImportState.CANCELLED),
    ],
    ids=["open", "waiting", "approved", "cancelled"],
)
def test_a_snapshot_keeps_what_stands(events, expected):
    """The records of a state fold to the same imports, in every state of their life."""
    state = folded(*events)
    again = State()
    for record in state.records():
        again.apply(record)

    assert again.imports.by_id == state.imports.by_id
    assert again.imports.by_id[ONE].state is expected
    assert again.imports.next() == state.imports.next()


@pytest.mark.parametrize(("parts", "refused"), [(0, 0), (2, 4), (5, 0), (0, 5), (5, 3)])
def test_an_import_of_many_pieces_is_kept_whole(monkeypatch, parts, refused):
    """No record of a snapshot holds more than so much of it, however small its calls were."""
    monkeypatch.setattr(imports, "PARTS", 2)
    monkeypatch.setattr(imports, "REFUSED", 2)
    known = replace(
        folded(*WHOLE).imports.by_id[ONE],
        parts=tuple(
            StagedPart(position=n, revision=n, digest=b"") for n in range(parts)
        ),
        refused=tuple(range(refused)),
        reasons=(RowRefusal.ABSENT,) * refused,
    )
    pieces = [each.event for each in folded(begun(OTHER), known).records()]
    kept = [each for each in pieces if isinstance(each, ImportKept)]
    again = folded(*pieces)

    assert again.imports.by_id[ONE] == known
    assert max(len(each.parts) for each in kept) <= 2
    assert max(len(each.refused) for each in kept) <= 2
    assert all(each.parts or each.refused for each in kept if each.further)


@pytest.mark.parametrize(
    "most",
    [
        {
            "parts": (StagedPart(position=1 << 31, revision=1, digest=bytes(32)),)
            * PARTS
        },
        {
            "refused": (200_000,) * REFUSED,
            "reasons": (RowRefusal.ABSENT,) * REFUSED,
        },
    ],
    ids=["parts", "refused"],
)
def test_a_piece_has_room_in_a_part_of_a_snapshot(most):
    """Else no snapshot could be written as long as the import is remembered."""
    known = replace(folded(*WHOLE).imports.by_id[ONE], **most)

    assert len(encode(Record(at=NOW, event=known))) < MAX_PART // 2


def test_taken_until_done():
    """The oldest approved import comes first; done, the next one does."""
    state = folded(
        *WHOLE,
        begun(OTHER, 2),
        staged(OTHER),
        ImportApproved(id=ONE, person="co-02"),
        ImportApproved(id=OTHER, person="co-02"),
        ImportTaken(id=ONE, until=3, refused=(1,), reasons=(RowRefusal.CHANGED,)),
    )
    half = state.imports.next()
    state.apply(Record(at=NOW, event=ImportTaken(id=ONE, until=4)))

    assert (half.begun.id, half.taken, half.refused) == (ONE, 3, (1,))
    assert state.imports.by_id[ONE].state is ImportState.DONE
    assert state.imports.next().begun.id == OTHER


@pytest.mark.parametrize(
    "event",
    [
        staged(OTHER),
        staged(position=1),
        ImportApproved(id=OTHER, person="co-02"),
        ImportTaken(id=OTHER, until=1),
    ],
    ids=["absent", "gap", "approved", "taken"],
)
def test_a_hole_is_an_incident(event):
    """A record that does not follow on what stands can't be folded."""
    with pytest.raises(TamperedError):
        folded(begun(), event)


def test_time_ends_what_nobody_goes_on_with():
    """An open or waiting import lapses; an approved one never does."""
    later = NOW + 3 * MICROS_AN_HOUR
    waiting = folded(*WHOLE).imports.by_id[ONE]
    approved = folded(*WHOLE, ImportApproved(id=ONE, person="co-02")).imports.by_id[ONE]

    assert (stands(waiting, NOW), stands(waiting, later)) == (True, False)
    assert stands(approved, later)


def test_the_digest_knows_every_row_and_their_order():
    """Other rows, fewer, or in another order have another digest."""
    orders = (b"ab", b"ba", b"a", b"")
    digests = set()
    for order in orders:
        digest = first_digest()
        for row in order:
            digest = next_digest(digest, bytes([row]))
        digests.add(digest)

    assert len(digests) == len(orders)


@pytest.mark.parametrize(
    "ends",
    [
        (
            ImportFinished(id=ONE, expires_at=NOW + 2 * MICROS_AN_HOUR),
            ImportApproved(id=ONE, person="co-02"),
            ImportTaken(id=ONE, until=4, refused=(1,), reasons=(RowRefusal.ABSENT,)),
        ),
        (ImportCancelled(id=ONE, person="co-02"),),
        (),
    ],
    ids=["taken over", "cancelled", "lapsed"],
)
def test_erased_rows_leave_the_same_whether_they_were_read_or_not(ends):
    """Whoever folds the log later opens none of them."""
    erased = DossiersErased(dossiers=(ONE,))
    sealed = Sealed(dossier=ONE, content=b"")
    lived = folded(begun(), staged(), staged(position=2), *ends, erased)
    fresh = folded(begun(), sealed, sealed, *ends, erased)
    (known,) = lived.imports.by_id.values()

    assert list(fresh.records()) == list(lived.records())
    assert (known.parts, known.digest) == ((), b"")
    assert fresh.imports.next() is lived.imports.next() is None


def test_rows_that_lapsed_are_to_be_erased_once():
    """Those of an import that stands are not."""
    state = folded(begun(), staged())
    lapse = NOW + MICROS_AN_HOUR
    before, behind = state.imports.due(lapse - 1), state.imports.due(lapse)
    state.apply(Record(at=lapse, event=DossiersErased(dossiers=(ONE,))))

    assert (before, behind, state.imports.due(lapse)) == ([], [ONE], [])


def test_an_import_is_forgotten_only_once_it_is_erased():
    """Else its rows would keep a key that nobody knows of."""
    state = folded(begun(), staged())
    late = NOW + 40 * MICROS_A_DAY
    state.apply(Record(at=late, event=begun(OTHER)))
    left = list(state.imports.by_id)
    state.apply(Record(at=late, event=DossiersErased(dossiers=(ONE,))))
    state.apply(Record(at=late + 31 * MICROS_A_DAY, event=begun(OTHER)))

    assert left == [ONE, OTHER]
    assert list(state.imports.by_id) == [OTHER]
