"""Details are shown whole or in part, and lead to their commitment or are refused."""

from dataclasses import fields
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.audit.details import (
    _MATTER,
    _OUTLINE,
    SALTS_SIZE,
    Details,
    Matter,
    Outline,
    Sealed,
    opened,
)
from placement.errors import TamperedError

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
BYTES = st.binary(max_size=17)
IDS = st.lists(st.binary(min_size=16, max_size=16), max_size=3).map(tuple)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
VERDICTS = st.lists(st.integers(0, 255), max_size=3).map(tuple)
OUTLINES = st.builds(
    Outline,
    case=BYTES,
    subjects=IDS,
    counties=TEXTS,
    verdicts=VERDICTS,
    decisions=IDS,
    objects=IDS,
    search=TEXT,
)
MATTERS = st.builds(
    Matter,
    case=BYTES,
    reference=TEXT,
    areas=TEXTS,
    facilities=st.lists(BYTES, max_size=3).map(tuple),
    window=TEXT,
    request=BYTES,
    verdicts=VERDICTS,
    decisions=IDS,
    valid_until=st.lists(st.integers(0, 2**64 - 1), max_size=3).map(tuple),
    objects=IDS,
    tokens=IDS,
    events=BYTES,
)
DETAILS = st.builds(Details, outline=OUTLINES, matter=MATTERS)
SALTS = st.binary(min_size=SALTS_SIZE, max_size=SALTS_SIZE)
SAMPLE = Details(
    outline=Outline(
        case=b"a" * 16,
        subjects=(b"s" * 16,),
        counties=("24", "01"),
        verdicts=(1, 4),
        decisions=(b"d" * 16, b"e" * 16),
        objects=(b"o" * 16,),
        search="case 7",
    ),
    matter=Matter(
        case=b"c" * 16,
        reference="SN 2026/1234",
        areas=("2480", "0180"),
        facilities=(b"f" * 16, b""),
        window="2026-06-01/",
        request=b"r" * 16,
        verdicts=(1, 4),
        decisions=(b"d" * 16, b"e" * 16),
        valid_until=(7, 2**40),
        objects=(b"o" * 16,),
        tokens=(b"t" * 16,),
        events=b"events",
    ),
)
SALT = bytes(range(SALTS_SIZE))
SEALED = Sealed.of(SAMPLE, SALT)
DOMAIN = b"placement-details-v1"


def test_the_commitment_is_what_the_drawing_says():
    """By hand: a salted hash for each part, and one over both."""
    outline = _OUTLINE.render(SAMPLE.outline)
    matter = _MATTER.render(SAMPLE.matter)
    first = sha256(DOMAIN + b"\x01" + SALT[:32] + outline).digest()
    second = sha256(DOMAIN + b"\x02" + SALT[32:] + matter).digest()

    assert SEALED.commitment == sha256(DOMAIN + b"\x00" + first + second).digest()


def test_the_bytes_are_what_the_drawing_says():
    """By hand: what may be seen with its salt, of the other its hash alone."""
    outline, matter = _OUTLINE.render(SAMPLE.outline), _MATTER.render(SAMPLE.matter)
    seen = b"\x01" + SALT[:32] + len(outline).to_bytes(4) + outline
    owned = b"\x01" + SALT[32:] + len(matter).to_bytes(4) + matter
    first = sha256(DOMAIN + b"\x01" + SALT[:32] + outline).digest()
    second = sha256(DOMAIN + b"\x02" + SALT[32:] + matter).digest()

    assert SEALED.shown(matter=False) == seen + b"\x00" + second
    assert SEALED.shown(matter=True) == seen + owned
    assert SEALED.shown(outline=False, matter=True) == b"\x00" + first + owned
    assert SEALED.shown(outline=False, matter=False) == (
        b"\x00" + first + b"\x00" + second
    )


