"""Under which key a pseudonym was made, before it becomes a subject.

Two keys make two pseudonyms of one person, and nothing shows that they are one. So a
pseudonym under a key other than the registry's would find nobody on record, and a
question would be answered as if nothing were known. Whoever sends one says under which
key it was made; another key is refused.

    key id 32 | pseudonym 32      what clients send
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
    """Takes pseudonyms under one key.

    Attributes:
        key_id: of the key; empty: none is known.
        bare: whether those are taken that name no key.
    """

    key_id: bytes = b""
    bare: bool = True

    def read(self, pseudonym: bytes, field: str) -> bytes:
        """Return the 32 bytes of a pseudonym as it came.

        Raises:
            InvalidInputError: another length, or another key.
        """
        if len(pseudonym) == PSEUDONYM_SIZE and self.bare:
            return pseudonym
        if len(pseudonym) != _KEYED_SIZE:
            raise InvalidInputError(
                field, "must be 64 bytes: the id of its key, then the pseudonym"
            )
        if pseudonym[:DIGEST_SIZE] != self.key_id:
            raise InvalidInputError(field, "was made under a key that is not in force")
        return pseudonym[DIGEST_SIZE:]


BARE: Final = Keyed()
"""Takes pseudonyms that name no key, and no others."""
