"""The one form of a wrapped key, whoever wrapped it."""

import pytest

from placement.crypto.sealing import context
from placement.crypto.wrapping import KekSecret, SecretCustody, parted
from placement.errors import TamperedError

HERE = context(b"event", 1)
KEY = bytes(range(32))


def test_a_key_unwraps_in_its_context():
    """Under its own key-encryption key alone."""
    secret, other = KekSecret(bytes(32)), KekSecret(KEY)
    blob = secret.wrap(KEY, HERE)

    assert secret.unwrap(blob, HERE) == KEY
    assert len(blob) == 69
    for kek, where in ((secret, context(b"event", 2)), (other, HERE)):
        with pytest.raises(TamperedError):
            kek.unwrap(blob, where)


@pytest.mark.parametrize("where", range(69))
def test_an_altered_key_is_refused(where):
    """Whichever byte it is."""
    secret = KekSecret(bytes(32))
    blob = bytearray(secret.wrap(KEY, HERE))
    blob[where] ^= 0x40

    with pytest.raises(TamperedError):
        secret.unwrap(bytes(blob), HERE)


def test_the_id_is_the_secrets_own():
    """It says nothing of the key, and another secret has another."""
    secret = KekSecret(bytes(32))

    assert KekSecret(bytes(32)).key_id == secret.key_id
    assert KekSecret(KEY).key_id != secret.key_id
    assert secret.key not in (secret.secret, secret.key_id)
    with pytest.raises(TamperedError):
        parted(secret.wrap(KEY, HERE), KekSecret(KEY).key_id)


def test_a_key_of_another_length_is_refused():
    """Both have 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        KekSecret(bytes(31))
    with pytest.raises(ValueError, match="32 bytes"):
        KekSecret(bytes(32)).wrap(bytes(31), HERE)


def test_a_secret_in_memory_is_a_custody():
    """As a ceremony needs it; there is nothing to destroy."""
    custody = SecretCustody(KEY)
    wrapped, key = custody.generate(HERE)
    custody.destroy()

    assert custody.unwrap(wrapped, HERE) == key
    assert KekSecret(KEY).unwrap(custody.wrap(KEY, HERE), HERE) == KEY
    assert repr(custody) == "SecretCustody()"