def test_each_part_is_in_the_form_of_the_audit_room():
    """By hand, so that nobody changes a form unnoticed; the order is the class's."""
    outline = b"".join(
        [
            b"\x01",
            b"\0\0\0\x10" + b"a" * 16,
            b"\0\0\0\x01" + b"s" * 16,
            b"\0\0\0\x02" + b"\0\0\0\x0224" + b"\0\0\0\x0201",
            b"\0\0\0\x02\x01\x04",
            b"\0\0\0\x02" + b"d" * 16 + b"e" * 16,
            b"\0\0\0\x01" + b"o" * 16,
            b"\0\0\0\x06case 7",
        ]
    )
    matter = b"".join(
        [
            b"\x01",
            b"\0\0\0\x10" + b"c" * 16,
            b"\0\0\0\x0cSN 2026/1234",
            b"\0\0\0\x02" + b"\0\0\0\x042480" + b"\0\0\0\x040180",
            b"\0\0\0\x02" + b"\0\0\0\x10" + b"f" * 16 + b"\0\0\0\0",
            b"\0\0\0\x0b2026-06-01/",
            b"\0\0\0\x10" + b"r" * 16,
            b"\0\0\0\x02\x01\x04",
            b"\0\0\0\x02" + b"d" * 16 + b"e" * 16,
            b"\0\0\0\x02" + bytes(7) + b"\x07" + b"\0\0\x01" + bytes(5),
            b"\0\0\0\x01" + b"o" * 16,
            b"\0\0\0\x01" + b"t" * 16,
            b"\0\0\0\x06events",
        ]
    )

    assert _OUTLINE.render(SAMPLE.outline) == outline
    assert _MATTER.render(SAMPLE.matter) == matter
    for form, kind in ((_OUTLINE, Outline), (_MATTER, Matter)):
        assert [name for name, _ in form._puts] == [one.name for one in fields(kind)]


@given(DETAILS, SALTS)
def test_whoever_may_see_both_parts_sees_them(details, salts):
    """What is opened is what was sealed, and the commitment needs no key."""
    sealed = Sealed.of(details, salts)
    shown = sealed.shown(matter=True)

    assert opened(shown, sealed.commitment) == details
    assert Sealed.parse(shown) == sealed


@given(DETAILS, SALTS)
def test_whoever_may_see_the_outline_sees_it_alone(details, salts):
    """And nothing of the matter, not even its salt, comes along."""
    sealed = Sealed.of(details, salts)
    shown = sealed.shown(matter=False)

    assert opened(shown, sealed.commitment) == Details(
        outline=details.outline, matter=None
    )
    assert Sealed.parse(shown).commitment == sealed.commitment
    assert len(shown) == len(sealed.shown(matter=True)) - 4 - len(
        _MATTER.render(details.matter)
    )
    assert salts[32:] not in shown or salts[32:] == salts[:32]


@given(DETAILS, SALTS)
def test_whose_call_it_was_sees_the_matter_alone(details, salts):
    """And nothing of the outline, by which the case would be known elsewhere."""
    sealed = Sealed.of(details, salts)
    shown = sealed.shown(outline=False, matter=True)

    assert opened(shown, sealed.commitment) == Details(
        outline=None, matter=details.matter
    )
    assert Sealed.parse(shown).commitment == sealed.commitment
    assert len(shown) == len(sealed.shown(matter=True)) - 4 - len(
        _OUTLINE.render(details.outline)
    )
    assert salts[:32] not in shown or salts[:32] == salts[32:]


def test_what_is_shown_in_part_stays_in_part():
    """From the hash alone nobody can show the other part again."""
    partly = Sealed.parse(SEALED.shown(matter=False))
    hidden = b"\x00" + Sealed.parse(SEALED.shown(matter=True)).matter.digest

    assert partly.shown(matter=False).endswith(hidden)
    assert partly.shown(matter=False) == SEALED.shown(matter=False)
    with pytest.raises(TamperedError):
        opened(partly.shown(matter=True), SEALED.commitment)
    owned = Sealed.parse(SEALED.shown(outline=False, matter=True))
    with pytest.raises(TamperedError):
        opened(owned.shown(matter=True), SEALED.commitment)


def test_neither_part_need_be_shown():
    """Two hashes are details of which nothing is seen."""
    outline, matter = SEALED.outline.digest, SEALED.matter.digest
    shown = b"\x00" + outline + b"\x00" + matter

    assert SEALED.shown(outline=False, matter=False) == shown
    assert opened(shown, SEALED.commitment) == Details(outline=None, matter=None)


@given(DETAILS, DETAILS, SALTS, SALTS)
def test_a_commitment_holds_one_pair_of_parts(one, other, salts, others):
    """Other details, or the same under another salt, have another commitment."""
    same = (one, salts) == (other, others)
    commitments = Sealed.of(one, salts).commitment, Sealed.of(other, others).commitment

    assert (commitments[0] == commitments[1]) is same


