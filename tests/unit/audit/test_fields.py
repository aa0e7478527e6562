"""Plain fields have one form in bytes, and every other is refused."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.fields import (
    BYTE,
    BYTES,
    NUMBER,
    TEXT,
    Form,
    Reader,
    fixed,
    list_of,
)
from placement.errors import TamperedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One field of each kind."""

    number: int
    text: str
    content: bytes
    byte: int
    digest: bytes
    texts: tuple[str, ...]
    digests: tuple[bytes, ...]


FORM = Form(
    Sample,
    9,
    {
        "number": NUMBER,
        "text": TEXT,
        "content": BYTES,
        "byte": BYTE,
        "digest": fixed(3),
        "texts": list_of(TEXT),
        "digests": list_of(fixed(3)),
    },
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)
DIGESTS = st.binary(min_size=3, max_size=3)
SAMPLES = st.builds(
    Sample,
    number=st.integers(0, 2**64 - 1),
    text=TEXTS,
    content=st.binary(max_size=9),
    byte=st.integers(0, 255),
    digest=DIGESTS,
    texts=st.lists(TEXTS, max_size=3).map(tuple),
    digests=st.lists(DIGESTS, max_size=3).map(tuple),
)
SAMPLE = Sample(
    number=258,
    text="å",
    content=b"xyz",
    byte=7,
    digest=b"abc",
    texts=("", "b"),
    digests=(b"def",),
)
CONTENT = FORM.render(SAMPLE)


def test_the_bytes_are_what_the_drawing_says():
    """By hand, so that nobody changes a form unnoticed."""
    assert (
        b"".join(
            [
                b"\x09",
                b"\0\0\0\0\0\0\x01\x02",
                b"\0\0\0\x02\xc3\xa5",
                b"\0\0\0\x03xyz",
                b"\x07",
                b"abc",
                b"\0\0\0\x02" + b"\0\0\0\0" + b"\0\0\0\x01b",
                b"\0\0\0\x01def",
            ]
        )
        == CONTENT
    )


@given(SAMPLES, SAMPLES)
def test_a_value_has_one_form(one, other):
    """What is read is what was written, and two values never share their bytes."""
    assert FORM.parse(FORM.render(one)) == one
    assert (FORM.render(one) == FORM.render(other)) is (one == other)


def test_every_cut_flip_and_insertion():
    """All of them, not a sample: refused, or another value's only form."""
    spoilt = [CONTENT[:place] for place in range(len(CONTENT))]
    for place in range(len(CONTENT)):
        spoilt += [
            CONTENT[:place] + CONTENT[place + 1 :],
            CONTENT[: place + 1] + CONTENT[place:],
        ]
        for bit in range(8):
            flipped = bytearray(CONTENT)
            flipped[place] ^= 1 << bit
            spoilt.append(bytes(flipped))
    read = 0
    for content in spoilt:
        try:
            found = FORM.parse(content)
        except TamperedError:
            continue
        read += 1

        assert content != CONTENT or found == SAMPLE
        assert FORM.render(found) == content
    # A bit of a number, a text or a digest makes another value; most do not.
    assert 0 < read < len(spoilt) // 2


@given(SAMPLES, st.binary(min_size=1, max_size=4), st.data())
def test_nothing_is_missing_or_left_over(value, more, data):
    """No beginning of a value is one, and no continuation."""
    content = FORM.render(value)
    cut = data.draw(st.integers(0, len(content) - 1))
    for spoilt in (content[:cut], content + more):
        with pytest.raises(TamperedError):
            FORM.parse(spoilt)


@pytest.mark.parametrize("version", [b"", b"\x00", b"\x08", b"\x0a"])
def test_another_version_is_refused(version):
    """The first byte says which form it is."""
    with pytest.raises(TamperedError):
        FORM.parse(version + CONTENT[1:])


@pytest.mark.parametrize("text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xc3"])
def test_a_text_is_utf_8(text):
    """In its one form: no overlong one, no half of a pair, no cut character."""
    spoilt = CONTENT.replace(b"\0\0\0\x02\xc3\xa5", len(text).to_bytes(4) + text)

    with pytest.raises(TamperedError):
        FORM.parse(spoilt)


@pytest.mark.parametrize("length", [2**31, 2**32 - 1])
@pytest.mark.parametrize("found", [b"\xc3\xa5", b"xyz", b"\0\0\0\0\0\0\0\x01b", b"def"])
def test_a_length_that_lies_costs_nothing(length, found):
    """Nothing is made ready for what isn't there, text, bytes or list."""
    place = CONTENT.index(found) - 4
    lying = CONTENT[:place] + length.to_bytes(4) + CONTENT[place + 4 :]

    with pytest.raises(TamperedError):
        FORM.parse(lying)


@pytest.mark.parametrize("size", [0, 2, 4])
def test_a_fixed_field_has_one_length(size):
    """What has another is a mistake of the writer's."""
    with pytest.raises(ValueError, match="another length"):
        fixed(3).put(bytes(size))


def test_a_reader_takes_parts_from_the_front():
    """Each where the one before it ended, and the end is the end."""
    reader = Reader(b"..\0\0\x01\x00abc", 2)

    assert reader.short() == 256
    assert (reader.take(2), reader.take(0), reader.take(1)) == (b"ab", b"", b"c")
    assert reader.finish() is None


@pytest.mark.parametrize("count", [4, 2**40])
def test_a_reader_takes_no_more_than_there_is(count):
    """What is missing is never made up, and a failed take moves nothing."""
    reader = Reader(b"abc")
    with pytest.raises(TamperedError):
        reader.take(count)

    assert reader.take(3) == b"abc"


def test_a_reader_leaves_nothing():
    """What nobody reads is no part of a form."""
    reader = Reader(b"abc")
    reader.take(2)
    with pytest.raises(TamperedError):
        reader.finish()
