"""Where the label keys of this machine lie, while one is in force and one comes next.

Beside the file that the context names there may be two others: ``NAME.next`` holds the
key that is to come into force, ``NAME.old`` the one that was in force before. A file
appears whole or not at all, so that a machine that stops at any point finds every key
again that it had.

Invariants:
    * no key is let go before another file holds it, or the next one is in force;
    * every file is its owner's alone (mode 0600), and no error repeats what is in it.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from placement.crypto.custody import read_secret, write_secret
from placement.errors import InvalidInputError, PlacementError, UnavailableError
from placement_client.labels import KEY_BYTES, KEY_LABEL, LabelKey
from placement_client.profile import Profile

_UNUSABLE: Final = "must be a whole key file, readable by its owner only"


class LabelFiles:
    """The label keys of one context.

    Args:
        path: the file that the context names; it need not be there yet.

    Attributes:
        path: the same.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(f"{path.name}.next")
        self._old = path.with_name(f"{path.name}.old")

    @classmethod
    def of(cls, profile: Profile) -> Self:
        """Return where the label keys of a context lie that names a file."""
        return cls(Path(profile.label_key).expanduser())

    def read(self) -> Sequence[LabelKey]:
        """Return the keys that may be in force: this one, and the next one if any.

        Raises:
            InvalidInputError: there is none, or a file can't be used.
            UnavailableError: this machine can't seal labels.
        """
        there = [path for path in (self.path, self._next) if path.exists()]
        return [LabelKey.read(path) for path in there or (self.path,)]

    def secret(self, key_id: bytes) -> bytes:
        """Return the secret of a key, 32 bytes, to hand it over.

        Raises:
            InvalidInputError: it is not on this machine.
        """
        for path in (self.path, self._next):
            if path.exists():
                found = _read(path)
                if LabelKey(found).id == key_id:
                    return found
        raise InvalidInputError("label_key", "is not the key that is meant")

    def draw_next(self) -> LabelKey:
        """Draw a key that is to come into force, in the place of an earlier draft.

        Raises:
            InvalidInputError: it can't be written.
        """
        secret = secrets.token_bytes(KEY_BYTES)
        self._put(self._next, secret)
        return LabelKey(secret)

    def keep(self, secret: bytes) -> LabelKey:
        """Keep a key that somebody handed over: as the only one, or as the next one.

        Raises:
            InvalidInputError: it can't be written.

        Secret: secret
        """
        key = LabelKey(secret)
        there = self.path.exists()
        if there and LabelKey.read(self.path).id == key.id:
            return key
        self._put(self._next if there else self.path, secret)
        return key

    def settle(self, key_id: bytes) -> None:
        """Let the key in force be the one that the context names.

        Args:
            key_id: of the key in force.

        Raises:
            InvalidInputError: a file can't be moved.
        """
        if not self._next.exists() or LabelKey(_read(self._next)).id != key_id:
            return
        try:
            # In this order: stopped in between, the next key is found all the same.
            if self.path.exists():
                self.path.replace(self._old)
            self._next.replace(self.path)
        except OSError as error:
            raise InvalidInputError("label_key", "can't be written") from error

    def _put(self, path: Path, secret: bytes) -> None:
        """Write a key file whole, in the place of one that may be there."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            write_secret(draft, KEY_LABEL, secret)
            draft.replace(path)
        except (PlacementError, OSError) as error:
            draft.unlink(missing_ok=True)
            raise InvalidInputError("label_key", "can't be written") from error


def _read(path: Path) -> bytes:
    try:
        return read_secret(path, KEY_LABEL)
    except UnavailableError as error:
        raise InvalidInputError("label_key", _UNUSABLE) from error
