"""A signature verifies under its own key and message, and nowhere else."""

import pytest
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto import signing
from placement.crypto.custody import OPRF_LABEL, write_secret
from placement.crypto.signing import LOG_LABEL, SigningKey, verify
from placement.errors import ConflictError, TamperedError, UnavailableError

KEY = SigningKey(bytes(range(32)))
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group, RFC 8032


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log"


@given(st.binary(max_size=200))
def test_what_is_signed_verifies(message):
    """Verifying returns nothing."""
    assert verify(KEY.public_key, message, KEY.sign(message)) is None


@pytest.mark.parametrize(
    ("seed", "public_key", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
                "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
                "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
    ],
    ids=["TEST 1", "TEST 2"],
)
def test_published_signatures(seed, public_key, message, signature):
    """RFC 8032, section 7.1."""
    key = SigningKey(bytes.fromhex(seed))
    signed = key.sign(bytes.fromhex(message))

    assert key.public_key.hex() == public_key
    assert signed.hex() == signature
    verify(key.public_key, bytes.fromhex(message), signed)


def test_every_bit_counts():
    """Of key, message and signature."""
    parts = [KEY.public_key, b"message", KEY.sign(b"message")]
    for number, part in enumerate(parts):
        for place in range(8 * len(part)):
            flipped = bytearray(part)
            flipped[place // 8] ^= 1 << place % 8
            with pytest.raises(TamperedError):
                verify(*parts[:number], bytes(flipped), *parts[number + 1 :])


@pytest.mark.parametrize("size", [0, 31, 33, 63, 65])
def test_lengths_are_held(size):
    """Keys have 32 bytes and signatures 64."""
    with pytest.raises(TamperedError):
        verify(bytes([9]) * size, b"m", KEY.sign(b"m"))
    with pytest.raises(TamperedError):
        verify(KEY.public_key, b"m", bytes(size))
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey(bytes(size))


def test_a_signature_has_one_form():
    """The group's order added to its number gives no second signature."""
    signature = KEY.sign(b"m")
    second = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    with pytest.raises(TamperedError):
        verify(KEY.public_key, b"m", signature[:32] + second)


@pytest.mark.parametrize("sign", [0, 1 << 255])
@pytest.mark.parametrize("y", sorted(signing._WEAK))
def test_a_key_that_anybody_could_sign_for_verifies_nothing(y, sign):
    """The library takes a signature made without any secret; we do not."""
    public_key = (y | sign).to_bytes(32, "little")
    signature = bytes([1]) + bytes(63)
    taken = []
    for number in range(200):
        message = bytes([number])
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except InvalidSignature:
            continue
        taken.append(message)
        with pytest.raises(TamperedError):
            verify(public_key, message, signature)

    assert taken


def test_a_key_file_is_read_as_it_was_written(path):
    """The key is the same, and new each time it is made."""
    made = SigningKey.create(path)

    assert SigningKey.open(path).public_key == made.public_key
    assert path.read_bytes().startswith(f"{LOG_LABEL}:".encode())
    assert SigningKey.create(path.with_name("other")).public_key != made.public_key
    with pytest.raises(ConflictError):
        SigningKey.create(path)


def test_a_key_of_another_kind_does_not_sign(path):
    """Neither another purpose's key here, nor this one under another label."""
    write_secret(path, OPRF_LABEL, bytes(32))
    with pytest.raises(UnavailableError):
        SigningKey.open(path)
    witness = path.with_name("witness")
    SigningKey.create(witness, "placement-witness-v1")
    with pytest.raises(UnavailableError):
        SigningKey.open(witness)
    SigningKey.open(witness, "placement-witness-v1")


def test_a_missing_key_file_is_told(path):
    """Without a key nothing is signed."""
    with pytest.raises(UnavailableError):
        SigningKey.open(path)


def test_a_machine_without_ed25519_is_refused(monkeypatch):
    """It is noticed when a key is made, or used."""

    class Absent:
        @staticmethod
        def from_private_bytes(content):
            raise UnsupportedAlgorithm("Ed25519")

        from_public_bytes = from_private_bytes

    signature = KEY.sign(b"m")
    monkeypatch.setattr(signing, "Ed25519PrivateKey", Absent)
    monkeypatch.setattr(signing, "Ed25519PublicKey", Absent)

    with pytest.raises(UnavailableError):
        SigningKey(bytes(32))
    with pytest.raises(UnavailableError):
        verify(KEY.public_key, b"m", signature)


def test_repr_shows_the_type_only():
    """A key never prints itself."""
    assert repr(KEY) == "SigningKey()"
