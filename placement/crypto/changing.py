"""From one key-encryption key to another: what the old one wrapped, the new one wraps.

What was changed already is known by the new custody opening it, so whoever was
interrupted begins again and goes on. Contexts stay, and so does what is wrapped: nothing
that was sealed has to be sealed anew.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from placement.crypto.custody import Custody, WrappedKey, read_secret, refuse
from placement.crypto.files import destroy_file, settle, write_file
from placement.crypto.keyfile import (
    is_wrapped,
    place_of_file,
    read_wrapped,
    wrapped_line,
)
from placement.crypto.signing import LOG_LABEL, SigningKey
from placement.crypto.wiping import wipe
from placement.errors import TamperedError

_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Change:
    """From one custody to another.

    Attributes:
        old: opens what was not changed yet.
        new: opens what was, and wraps.
        replaced: told of each wrapped or plain key that another took the place of.
    """

    old: Custody
    new: Custody
    replaced: Callable[[bytes], None]

    def key(self, blob: bytes, place: bytes) -> WrappedKey:
        """Wrap a wrapped key for the new custody, unless it is.

        Args:
            blob: as either wrapped it.
            place: its context.

        Raises:
            TamperedError: neither custody opens it.
            UnavailableError: one of them does not answer.
        """
        wrapped = WrappedKey(blob)
        try:
            wipe(self.new.unwrap(wrapped, place))
        except TamperedError:
            secret = self.old.unwrap(wrapped, place)
            wrapped = self.new.wrap(secret, place)
            wipe(secret)
            self.replaced(blob)
        return wrapped

    def file(self, path: Path, label: str) -> None:
        """Wrap the key in a file for the new custody, also one that is not wrapped.

        The old file is overwritten, as far as a file system does that.

        Raises:
            TamperedError: neither custody opens it.
            UnavailableError: it can't be read or written, or a custody does not answer.
        """
        left = path.with_name(f"{path.name}.old")
        line = self._line(path, label)
        try:
            if left.exists() and left.samefile(path):  # nothing was replaced yet
                left.unlink()
            if line is not None:
                left.hardlink_to(path)
                write_file(path, line, mode=_MODE, replace=True)
                settle(path.parent)
            if left.exists():
                destroy_file(left)
        except OSError as error:
            raise refuse(path, "can't be replaced") from error

    def _line(self, path: Path, label: str) -> bytes | None:
        """Return the new content of a file; ``None`` if it has it already."""
        if is_wrapped(path, label):
            public, blob = read_wrapped(path, label)
            made = self.key(blob, place_of_file(label, public))
            return None if made == blob else wrapped_line(label, public, made)
        secret = read_secret(path, label)
        public = SigningKey(secret).public_key if label == LOG_LABEL else b""
        made = self.new.wrap(secret, place_of_file(label, public))
        self.replaced(secret)
        self.replaced(base64.b64encode(secret))
        wipe(secret)
        return wrapped_line(label, public, made)
