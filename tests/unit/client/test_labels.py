"""Names open for whoever holds the key, and never leave in any other form."""

import hmac
import os
import unicodedata

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given
from hypothesis import strategies as st
from placement_client import labels
from placement_client.labels import (
    MAX_NAME,
    LabelKey,
    create_label_key,
    normalise,
)

from placement.errors import InvalidInputError, TamperedError, UnavailableError

KEY = LabelKey(bytes(range(32)))
OTHER = LabelKey(bytes(32))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(normalise)


# Names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("North Side", "northside"),
        ("  north-SIDE! ", "northside"),
        ("".join(chr(ord(c) + 0xFEE0) for c in "NorthSide"), "northside"),
        ("Gänget №7", "gängetno7"),
        ("GA\u0308NGET", "gänget"),
        ("Straße 12", "strasse12"),
        ("x²", "x2"),
        ("-- !", ""),
    ],
)
def test_spellings_have_one_form(name, expected):
    """Case, width, marks, spaces and signs do not matter."""
    assert normalise(name) == expected


@given(names)
def test_the_form_is_stable(name):
    """Letters and digits only, in NFKC, whatever came in."""
    form = normalise(name)

    assert unicodedata.is_normalized("NFKC", form)
    assert all(unicodedata.category(c)[0] == "L" or c.isdecimal() for c in form)


@given(names)
def test_case_and_signs_never_make_another_group(name):
    """A name set apart by spaces and signs is the same name."""
    assert KEY.fingerprint(f" «{name}» ") == KEY.fingerprint(name)


def test_fingerprints_are_the_keys():
    """Another key, another fingerprint; 32 bytes each."""
    assert KEY.fingerprint("North Side") != OTHER.fingerprint("North Side")
    assert KEY.fingerprint("North Side") != KEY.fingerprint("South Side")
    assert len(KEY.fingerprint("North Side")) == 32


def test_a_fingerprint_is_pinned():
    """HKDF, then HMAC, step by step: registered groups must be found for ever."""
    extracted = hmac.digest(bytes(32), bytes(range(32)), "sha256")
    info = b"placement-label-v1|fingerprint\x01"
    subkey = hmac.digest(extracted, info, "sha256")
    expected = hmac.digest(subkey, b"northside", "sha256")

    assert KEY.fingerprint("North Side") == expected


@pytest.mark.parametrize("name", ["", " - ", "!"])
def test_a_name_needs_letters_or_digits(name):
    """What has neither can't be told from nothing."""
    with pytest.raises(InvalidInputError):
        KEY.fingerprint(name)
    with pytest.raises(InvalidInputError):
        KEY.new_group(name)


# Sealed labels


@given(names)
def test_a_sealed_label_opens(name):
    """What was registered is shown, letter for letter, and fits the wire."""
    new = KEY.new_group(name)

    assert KEY.open(new.fingerprint, new.sealed_label) == name
    assert len(new.sealed_label) in {93, 157, 221}
    assert name.encode() not in new.sealed_label or len(name) < 4


@pytest.mark.parametrize(
    ("length", "size"),
    [(1, 93), (62, 93), (63, 157), (126, 157), (127, 221), (190, 221)],
)
def test_lengths_tell_next_to_nothing(length, size):
    """Sixty-four bytes are a step."""
    assert len(KEY.new_group("a" * length).sealed_label) == size


@pytest.mark.parametrize("name", ["a" * (MAX_NAME + 1), "ä" * 96, "a\ud800"])
def test_a_name_that_does_not_fit_is_refused(name):
    """The limit of the wire is known before the call."""
    with pytest.raises(InvalidInputError) as caught:
        KEY.new_group(name)
    assert name not in str(caught.value) + caught.value.description


def test_equal_names_have_different_labels():
    """A label is drawn anew each time."""
    assert KEY.new_group("a").sealed_label != KEY.new_group("a").sealed_label


def sealed(padded, name="a"):
    """Seal anything under the key, as nobody else could."""
    fingerprint = KEY.fingerprint(name)
    nonce = os.urandom(12)
    context = b"placement-label-v1" + fingerprint
    return fingerprint, b"\x01" + nonce + KEY._aead.encrypt(nonce, padded, context)


