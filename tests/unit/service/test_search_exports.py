"""What is taken along proves itself; a decision is found by its id."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    MOMENT,
    check,
    open_case,
    search,
    show_case,
)
from kit.engines import SECONDS, answer, tamper
from kit.erased import take
from kit.often import often
from kit.story import SCOPE, ReadingRoom, filters, naive

from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.checkpoint import parse as parse_checkpoint
from placement.audit.merkle import leaf_hash
from placement.audit.span import verify
from placement.domain.decide import searches
from placement.domain.decide.searches import Admitted, Filter
from placement.domain.terms import decided_when
from placement.errors import NotFoundError, TamperedError
from placement.service import search as search_module


@pytest.fixture
def room(store):
    return ReadingRoom(store)


def indexes(found):
    return [each.index for each in found]


def admitted(kind=searches.ExportEntries, cases=None, **asked):
    command = replace(search(kind, **asked), scope=SCOPE)
    return Admitted(search=command, cases=cases)


def write(engine, count=1):
    """Write entries: a case, and as often as it takes that it is shown."""
    case = open_case("h")
    answer(engine, case)
    for _ in range(count - 1):
        answer(engine, show_case(case.handle))


# Taking along


@pytest.fixture(scope="session")
def newest(library):
    """The newest note of the library, and what it says."""
    return ReadingRoom(library.store).checkpoint()


def require_export(library, asked, content, checkpoint: Checkpoint):
    """Take a part along; verify it as whoever has it does, and return it."""
    room, cases = ReadingRoom(library.store), library.named(asked)
    search_ = Admitted(search=search(searches.ExportEntries), cases=cases)
    search_ = replace(search_, search=replace(search_.search, filter=asked))
    export = room.searcher.export(search_, content, checkpoint.size)
    leaves = [leaf for piece in export.pieces for leaf in piece]

    assert export.note == content
    hashes = [leaf.hash for leaf in leaves]
    verify(export.span, hashes, checkpoint.size, checkpoint.root)
    for index, leaf in enumerate(leaves, export.span.first):
        if leaf.found is not None:
            assert leaf.found.index == index
            assert leaf_hash(leaf.found.content) == leaf.hash
    return export, leaves


@often(20)
@given(st.data())
def test_an_export_proves_itself(library, newest, data):
    """Every leaf stands under the checkpoint; what is not selected is a hash."""
    asked = data.draw(filters(library.story, library.cases))
    checkpoint = newest[1]
    selected = naive(library.story, asked, library.named(asked) or set())
    try:
        export, leaves = require_export(library, asked, *newest)
    except NotFoundError:
        assert selected == []
        return

    shown = [leaf.found.index for leaf in leaves if leaf.found is not None]
    assert shown == selected
    assert export.span.first + len(leaves) <= checkpoint.size


def test_an_export_of_an_older_checkpoint(library, newest):
    """What came later is not in it."""
    room = ReadingRoom(library.store)
    notes = room.ledger.checkpoints(0, 1000)
    assert len(notes) > 5
    for each in (notes[0], notes[3]):
        checkpoint = parse_checkpoint(each.text)
        asked = Filter(first=0, action="CASE_OPEN")
        _, leaves = require_export(library, asked, note.render(each), checkpoint)

        assert len(leaves) == checkpoint.size


def test_what_is_not_selected_is_a_hash(library, newest):
    """Nothing else of it leaves the service."""
    _, leaves = require_export(library, Filter(first=50, end=90, role=""), *newest)
    _, some = require_export(library, Filter(first=50, end=90, role="auditor"), *newest)
    hidden = [leaf for leaf in some if leaf.found is None]

    assert all(leaf.found is not None for leaf in leaves)
    assert [leaf.hash for leaf in leaves] == [leaf.hash for leaf in some]
    assert len(hidden) > 20
    assert {len(leaf.hash) for leaf in hidden} == {32}


def test_an_export_comes_in_pieces(library, newest, monkeypatch):
    """Each ends with the leaf that passes the size; none is empty."""
    whole = require_export(library, Filter(first=0), *newest)[1]
    monkeypatch.setattr(search_module, "MAX_PIECE", 5000)
    room = ReadingRoom(library.store)
    export = room.searcher.export(admitted(first=0), newest[0], newest[1].size)
    pieces = list(export.pieces)

    assert [leaf for piece in pieces for leaf in piece] == whole
    assert len(pieces) > 20
    for piece in pieces:
        assert 1 <= len(piece) < 40


@pytest.mark.parametrize("piece", [32 * 10, 32 * 7])
def test_hidden_leaves_count_too(library, newest, monkeypatch, piece):
    """A piece of hashes alone has an end as well, with or without a rest."""
    monkeypatch.setattr(search_module, "MAX_PIECE", piece)
    room = ReadingRoom(library.store)
    asked = admitted(first=0, end=100, action="NONE")
    pieces = list(room.searcher.export(asked, newest[0], newest[1].size).pieces)

    assert {len(part) for part in pieces[:-1]} == {piece // 32}
    assert sum(map(len, pieces)) == 100


@pytest.mark.parametrize(
    "asked", [Filter(since=2**60), Filter(first=5, end=5), Filter(first=2**40)]
)
def test_nothing_is_no_export(library, newest, asked):
    """A part has a leaf at least."""
    with pytest.raises(NotFoundError):
        require_export(library, asked, *newest)


def test_an_export_needs_a_checkpoint(engine, room):
    """Of that very size."""
    write(engine, 3)
    with pytest.raises(NotFoundError):
        room.searcher.export(admitted(first=0), b"", 3)


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE leaf SET blob = zeroblob(length(blob)) WHERE "index" = 1',
        'UPDATE leaf SET details_blob = zeroblob(285) WHERE "index" = 1',
    ],
    ids=["entry", "details"],
)
def test_an_export_that_does_not_verify_is_an_incident(engine, room, url, statement):
    """It ends there, and the server answers nothing any more."""
    write(engine, 3)
    engine.publish().result(SECONDS)
    export = room.searcher.export(admitted(first=0), b"", 3)
    tamper(url, statement)
    with pytest.raises(TamperedError):
        list(export.pieces)

    assert set(room.incidents) == {"condemned"}


# The entry of a decision


def test_a_decision_has_one_entry(library):
    """It is found by the id alone, among the entries of its millisecond."""
    room, size = ReadingRoom(library.store), len(library.story)
    asked = 0
    for told in library.story[::3]:
        for decision in () if told.outline is None else told.outline.decisions:
            asked += 1

            assert room.searcher.of_decision(decision, size).index == told.index
    assert asked > 30


def test_a_decision_that_nobody_made(library):
    """Neither in a millisecond of the log, nor before it, nor behind it."""
    room, size = ReadingRoom(library.store), len(library.story)
    made = next(told for told in library.story if told.entry.action == "CHECK")
    decision = made.outline.decisions[0]
    for wrong in (
        bytes(16),
        b"\xff" * 16,
        decision[:15] + bytes([decision[15] ^ 1]),
        (int.from_bytes(decision[:6]) + 1).to_bytes(6) + decision[6:],
    ):
        with pytest.raises(NotFoundError):
            room.searcher.of_decision(wrong, size)
    with pytest.raises(NotFoundError):
        room.searcher.of_decision(decision, made.index)


def test_a_decision_whose_details_were_taken(engine, store, room, clock):
    """Its millisecond alone tells which entry it was; others are none."""
    case = open_case("h")
    answer(engine, case)
    decisions = []
    for _ in range(2):
        decisions += [
            one.decision for one in answer(engine, check(case.handle)).reply.answers
        ]
        clock.now += 1000
    take(store, lambda index: index != 1)
    size = store.read_head().leaves
    found = [room.searcher.of_decision(decision, size) for decision in decisions]
    with pytest.raises(NotFoundError):
        room.searcher.of_decision(decisions[0][:15] + b"?", size)

    assert indexes(found) == [1, 2]
    assert [each.details is None for each in found] == [False, True]


def test_what_was_taken_is_a_decision_only_if_it_was_one(engine, store, room):
    """Another call in that millisecond, or a refused check, is none."""
    case = open_case("h")
    answer(engine, case)
    with pytest.raises(NotFoundError):
        answer(engine, check(bytes(16)))
    take(store, lambda _: True)
    decision = decided_when(MOMENT.now) + bytes(10)
    with pytest.raises(NotFoundError):
        room.searcher.of_decision(decision, store.read_head().leaves)
