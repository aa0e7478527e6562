"""Custody by a key file under a passphrase: no more than its passphrase is worth.

The file is one line; its parameters stand in it, and are authenticated with it::

    placement-kek-v2:argon2id:MEMORY:ITERATIONS:LANES:SALT:SEALED

MEMORY is in KiB; SALT is 16 bytes, SEALED a nonce of 12 bytes and the secret of the
key-encryption key (``wrapping``) under AES-256-GCM-SIV, both in base64. The key that
seals is Argon2id of the passphrase; the associated data is all that stands before
SEALED.

Invariants:
    * a file that asks for less than 64 MiB, or for so much that it would stop the
      machine, is refused before anything is computed;
    * a wrong passphrase and an altered file are told alike.

Source: RFC 9106; its second recommended option is the least that is taken.
"""

import base64
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from placement.crypto.custody import read_line, refuse, shred, write_line
from placement.crypto.sealing import KEY_SIZE, NONCE_SIZE, TAG_SIZE
from placement.crypto.wrapping import KekSecret, SecretCustody
from placement.errors import ConflictError, InvalidInputError, UnavailableError

SEALED_LABEL: Final = "placement-kek-v2"
MIN_PASSPHRASE: Final = 16
"""Bytes of a passphrase; a thief of the file can try as long as he likes."""

_SALT: Final = 16  # bytes
_LINE_LIMIT: Final = 512  # bytes
_BASE64: Final = r"([A-Za-z0-9+/]+={0,2})"
_LINE: Final = re.compile(
    rf"({SEALED_LABEL}:argon2id:(\d{{1,7}}):(\d{{1,2}}):(\d{{1,2}}):{_BASE64}:)"
    rf"{_BASE64}\n"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of the passphrase costs: 0.8 s on a machine of 2026."""

    memory: int = 1 << 18  # KiB
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        """Refuse what protects nothing, and what would stop the machine.

        Raises:
            ValueError: too little or too much.
        """
        if not (
            1 << 16 <= self.memory <= 1 << 21
            and 3 <= self.iterations <= 16  # noqa: PLR2004 (RFC 9106 §4, and a bound)
            and 1 <= self.lanes <= 16  # noqa: PLR2004 (a bound)
        ):
            raise ValueError("a cost is from 64 MiB and 3 rounds to 2 GiB and 16")


class PassphraseCustody(SecretCustody):
    """Custody by a key file and a passphrase that a person knows.

    Args:
        path: the key file.
        passphrase: as bytes, UTF-8.

    Raises:
        UnavailableError: the file is missing, open to others or damaged, or the
            passphrase is another.

    Secret: passphrase
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path, passphrase: bytes) -> None:
        self._path = path
        header, cost, salt, sealed = _read(path)
        aead = _aead(passphrase, salt, cost)
        nonce, rest = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        try:
            secret = aead.decrypt(nonce, rest, header)
        except InvalidTag as error:
            raise refuse(path, "does not open with this passphrase") from error
        super().__init__(secret)

    @classmethod
    def create(
        cls,
        path: Path,
        passphrase: bytes,
        secret: bytes | None = None,
        cost: Cost | None = None,
    ) -> Self:
        """Write a key-encryption key into a new file.

        Args:
            path: a file that does not exist yet.
            passphrase: 16 bytes or more.
            secret: the key-encryption key's; a fresh one unless given.
            cost: of one guess.

        Raises:
            ConflictError: the file exists.
            InvalidInputError: the passphrase is too short.
            UnavailableError: it can't be written.

        Secret: passphrase, secret
        """
        cls.require_room(path, passphrase)
        cost, salt = cost or Cost(), os.urandom(_SALT)
        made = KekSecret(secret or secrets.token_bytes(KEY_SIZE))
        numbers = f"{cost.memory}:{cost.iterations}:{cost.lanes}"
        text = f"{SEALED_LABEL}:argon2id:{numbers}:{_text(salt)}:"
        nonce, header = os.urandom(NONCE_SIZE), text.encode()
        sealed = _aead(passphrase, salt, cost).encrypt(nonce, made.secret, header)
        write_line(path, header + _text(nonce + sealed).encode() + b"\n")
        try:
            return cls(path, passphrase)
        except BaseException:  # also who breaks off: what is told failed is not there
            shred(path)
            raise

    @staticmethod
    def require_room(path: Path, passphrase: bytes) -> None:
        """Refuse what ``create`` would refuse, before anything is made.

        Raises:
            ConflictError: the file exists.
            InvalidInputError: the passphrase is too short.
            UnavailableError: there is no folder for it that can be written.

        Secret: passphrase
        """
        if len(passphrase) < MIN_PASSPHRASE:
            phrase = f"must have at least {MIN_PASSPHRASE} characters"
            raise InvalidInputError("passphrase", phrase)
        if path.exists() or path.is_symlink():
            raise ConflictError
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise refuse(path, "can't be written")

    def destroy(self) -> None:
        """Destroy the key file: see ``Custody``."""
        shred(self._path)


def _read(path: Path) -> tuple[bytes, Cost, bytes, bytes]:
    """Return what stands in a file: header, cost, salt and sealed secret.

    Raises:
        UnavailableError: missing, open to others, or not exactly one line of ours.
    """
    line = read_line(path, _LINE_LIMIT)
    found = _LINE.fullmatch(line.decode("ascii", "replace"))
    if found is None:
        raise refuse(path, "is of another kind or version")
    header, memory, iterations, lanes, salt, sealed = found.groups()
    try:
        cost = Cost(int(memory), int(iterations), int(lanes))
        parts = base64.b64decode(salt), base64.b64decode(sealed)
    except ValueError as error:
        raise refuse(path, "is damaged") from error
    if [len(part) for part in parts] != [_SALT, NONCE_SIZE + KEY_SIZE + TAG_SIZE]:
        raise refuse(path, "is damaged")
    return header.encode(), cost, *parts


def _aead(passphrase: bytes, salt: bytes, cost: Cost) -> AESGCMSIV:
    """Return what seals under a passphrase.

    Raises:
        UnavailableError: this machine's OpenSSL has no Argon2 (before 3.2).

    Secret: passphrase
    """
    try:
        derivation = Argon2id(
            salt=salt,
            length=KEY_SIZE,
            iterations=cost.iterations,
            lanes=cost.lanes,
            memory_cost=cost.memory,
        )
        return AESGCMSIV(derivation.derive(passphrase))
    except (UnsupportedAlgorithm, MemoryError) as error:
        raise UnavailableError().because(
            "Argon2id can't be computed: it takes OpenSSL 3.2 and free memory."
        ) from error


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