def test_the_form_drawn_is_the_one_read():
    """The drawing above the class holds."""
    assert KEY.open(*sealed(b"\x00\x01a" + bytes(61))) == "a"


FORMS = {
    "longer than it is": b"\x00\xffa" + bytes(61),
    "not the shortest": b"\x00\x01a" + bytes(125),
    "padding is not zero": b"\x00\x01a" + bytes(60) + b"\x01",
    "another name": b"\x00\x01b" + bytes(61),
    "no name": b"\x00\x00" + bytes(62),
    "no UTF-8": b"\x00\x01\xff" + bytes(61),
}


@pytest.mark.parametrize("padded", FORMS.values(), ids=FORMS)
def test_any_other_form_is_refused(padded):
    """One name has one form, and only beside its own fingerprint."""
    with pytest.raises(TamperedError):
        KEY.open(*sealed(padded))


@pytest.mark.parametrize(
    "change",
    [
        lambda label: b"\x02" + label[1:],
        lambda label: label[:-1],
        lambda label: label + bytes(64),
        lambda label: label[:29],
        lambda label: b"",
        lambda label: label[:40] + bytes([label[40] ^ 1]) + label[41:],
    ],
    ids=["version", "cut", "longer", "no body", "empty", "bit"],
)
def test_an_altered_label_is_refused(change):
    """Whatever the server keeps, it can't change a name."""
    new = KEY.new_group("North Side")

    with pytest.raises(TamperedError):
        KEY.open(new.fingerprint, change(new.sealed_label))


def test_a_label_belongs_to_its_fingerprint():
    """A server can't put one group's name on another."""
    north, south = KEY.new_group("North"), KEY.new_group("South")

    with pytest.raises(TamperedError):
        KEY.open(north.fingerprint, south.sealed_label)
    with pytest.raises(TamperedError):
        OTHER.open(north.fingerprint, north.sealed_label)


def test_a_machine_without_the_cipher_says_so(monkeypatch):
    """OpenSSL before 3.2 can't seal labels."""

    def absent(_key):
        raise UnsupportedAlgorithm("no AES-GCM-SIV")

    monkeypatch.setattr(labels, "AESGCMSIV", absent)

    with pytest.raises(UnavailableError):
        LabelKey(bytes(32))


# The key file


def test_a_key_file_is_its_owners(tmp_path):
    """Mode 0600, and the key in it is the one that was drawn."""
    path = tmp_path / "label.key"
    create_label_key(path)
    first, second = LabelKey.read(path), LabelKey.read(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert first.fingerprint("a") == second.fingerprint("a")
    assert path.read_text().startswith("placement-label-v1:")


def test_a_key_file_is_never_replaced(tmp_path):
    """Without the old key every name would be lost."""
    path = tmp_path / "label.key"
    create_label_key(path)
    before = path.read_bytes()

    with pytest.raises(InvalidInputError):
        create_label_key(path)
    assert path.read_bytes() == before


def test_a_key_that_cannot_be_written_is_refused(tmp_path):
    """A missing directory is an answer."""
    with pytest.raises(InvalidInputError):
        create_label_key(tmp_path / "absent" / "label.key")


def test_a_key_open_to_others_is_refused(tmp_path):
    """Whoever reads it could name every group."""
    path = tmp_path / "label.key"
    create_label_key(path)
    path.chmod(0o640)

    with pytest.raises(InvalidInputError) as caught:
        LabelKey.read(path)
    assert caught.value.field == "label_key"


def test_a_key_is_told_by_its_id():
    """Two keys have two, and it opens nothing."""
    ids = {KEY.id, LabelKey(bytes(range(32))).id, OTHER.id}

    assert {len(each) for each in ids} == {16}
    assert len(ids) == 2
    assert KEY.new_group("North Side").key_id == KEY.id


def test_a_key_shows_nothing_of_itself():
    """Its type only."""
    assert repr(KEY) == "LabelKey()"
