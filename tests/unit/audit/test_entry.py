"""An entry has exactly one form in bytes, and every other is refused."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.entry import _FORM, Entry, parse, render
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
    outcome=TEXT,
    revision=NUMBER,
    ruleset=TEXT,
    rules=st.binary(min_size=32, max_size=32),
    recipient=TEXT,
    details=st.binary(min_size=32, max_size=32),
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
    outcome="ANSWERED",
    revision=7,
    ruleset="2026-11-1",
    rules=b"r" * 32,
    recipient="1480",
    details=b"d" * 32,
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
    refused_or_itself(b"\x02" + content)


@pytest.mark.parametrize("version", [b"", b"\x00", b"\x01", b"\x03", b"\xff"])
def test_another_version_is_refused(version):
    """Neither the first form nor a later one is read as this one."""
    with pytest.raises(TamperedError):
        parse(version + CONTENT[1:])


def test_a_text_is_text():
    """Bytes that are no UTF-8 are refused, and an overlong form, too."""
    spoilt = CONTENT.replace(b"PLANNED", b"PLAN\xc0\x80D")

    with pytest.raises(TamperedError):
        parse(spoilt)


@pytest.mark.parametrize("length", [0, 2**31, 2**32 - 1])
@pytest.mark.parametrize("found", [b"DISCLOSURE", b"1480", bytes(range(32))])
def test_a_length_that_lies_costs_nothing(length, found):
    """Nothing is made ready for what isn't there, text or bytes."""
    place = CONTENT.index(found) - 4
    lying = CONTENT[:place] + length.to_bytes(4) + CONTENT[place + 4 :]

    with pytest.raises(TamperedError):
        parse(lying)


@pytest.mark.parametrize("size", [0, 31, 33])
@pytest.mark.parametrize("field", ["rules", "details"])
def test_a_hash_has_one_length(field, size):
    """What is none is not written at all."""
    with pytest.raises(ValueError, match="another length"):
        render(replace(SAMPLE, **{field: bytes(size)}))


def test_every_field_has_its_place_in_the_bytes():
    """A field that the form lacks would be lost; the order is that of the class."""
    assert [name for name, _ in _FORM._puts] == [one.name for one in fields(Entry)]


def test_the_bytes_are_what_the_drawing_says():
    """By hand, so that nobody changes the form unnoticed."""
    entry = Entry(
        at=1,
        kind="K",
        action="A",
        outcome="O",
        rules=b"r" * 32,
        details=b"d" * 32,
    )
    empty = bytes(4)

    assert render(entry) == b"".join(
        [
            b"\x02",
            bytes(7) + b"\x01",
            b"\0\0\0\x01K",
            b"\0\0\0\x01A",
            empty * 5,  # person to purpose
            b"\0\0\0\x01O",
            bytes(8),
            empty,
            b"r" * 32,
            empty,
            b"d" * 32,
        ]
    )
