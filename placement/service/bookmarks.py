"""Tokens that say where a search goes on; nobody else, and no other search, can use them."""

from placement.access import Caller
from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import context
from placement.errors import InvalidInputError, TamperedError

_EPOCH_SIZE = 4  # bytes
_NUMBER_SIZE = 8  # bytes


class Bookmarks:
    """Seals and opens tokens.

    Args:
        ring: its page key.
        owner: context of the store.
    """

    def __init__(self, ring: KeyRing, owner: bytes) -> None:
        self._ring = ring
        self._owner = owner

    def seal(self, caller: Caller, scope: bytes, *numbers: int) -> bytes:
        """Return a token.

        Args:
            caller: whose search it is.
            scope: what is searched for, 32 bytes.
            numbers: what to remember.
        """
        epoch, sealer = self._ring.active(Purpose.PAGE)
        content = b"".join(number.to_bytes(_NUMBER_SIZE) for number in numbers)
        place = self._place(caller, scope, epoch)
        return epoch.to_bytes(_EPOCH_SIZE) + sealer.seal(content, context=place)

    def open(
        self, caller: Caller, scope: bytes, token: bytes, field: str
    ) -> tuple[int, ...]:
        """Read a token.

        Args:
            caller: whose search it is.
            scope: what is searched for, 32 bytes.
            token: from ``seal``.
            field: its name on the wire.

        Raises:
            InvalidInputError: it is none, or of another search, or somebody else's.
        """
        epoch = int.from_bytes(token[:_EPOCH_SIZE])
        try:
            sealer = self._ring.sealer(Purpose.PAGE, epoch)
            place = self._place(caller, scope, epoch)
            content = sealer.open(token[_EPOCH_SIZE:], context=place)
        except TamperedError:
            raise InvalidInputError(field, "is not of this search") from None
        starts = range(0, len(content), _NUMBER_SIZE)
        return tuple(int.from_bytes(content[at : at + _NUMBER_SIZE]) for at in starts)

    def _place(self, caller: Caller, scope: bytes, epoch: int) -> bytes:
        who = (caller.role.value, caller.organisation, caller.person)
        named = (part.encode() for part in who)
        return self._owner + context(b"page", epoch, *named, scope)
