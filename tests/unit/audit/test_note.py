"""A note says what a known key signed, and no more; as published notes and keys do."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.noted import LOG, NAMES, STRANGER, TEXT, WITNESS, signed_by_three, verifier

from placement.audit.note import (
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


@pytest.fixture(scope="module")
def signed():
    """A note of the log, with a cosignature and the line of a stranger."""
    return signed_by_three()


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
