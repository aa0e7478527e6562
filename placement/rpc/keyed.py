"""Under which key a pseudonym was made, before it becomes a subject.

Two keys make two pseudonyms of one person, and nothing shows that they are one. So a
pseudonym under a key other than the registry's would find nobody on record, and a
question would be answered as if nothing were known. Whoever sends one says under which
key it was made; which key is in force stands in the log (``domain/changeover``).

    key id 32 | pseudonym 32      what clients send
    the same twice                while another key follows: under both of them
    pseudonym 32                  taken only where the service itself holds the key, and
                                  only its own evaluations can have made it
"""

from dataclasses import dataclass
from typing import Final

from placement.errors import InvalidInputError
from placement.rpc.forms import DIGEST_SIZE, PSEUDONYM_SIZE

_KEYED_SIZE: Final = DIGEST_SIZE + PSEUDONYM_SIZE


@dataclass(frozen=True, slots=True)
class Keyed:
    """Reads pseudonyms with the ids of their keys.

    Attributes:
        bare: whether those are taken that name no key.
    """

    bare: bool = True

    def read(self, sent: bytes, field: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return the id of each key, empty if none is named, and the pseudonym.

        Raises:
            InvalidInputError: another length, or one key twice.
        """
        if len(sent) == PSEUDONYM_SIZE and self.bare:
            return ((b"", sent),)
        if len(sent) not in (_KEYED_SIZE, 2 * _KEYED_SIZE):
            raise InvalidInputError(
                field, "must be 64 bytes: the id of its key, then the pseudonym"
            )
        parts = (sent[:_KEYED_SIZE], sent[_KEYED_SIZE:])
        found = {part[:DIGEST_SIZE]: part[DIGEST_SIZE:] for part in parts if part}
        if len(found) * _KEYED_SIZE != len(sent):
            raise InvalidInputError(field, "must be under two different keys")
        return tuple(found.items())


BARE: Final = Keyed()
"""Takes pseudonyms that name no key, too."""
