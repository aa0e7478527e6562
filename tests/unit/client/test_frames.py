"""Leaves in one file: each in one form, and readable lines that tell the truth."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.access_log import AT, OUTLINE, entry, log_entry
from placement_client.days import iso_instant
from placement_client.frames import MAX_PART, Leaf, Transcript, read
from placement_client.matching import Asked

from placement.api.v1.audit_service_pb2 import EntryFilter, ExportLeaf
from placement.audit.details import Details, Matter, Outline, Sealed
from placement.audit.entry import render
from placement.audit.merkle import leaf_hash
from placement.errors import TamperedError

HASH = bytes(range(32))
SENT = log_entry(0)
SHOWN = Leaf(SENT.entry, SENT.details, b"")
ERASED = Leaf(SENT.entry, b"", b"")
HIDDEN = Leaf(b"", b"", HASH)
ANY = EntryFilter(reference="SN 7")
"""Of which nobody but the service knows what it selects."""

leaves = st.lists(
    st.one_of(
        st.builds(
            Leaf,
            st.binary(min_size=24, max_size=200),
            st.binary(max_size=200),
            st.just(b""),
        ),
        st.builds(
            Leaf, st.just(b""), st.just(b""), st.binary(min_size=32, max_size=32)
        ),
    )
)


def pieces(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def sealed(outline=OUTLINE, *, matter=False, **fields):
    """Return a leaf whose details are shown in part."""
    made = Sealed.of(Details(outline=outline, matter=Matter()), os.urandom(64))
    content = render(entry(details=made.commitment, **fields))
    return Leaf(content, made.shown(matter=matter), b"")


def lines(*given, first=0, asked=None):
    """Return a transcript and its lines."""
    transcript = Transcript(first, Asked(asked or ANY))
    return transcript, [transcript.line(each, each.hash) for each in given]


@given(leaves, st.integers(1, 300))
def test_leaves_come_back(given, size):
    """Whatever the pieces in which the file is read."""
    content = b"".join(each.frame() for each in given)

    assert list(read(pieces(content, size))) == given


@given(leaves.filter(bool), st.integers(0))
def test_a_cut_file_is_refused(given, place):
    """At each place that is no border between two leaves."""
    content = b"".join(each.frame() for each in given)
    cut = content[: place % len(content)]
    borders = {b"".join(each.frame() for each in given[:n]) for n in range(len(given))}
    try:
        got = list(read([cut]))
    except TamperedError:
        got = None

    assert (got is None) is (cut not in borders)


@pytest.mark.parametrize(
    "content",
    [
        b"\2" + HASH,
        b"\1" + bytes(4) + bytes(40),
        b"\1" + (MAX_PART + 1).to_bytes(4) + bytes(40),
        b"\1" + b"\0\0\0\1e" + (MAX_PART + 1).to_bytes(4) + bytes(40),
    ],
    ids=["another mark", "no entry", "a long entry", "long details"],
)
def test_other_frames_are_refused(content):
    """Before anybody waits for what they promise."""
    with pytest.raises(TamperedError):
        list(read([content]))


def test_a_leaf_has_a_hash():
    """Its own, or the one that hides it."""
    assert SHOWN.hash == leaf_hash(SENT.entry)
    assert HIDDEN.hash == HASH


@pytest.mark.parametrize("leaf", [SHOWN, ERASED, HIDDEN])
def test_a_leaf_comes_over_the_wire(leaf):
    """Shown, shown without details, or hidden."""
    sent = ExportLeaf(entry=leaf.entry, details=leaf.details, leaf_hash=leaf.hidden)

    assert Leaf.of(sent) == leaf


@pytest.mark.parametrize(
    "sent",
    [
        ExportLeaf(),
        ExportLeaf(leaf_hash=HASH[1:]),
        ExportLeaf(leaf_hash=HASH, entry=b"e"),
        ExportLeaf(leaf_hash=HASH, details=b"d"),
        ExportLeaf(details=b"d"),
        ExportLeaf(entry=bytes(MAX_PART + 1)),
        ExportLeaf(entry=b"e", details=bytes(MAX_PART + 1)),
    ],
    ids=range(7),
)
def test_no_other_leaf_comes_over_the_wire(sent):
    """Neither, both, cut, or too long."""
    with pytest.raises(TamperedError):
        Leaf.of(sent)


def test_a_line_says_what_the_entry_says():
    """Every field, bytes in hex, and the outline behind it."""
    _, (line,) = lines(SHOWN, first=7)
    got = json.loads(line)
    details = got.pop("details")

    assert got == {
        "index": 7,
        "at": "2026-06-15T10:00:00.000000Z",
        "kind": "CONSULTATION",
        "action": "CHECK",
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "certificate": "03" * 32,
        "purpose": "PLANNED",
        "outcome": "ANSWERED",
        "revision": 3,
        "ruleset": "2026-11-1",
        "rules": "04" * 32,
        "recipient": "",
        "leaf_hash": SHOWN.hash.hex(),
        "outline": {
            "case": "ca" * 16,
            "subjects": [],
            "counties": ["14", "01"],
            "verdicts": ["CLEAR", "REVIEW"],
            "decisions": ["de" * 16, "df" * 16],
            "objects": ["01" * 16, "02" * 16],
            "search": "",
        },
    }
    assert bytes.fromhex(details) in SENT.entry
    assert line.endswith(b"\n")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(texts, texts, st.integers(0, 250_000_000_000_000_000), st.integers(0, 255))
def test_a_line_is_json_whatever_it_says(person, search, at, verdict):
    """Quotes, controls and letters of any script; one line each."""
    outline = Outline(search=search, verdicts=(verdict,), subjects=(bytes(16),))
    transcript, (line,) = lines(sealed(outline, person=person, at=at))
    got = json.loads(line)

    assert transcript.unreadable is None
    assert line.count(b"\n") == 1
    assert (got["person"], got["outline"]["search"]) == (person, search)
    assert got["at"] == iso_instant(at)


def test_hidden_leaves_have_no_line():
    """But their place."""
    transcript, found = lines(HIDDEN, SHOWN, HIDDEN, ERASED, first=3)

    assert [bool(each) for each in found] == [False, True, False, True]
    assert [json.loads(each)["index"] for each in found if each] == [4, 6]
    assert json.loads(found[3])["outline"] is None
    assert (transcript.index, transcript.shown, transcript.erased) == (7, 2, 1)
    transcript.require_sound()


@pytest.mark.parametrize(
    "leaf",
    [
        Leaf(SENT.entry + b"\0", b"", b""),
        Leaf(SENT.entry[:-1], b"", b""),
        Leaf(SENT.entry, log_entry(0).details, b""),
        Leaf(SENT.entry, SENT.details[:-1], b""),
        sealed(matter=True),
        Leaf(SENT.entry, b"\0" + HASH + b"\0" + HASH, b""),
        Leaf(render(entry(at=(1 << 64) - 1)), b"", b""),
    ],
    ids=range(7),
)
def test_an_unreadable_entry_is_named(leaf):
    """No entry, other details, details that show the matter, no instant."""
    transcript, found = lines(SHOWN, leaf, SHOWN, leaf, first=5)

    assert transcript.unreadable == 6
    assert [bool(each) for each in found] == [True, False, True, False]
    with pytest.raises(TamperedError):
        transcript.require_sound()


def test_details_that_hide_the_outline_are_refused():
    """Nobody withholds what every auditor may see."""
    made = Sealed.of(Details(), bytes(64))
    hidden = made.outline.bytes(shown=False) + made.matter.bytes(shown=False)
    leaf = Leaf(render(entry(details=made.commitment)), hidden, b"")
    transcript, _ = lines(leaf)

    assert transcript.unreadable == 0


def test_going_back_in_time_is_named():
    """The first that does; those at the same instant do not."""
    times = (AT, AT, AT + 5, AT + 4, AT + 5, AT)
    transcript, _ = lines(*(sealed(at=at) for at in times), first=2)

    assert transcript.backwards == 5
    with pytest.raises(TamperedError):
        transcript.require_sound()


def test_what_does_not_fit_the_filter_is_named():
    """The first entry that does not; it has its line all the same."""
    of = EntryFilter(organisation="1280")
    other = sealed(organisation="1280")
    transcript, found = lines(other, HIDDEN, SHOWN, ERASED, first=2, asked=of)

    assert (transcript.unasked, transcript.withheld) == (4, None)
    assert [bool(each) for each in found] == [True, False, True, True]
    with pytest.raises(TamperedError):
        transcript.require_sound()


def test_what_is_hidden_in_a_whole_range_is_named():
    """Nothing was to be left out there."""
    whole = EntryFilter(first_index=2)
    transcript, _ = lines(SHOWN, HIDDEN, SHOWN, HIDDEN, first=2, asked=whole)

    assert (transcript.unasked, transcript.withheld) == (None, 3)
    with pytest.raises(TamperedError):
        transcript.require_sound()
