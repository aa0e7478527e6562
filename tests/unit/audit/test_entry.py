"""An entry has exactly one form in bytes, and every other is refused."""

from dataclasses import fields, replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.entry import _FORMS, Entry, parse, render
from placement.errors import TamperedError

NUMBER = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
BYTES = st.binary(max_size=33)
ENTRIES = st.builds(
    Entry,
    at=NUMBER,
    kind=TEXT,
    action=TEXT,
    person=TEXT,
    organisation=TEXT,
    role=TEXT,
    certificate=BYTES,
    purpose=TEXT,
    case=BYTES,
    reference=TEXT,
    candidates=st.lists(TEXT, max_size=5).map(tuple),
    outcome=TEXT,
    verdicts=st.lists(st.integers(0, 255), max_size=5).map(tuple),
    decisions=st.lists(BYTES, max_size=5).map(tuple),
    revision=NUMBER,
    ruleset=TEXT,
    recipient=TEXT,
)
SAMPLE = Entry(
    at=1_800_000_000_000_000,
    kind="DISCLOSURE",
    action="CHECK",
    person="cw-01",
    organisation="1480",
    role="caseworker",
    certificate=bytes(range(32)),
    purpose="PLANNED",
    case=b"c" * 16,
    reference="SN 2026/1234",
    candidates=("2480", "0180"),
    outcome="ANSWERED",
    verdicts=(1, 4),
    decisions=(b"d" * 16, b"e" * 16),
    revision=7,
    ruleset="2026-11-1",
    recipient="1480",
)
CONTENT = render(SAMPLE)


def refused_or_itself(content):
    """Hold bytes to the one rule: they are refused, or are an entry's only form."""
    try:
        entry = parse(content)
    except TamperedError:
        return
    assert render(entry) == content


@given(ENTRIES)
def test_an_entry_survives_its_bytes(entry):
    """What is read is what was written."""
    assert parse(render(entry)) == entry


@given(ENTRIES, ENTRIES)
def test_two_entries_never_share_their_bytes(one, other):
    """The form is injective, whatever stands in the fields."""
    assert (render(one) == render(other)) is (one == other)


@given(ENTRIES, st.data())
def test_no_part_of_an_entry_is_one(entry, data):
    """Every truncation is refused."""
    content = render(entry)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(TamperedError):
        parse(content[:cut])


@given(ENTRIES, st.binary(min_size=1, max_size=8))
def test_nothing_may_follow_an_entry(entry, more):
    """Every extension is refused."""
    with pytest.raises(TamperedError):
        parse(render(entry) + more)


@given(ENTRIES, st.data())
def test_a_flipped_bit_is_refused_or_another_entry(entry, data):
    """Wherever it is, a length included."""
    content = bytearray(render(entry))
    place = data.draw(st.integers(0, 8 * len(content) - 1))
    content[place // 8] ^= 1 << place % 8

    refused_or_itself(bytes(content))


def test_every_cut_flip_and_insertion_of_a_real_entry():
    """All of them, not a sample: a bit anywhere, a byte lost, doubled or put in."""
    for place in range(len(CONTENT)):
        for bit in range(8):
            flipped = bytearray(CONTENT)
            flipped[place] ^= 1 << bit

            refused_or_itself(bytes(flipped))
        refused_or_itself(CONTENT[:place] + CONTENT[place + 1 :])
        refused_or_itself(CONTENT[: place + 1] + CONTENT[place:])
        with pytest.raises(TamperedError):
            parse(CONTENT[:place])


@given(st.binary(max_size=200))
def test_noise_is_refused_or_itself(content):
    """Anything may be handed in."""
    refused_or_itself(content)
    refused_or_itself(b"\x01" + content)


@pytest.mark.parametrize("version", [b"", b"\x00", b"\x02", b"\xff"])
def test_another_version_is_refused(version):
    """A later form is not read as this one."""
    with pytest.raises(TamperedError):
        parse(version + CONTENT[1:])


def test_a_text_is_text():
    """Bytes that are no UTF-8 are refused, and an overlong form, too."""
    spoilt = CONTENT.replace(b"PLANNED", b"PLAN\xc0\x80D")

    with pytest.raises(TamperedError):
        parse(spoilt)


@pytest.mark.parametrize("length", [0, 2**31, 2**32 - 1])
@pytest.mark.parametrize("found", [b"DISCLOSURE", b"\0\0\0\x042480", b"\1\4\0\0\0\2"])
def test_a_length_that_lies_costs_nothing(length, found):
    """Nothing is made ready for what isn't there, text, list or bytes."""
    place = CONTENT.index(found) - 4
    lying = CONTENT[:place] + length.to_bytes(4) + CONTENT[place + 4 :]

    with pytest.raises(TamperedError):
        parse(lying)


def test_no_two_verdicts_differ_in_length():
    """The size of an entry tells nothing of what was answered."""
    sizes = {
        len(render(replace(SAMPLE, verdicts=verdicts)))
        for verdicts in product(range(1, 5), repeat=2)
    }

    assert sizes == {len(CONTENT)}


def test_every_field_has_its_place_in_the_bytes():
    """A field that the form lacks would be lost; the order is that of the class."""
    assert list(_FORMS) == [field.name for field in fields(Entry)]


def test_the_bytes_are_what_the_drawing_says():
    """By hand, so that nobody changes the form unnoticed."""
    entry = Entry(
        at=1, kind="K", action="A", outcome="O", candidates=("0180",), verdicts=(2, 3)
    )
    empty = bytes(4)

    assert render(entry) == b"".join(
        [
            b"\x01",
            bytes(7) + b"\x01",
            b"\0\0\0\x01K",
            b"\0\0\0\x01A",
            empty * 7,  # person to reference
            b"\0\0\0\x01\0\0\0\x040180",
            b"\0\0\0\x01O",
            b"\0\0\0\x02\x02\x03",
            empty,
            bytes(8),
            empty * 2,
        ]
    )
