"""A note has one form, and no byte of what a known key signed can be altered."""

import base64
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.noted import LOG, NAMES, STRANGER, TEXT, WITNESS, signed_by_three, verifier

from placement.audit.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    Kind,
    Note,
    Signature,
    Signer,
    VerifierKey,
    add,
    parse,
    render,
    sign,
    verified,
)
from placement.errors import TamperedError

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), max_size=9)
    | st.sampled_from(["\n", "\n\n", "— n AAAAAAA=\n"])
).map(lambda parts: "".join(parts) + "\n")
SIGNATURES = st.builds(
    Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1)
)
NOTES = st.builds(Note, TEXTS, st.lists(SIGNATURES, min_size=1, max_size=4).map(tuple))


@pytest.fixture(scope="module")
def signed():
    """A note of the log, with a cosignature and the line of a stranger."""
    return signed_by_three()


def line(name=b"n", content=b"AAAAAAA="):
    return "— ".encode() + name + b" " + content + b"\n"


@given(NOTES)
def test_a_note_survives_its_bytes(found):
    """What is read is what was written, whatever the text looks like."""
    assert parse(render(found)) == found


@given(st.binary(max_size=60) | TEXTS.map(str.encode), st.binary(max_size=9))
def test_noise_is_refused_or_itself(content, more):
    """Anything may be handed in."""
    for noise in (content, content + b"\n" + line(), content + more + line()):
        try:
            found = parse(noise)
        except TamperedError:
            continue
        assert render(found) == noise


def alterations(content):
    """Give every flip of a bit, some replacements, losses and insertions of a byte."""
    for place, byte in enumerate(content):
        before, after = content[:place], content[place + 1 :]
        for other in {*(byte ^ 1 << bit for bit in range(8)), *b"\n +=A\0\x80"} - {
            byte
        }:
            yield place, before + bytes([other]) + after
        yield place, before + after
        for extra in b"\n A=":
            yield place, before + bytes([extra, byte]) + after
    for extra in b"\n A=":
        yield len(content), content + bytes([extra])


def survivors(found, known):
    """Give the places whose alteration is not noticed, and hold each to the rule.

    The text stays as it is, and nobody signs who did not sign before.
    """
    content = render(found)
    before = set(verified(found, known))
    for place, altered in alterations(content):
        try:
            other = parse(altered)
            signatures = verified(other, known)
        except TamperedError:
            continue
        assert altered == content or other.text == found.text
        assert set(signatures) <= before
        if altered != content:
            yield place


@pytest.mark.slow
def test_no_byte_of_a_note_with_known_signatures_can_be_altered():
    """With one signature, which is known, nothing may change at all."""
    assert set(survivors(sign(TEXT, LOG), [verifier(LOG)])) == set()
    assert set(survivors(sign(TEXT, WITNESS), [verifier(WITNESS)])) == set()


@pytest.mark.slow
def test_only_what_a_stranger_wrote_can_be_altered(signed):
    """His name, key id and signature: they say nothing to whoever doesn't know him."""
    content = render(signed)
    start = content.index(STRANGER.name.encode())

    assert set(survivors(signed, [verifier(LOG)])) >= {start}
    assert all(
        content.index(WITNESS.name.encode()) <= place
        for place in survivors(signed, [verifier(LOG)])
    )


