"""A note has one form, and says only what a known key signed."""

import base64
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.audit.note import (
    MAX_NOTE,
    MAX_SIGNATURES,
    MAX_TIME,
    Kind,
    Note,
    Signature,
    Signer,
    Verifier,
    VerifierKey,
    add,
    cosigned_at,
    parse,
    parse_key,
    render,
    render_key,
    sign,
    verified,
    verify,
)
from placement.crypto.signing import SigningKey
from placement.crypto.signing import verify as check
from placement.errors import TamperedError

# C2SP signed-note, section "Verifier keys", and the poem of its introduction.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
POEM = (
    "Ognuno sta solo sul cuor della terra\n"
    "trafitto da un raggio di sole:\n"
    "\n"
    "ed è subito sera.\n"
    "\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9o"
    "JKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()
# golang.org/x/mod/sumdb/note: a published key pair with what it signs.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# C2SP tlog-cosignature, introduction and section "Ed25519 signed message".
COSIGNED = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URY"
    "N7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9"
    "dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
# A checkpoint that a public log and two public witnesses signed in May 2026; its first
# line is of a type that this project does not know.
PUBLIC = (
    "arche2025h1.staging.ct.transparency.dev\n"
    "1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
    "\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQ"
    "FX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27le"
    "fwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd"
    "8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+a"
    "VCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
).encode()
PUBLIC_KEYS = [
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
]

LOG = Signer("example.org/log", SigningKey(bytes(range(32))))
WITNESS = Signer("example.org/witness", SigningKey(b"w" * 32), time=1_800_000_000)
STRANGER = Signer("example.org/stranger", SigningKey(b"s" * 32))
TEXT = "example.org/log\n7\n\nänd a line after an empty one\n"

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), max_size=9)
    | st.sampled_from(["\n", "\n\n", "— n AAAAAAA=\n"])
).map(lambda parts: "".join(parts) + "\n")
NAMES = st.text(
    st.characters(exclude_categories=("Cs",), min_codepoint=32), min_size=1, max_size=9
).filter(lambda name: "+" not in name and not any(map(str.isspace, name)))
SIGNATURES = st.builds(
    Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1)
)
NOTES = st.builds(Note, TEXTS, st.lists(SIGNATURES, min_size=1, max_size=4).map(tuple))


def verifier(signer):
    return Verifier(signer.public, check)


def line(name=b"n", content=b"AAAAAAA="):
    return "— ".encode() + name + b" " + content + b"\n"


@pytest.fixture(scope="module")
def signed():
    """A note of the log, with a cosignature and the line of a stranger."""
    return add(add(sign(TEXT, LOG), WITNESS), STRANGER)


# What is published.


def test_the_example_of_the_standard():
    """Its key verifies its note, and reads and writes as shown."""
    key = parse_key(EXAMPLE_KEY)
    found = parse(EXAMPLE)

    assert (key.name, key.kind) == ("example.com/foo", Kind.ED25519)
    assert render_key(key) == EXAMPLE_KEY
    assert render(found) == EXAMPLE
    assert found.text == "This is an example message.\n"
    assert verify(found, [Verifier(key, check)]) == {"example.com/foo"}


def test_the_poem_of_the_standard():
    """The last empty line divides; a text may have others."""
    found = parse(POEM)

    assert found.text.endswith("sole:\n\ned è subito sera.\n")
    assert [(one.name, len(one.content)) for one in found.signatures] == [
        ("quasimodo.example/salvatore", 64)
    ]


def test_a_published_private_key_signs_the_published_note():
    """Byte for byte: others will read what we sign."""
    signer = Signer("PeterNeumann", SigningKey(PETER_SEED))
    found = parse(PETER)

    assert render_key(signer.public) == PETER_KEY
    assert render(sign(found.text, signer)) == PETER
    assert verify(found, [Verifier(parse_key(PETER_KEY), check)]) == {"PeterNeumann"}


def test_the_cosignature_of_the_standard():
    """Its time stands in front of the signature."""
    log, witness = parse(COSIGNED).signatures

    assert (witness.name, cosigned_at(witness)) == (
        "witness.example.com/w1",
        1679315147,
    )
    assert render(parse(COSIGNED)) == COSIGNED
    with pytest.raises(TamperedError):
        cosigned_at(log)


def test_a_checkpoint_of_a_public_log():
    """The log's and two witnesses' keys verify, each alone and all together."""
    found = parse(PUBLIC)
    verifiers = [Verifier(parse_key(text), check) for text in PUBLIC_KEYS]
    names = {each.public.name for each in verifiers}

    assert verify(found, verifiers) == names
    assert [len(verified(found, [each])) for each in verifiers] == [1, 1, 1]
    assert {cosigned_at(one) for one in verified(found, verifiers[1:])} == {1779573024}


# Signing and verifying.


def test_who_signed_is_told(signed):
    """Those who are known, and no others."""
    known = [verifier(WITNESS), verifier(LOG)]

    assert verify(signed, known) == {LOG.name, WITNESS.name}
    assert [one.name for one in verified(signed, known)] == [LOG.name, WITNESS.name]
    assert verify(signed, [verifier(LOG)]) == {LOG.name}
    assert cosigned_at(verified(signed, [verifier(WITNESS)])[0]) == WITNESS.time


def test_a_note_without_a_known_signature_is_refused(signed):
    """A key counts under its own name, id and kind alone."""
    others = [
        Signer("example.org/lag", LOG.key),
        Signer(LOG.name, WITNESS.key),
        Signer(LOG.name, LOG.key, time=7),
        Signer(WITNESS.name, WITNESS.key),
    ]

    with pytest.raises(TamperedError):
        verify(signed, [verifier(other) for other in others])
    with pytest.raises(TamperedError):
        verify(signed, [])