@settings(max_examples=30)
@given(DETAILS, st.binary(min_size=32, max_size=32))
def test_the_two_parts_never_change_places(details, salt):
    """Each is hashed with its number, so one does not pass for the other."""
    sealed = Sealed.of(details, salt + salt)

    assert sealed.outline.digest != sealed.matter.digest
    swapped = (
        b"\x00" + sealed.matter.digest + b"\x00" + sealed.outline.digest,
        sealed.matter.bytes(shown=True) + sealed.outline.bytes(shown=True),
    )
    for content in swapped:
        if content == sealed.shown(matter=True):  # both parts are empty
            continue
        with pytest.raises(TamperedError):
            opened(content, sealed.commitment)


@pytest.mark.parametrize(
    ("outline", "matter"), [(True, False), (False, True), (True, True)]
)
def test_every_cut_flip_and_insertion_is_refused(outline, matter):
    """All of them, not a sample: a bit anywhere, a byte lost, doubled or put in."""
    content = SEALED.shown(outline=outline, matter=matter)
    for place in range(len(content)):
        spoilt = [
            content[:place],
            content[:place] + content[place + 1 :],
            content[: place + 1] + content[place:],
        ]
        for bit in range(8):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            spoilt.append(bytes(flipped))
        for one in spoilt:
            # A byte doubled next to its like, or lost there, is the same; nothing is.
            if one == content:
                continue
            with pytest.raises(TamperedError):
                opened(one, SEALED.commitment)
    with pytest.raises(TamperedError):
        opened(content + b"\0", SEALED.commitment)


def test_another_commitment_is_refused():
    """Details lead to their own leaf alone."""
    for bit in range(256):
        other = (int.from_bytes(SEALED.commitment) ^ 1 << bit).to_bytes(32)
        with pytest.raises(TamperedError):
            opened(SEALED.shown(matter=True), other)


@given(st.binary(max_size=120))
def test_noise_is_refused_or_itself(content):
    """Anything may be handed in; what is read has this one form."""
    for noise in (content, b"\x00" + content, b"\x01" + content):
        try:
            sealed = Sealed.parse(noise)
        except TamperedError:
            continue
        parts = (sealed.outline, sealed.matter)

        assert b"".join(part.bytes(shown=bool(part.salt)) for part in parts) == noise


@pytest.mark.parametrize("length", [2**31, 2**32 - 1])
def test_a_length_that_lies_costs_nothing(length):
    """Nothing is made ready for what isn't there."""
    content = SEALED.shown(matter=True)
    lying = content[:33] + length.to_bytes(4) + content[37:]

    with pytest.raises(TamperedError):
        Sealed.parse(lying)


def test_what_no_form_is_written_in_is_refused():
    """A commitment to bytes that are no outline vouches for nothing."""
    sealed = Sealed.of(SAMPLE, SALT)
    noise = type(sealed.outline).of(1, bytes(32), b"noise")
    other = Sealed(noise, sealed.matter)

    with pytest.raises(TamperedError):
        opened(other.shown(matter=True), other.commitment)


@pytest.mark.parametrize("size", [0, 63, 65])
def test_each_part_has_a_salt_of_its_own(size):
    """Without it somebody could find the case by trying all of them."""
    with pytest.raises(ValueError, match="salt"):
        Sealed.of(SAMPLE, bytes(size))


@pytest.mark.parametrize("part", ["outline", "matter"])
def test_both_parts_are_kept(part):
    """What is not there can't be committed to."""
    with pytest.raises(ValueError, match="both parts"):
        Sealed.of(Details(**{part: None}), SALT)


def test_no_two_verdicts_differ_in_length():
    """The size of the details tells nothing of what was answered."""
    sizes = set()
    for verdicts in product(range(1, 5), repeat=2):
        outline, matter = Outline(verdicts=verdicts), Matter(verdicts=verdicts)
        sealed = Sealed.of(Details(outline=outline, matter=matter), SALT)
        sizes.add(
            (
                len(sealed.shown(matter=False)),
                len(sealed.shown(outline=False, matter=True)),
            )
        )

    assert len(sizes) == 1
