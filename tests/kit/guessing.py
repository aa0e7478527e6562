"""Passphrases that cost nothing to try, for tests of what is done with the key."""

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

LANES = 1
LEAST = 8 * LANES  # KiB; Argon2 takes no less


def cheapened(*, salt, length, **_):
    """Return the derivation at the least cost, whatever a file says.

    Files still say at least 64 MiB, and are refused if they don't: all but the work is
    as it is. ``tests/unit/crypto/test_passphrase.py`` does the work.
    """
    return Argon2id(
        salt=salt, length=length, iterations=1, lanes=LANES, memory_cost=LEAST
    )


def make_cheap(monkeypatch):
    """Let this process derive keys of passphrases at the least cost."""
    monkeypatch.setattr("placement.crypto.passphrase.Argon2id", cheapened)