def test_one_bad_signature_of_a_known_key_refuses_the_note(signed):
    """Even beside good ones, its own included."""
    known = [verifier(LOG), verifier(WITNESS)]
    for signer in (LOG, WITNESS):
        forged = Signature(signer.name, signer.public.key_id, signer.sign(b"other\n"))
        for lines in ((*signed.signatures, forged), (forged, *signed.signatures)):
            with pytest.raises(TamperedError):
                verify(Note(TEXT, lines), known)


def test_a_bad_signature_of_a_stranger_changes_nothing(signed):
    """Whoever isn't known can't spoil a note either."""
    forged = Signature(STRANGER.name, STRANGER.public.key_id, b"?")

    assert verify(Note(TEXT, (forged, *signed.signatures)), [verifier(LOG)]) == {
        LOG.name
    }


def test_a_signature_twice_is_one_name(signed):
    """A witness that signs again is counted once."""
    again = add(signed, Signer(WITNESS.name, WITNESS.key, time=1_900_000_000))

    assert verify(again, [verifier(WITNESS)]) == {WITNESS.name}
    assert [cosigned_at(one) for one in verified(again, [verifier(WITNESS)])] == [
        1_800_000_000,
        1_900_000_000,
    ]


def test_a_cosignature_signs_its_time_and_the_text():
    """The message is as the standard draws it."""
    content = WITNESS.sign(TEXT.encode())
    message = b"cosignature/v1\ntime 1800000000\n" + TEXT.encode()

    assert content[:8] == (1_800_000_000).to_bytes(8)
    assert content[8:] == WITNESS.key.sign(message)
    for first, rest in ((bytes(8), content[8:]), (content[:8], LOG.sign(b"x"))):
        with pytest.raises(TamperedError):
            verifier(WITNESS).verify(TEXT.encode(), first + rest)


@pytest.mark.parametrize("time", [0, 1, MAX_TIME])
def test_every_time_can_be_signed(time):
    """From the first second to the last."""
    signer = Signer("w", WITNESS.key, time=time)
    found = parse(render(sign(TEXT, signer)))

    assert cosigned_at(verified(found, [verifier(signer)])[0]) == time


@pytest.mark.parametrize("time", [-1, MAX_TIME + 1])
def test_other_times_cannot(time):
    """Neither signed, nor believed if someone did."""
    with pytest.raises(ValueError, match="63 bits"):
        Signer("w", WITNESS.key, time=time)
    key, seconds = WITNESS.key, time % 2**64
    forged = seconds.to_bytes(8) + key.sign(
        b"cosignature/v1\ntime %d\n%b" % (seconds, TEXT.encode())
    )
    with pytest.raises(TamperedError):
        verifier(WITNESS).verify(TEXT.encode(), forged)
    with pytest.raises(TamperedError):
        cosigned_at(Signature("w", bytes(4), forged))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 63, 65, 71, 73])
@pytest.mark.parametrize("signer", [LOG, WITNESS])
def test_a_signature_has_its_length(signer, size):
    """Whatever verifies Ed25519 never sees another."""
    asked = Verifier(signer.public, lambda *_: pytest.fail("asked"))
    with pytest.raises(TamperedError):
        asked.verify(TEXT.encode(), bytes(size))


def test_a_key_signs_notes_or_cosigns_but_never_both_at_once():
    """The kind is in the key id: one line never passes for the other."""
    both = Signer(LOG.name, LOG.key, time=7)

    assert both.public.key_id != LOG.public.key_id
    with pytest.raises(TamperedError):
        verify(sign(TEXT, LOG), [verifier(both)])


# The form.


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


def test_no_byte_of_a_note_with_known_signatures_can_be_altered():
    """With one signature, which is known, nothing may change at all."""
    assert set(survivors(sign(TEXT, LOG), [verifier(LOG)])) == set()
    assert set(survivors(sign(TEXT, WITNESS), [verifier(WITNESS)])) == set()


def test_only_what_a_stranger_wrote_can_be_altered(signed):
    """His name, key id and signature: they say nothing to whoever doesn't know him."""
    content = render(signed)
    start = content.index(STRANGER.name.encode())

    assert set(survivors(signed, [verifier(LOG)])) >= {start}
    assert all(
        content.index(WITNESS.name.encode()) <= place
        for place in survivors(signed, [verifier(LOG)])
    )


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


# The text form of keys.


@given(NAMES, st.sampled_from(Kind), st.binary(min_size=32, max_size=32))
def test_a_key_survives_its_text(name, kind, public_key):
    """What is read is what was written."""
    key = VerifierKey(name, kind, public_key)

    assert parse_key(render_key(key)) == key


@settings(deadline=None)
@given(st.sampled_from([EXAMPLE_KEY, PETER_KEY, *PUBLIC_KEYS]), st.data())
def test_every_alteration_of_a_key_is_refused(text, data):
    """The key id binds name, kind and key."""
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters() | st.just("\ud800"))

    for altered in (
        text[:place] + other + text[place + 1 :],
        text[:place] + text[place + 1 :],
        text[:place] + other + text[place:],
        text[:place],
    ):
        if altered != text:
            with pytest.raises(TamperedError):
                parse_key(altered)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        "n+530d903a",
        "n+530d903a+",
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        # Other kinds, and keys of another length, with key ids that fit.
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ],
)
def test_everything_else_is_no_key(text):
    """Every part, in its one form, of a kind that is known."""
    with pytest.raises(TamperedError):
        parse_key(text)


def test_a_public_key_has_its_length():
    """Of both kinds."""
    for size in (0, 31, 33):
        with pytest.raises(ValueError, match="32 bytes"):
            VerifierKey("n", Kind.COSIGNATURE, bytes(size))