@pytest.mark.slow
def test_a_known_signature_can_only_become_a_strangers(signed):
    """Its name or key id altered, it is not counted; altered itself, it refuses."""
    content = render(signed)
    text = len(TEXT.encode()) + 1
    altered = set(survivors(signed, [verifier(LOG), verifier(WITNESS)]))
    signatures = [
        content.index(base64.b64encode(one.key_id + one.content)) + 6
        for one in signed.signatures[:2]
    ]

    assert min(altered) > text
    assert altered.isdisjoint(chain(*(range(at, at + 80) for at in signatures)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\n\n",
        b"text\n",
        b"text\n\n",
        b"text\n" + line(),
        b"text\n\n\n",
        b"text\n\n" + line()[:-1],
        b"text\n\n" + line() + b"\n",
        b"text\n\n" + line() + b"more\n",
        b"text\n\nmore\n" + line(),
        b"text\r\n\r\n" + line(),
        b"a \t b\n\n" + line(),
        b"a \0 b\n\n" + line(),
        b"a \xff b\n\n" + line(),
        b"a \xed\xa0\x80 b\n\n" + line(),
        b"a \xc0\xaa b\n\n" + line(),
        b"text\n\n" + line().replace("—".encode(), b"-"),
        b"text\n\n" + line().replace("—".encode(), "\u2013".encode()),
        b"text\n\n " + line(),
        b"text\n\n" + line().replace(b" n", b"  n"),
        b"text\n\n" + line()[:-1] + b" \n",
        b"text\n\n" + line(name=b""),
        b"text\n\n" + line(name=b"a+b"),
        b"text\n\n" + line(name=b"a b"),
        b"text\n\n" + line(name="a\u00a0b".encode()),
        b"text\n\n" + line(name="a\u2028b".encode()),
        b"text\n\n" + line(name="a\u3000b".encode()),
        b"text\n\n" + line(name="a\u0085b".encode()),
        b"text\n\n" + line(content=b""),
        b"text\n\n" + line(content=b"AAAAAA=="),
        b"text\n\n" + line(content=b"AAAAAAA"),
        b"text\n\n" + line(content=b"AAAAAAB="),
        b"text\n\n" + line(content=b"AAAA=AAA"),
        b"text\n\n" + line(content=b"AAAAAAA=="),
        b"text\n\n" + line(content=b"AAAA_-A="),
        b"text\n\n" + line(content="AAAAAAé=".encode()),
        b"text\n\n" + line() * (MAX_SIGNATURES + 1),
    ],
)
def test_everything_else_is_no_note(content):
    """One form: no other line ends, spaces, dashes, names or base64."""
    with pytest.raises(TamperedError):
        parse(content)


def test_the_smallest_and_the_largest_note():
    """An empty line may be the text; a note has 100 signatures and 1 MB at most."""
    assert parse(b"\n\n" + line()).text == "\n"
    assert len(parse(b"x\n\n" + line() * 100).signatures) == 100
    body = b"x" * (MAX_NOTE - len(line()) - 2) + b"\n\n" + line()

    assert render(parse(body)) == body
    with pytest.raises(TamperedError):
        parse(b"x" + body)
    with pytest.raises(ValueError, match="1 MB"):
        sign("x" * MAX_NOTE + "\n", LOG)
    with pytest.raises(ValueError, match="100 signatures"):
        add(parse(b"x\n\n" + line() * 100), LOG)


@pytest.mark.parametrize("text", ["", "x", "x\n\ny", "\tx\n", "x\r\n", "\ud800\n"])
def test_such_a_text_is_not_signed(text):
    """What nobody could read back is not written."""
    with pytest.raises(ValueError, match=r"newline|surrogates"):
        sign(text, LOG)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\nb", "a\u2003b", "a\0", "\ud800"]
)
def test_nobody_has_such_a_name(name):
    """Neither signs nor is known."""
    for make in (
        lambda: Signer(name, LOG.key),
        lambda: VerifierKey(name, Kind.ED25519, LOG.key.public_key),
        lambda: Signature(name, bytes(4), b"?"),
    ):
        with pytest.raises(ValueError, match="a name has"):
            make()


@pytest.mark.parametrize(("key_id", "content"), [(b"abc", b"?"), (b"abcd", b"")])
def test_a_signature_stands_behind_its_key_id(key_id, content):
    """Four bytes, and something after them."""
    with pytest.raises(ValueError, match="key id of 4 bytes"):
        Signature("n", key_id, content)


def test_a_note_is_signed():
    """Without a signature it is only a text."""
    with pytest.raises(ValueError, match="signatures"):
        Note("text\n", ())
