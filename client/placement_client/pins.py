"""Which custodians hold the key of the pseudonyms, and by which keys they are known.

    host:port=KEY host:port=KEY       one or two, parted by spaces

``KEY`` is the public key of that custodian's share, 66 hex digits. The shares' keys must
add up to the one key that a context pins: a slip in either is found before anybody is
asked.
"""

import re
from dataclasses import dataclass
from typing import Final

from placement.crypto.shares import whole
from placement.crypto.voprf import PublicKey
from placement.errors import InvalidInputError

MOST: Final = 2
"""How many custodians may hold one key together."""

_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_MAX_PORT: Final = 65_535
_FIELD: Final = "custodians"
_NO_KEY: Final = (
    "must be host:port=KEY; =KEY is missing, the public key of its share, 66 hex digits"
)


def is_address(text: str) -> bool:
    """Tell whether a text is ``host:port``."""
    match = _ADDRESS.fullmatch(text)
    return match is not None and 0 < int(match[2]) <= _MAX_PORT


@dataclass(frozen=True, slots=True)
class Pin:
    """One custodian.

    Attributes:
        address: host and port; empty: the service itself.
        key: the public key of what it holds.
    """

    address: str
    key: PublicKey


def parse_key(text: str, field: str) -> PublicKey:
    """Read a public key.

    Raises:
        InvalidInputError: it is none; the field is named.
    """
    try:
        return PublicKey.decode(bytes.fromhex(text))
    except (ValueError, InvalidInputError) as error:
        phrase = "must be the custodian's public key, 66 hex digits"
        raise InvalidInputError(field, phrase) from error


def parse_pins(text: str, key: PublicKey) -> tuple[Pin, ...]:
    """Read the custodians who hold a key together.

    Args:
        text: as above; empty where the service itself holds the key.
        key: what their shares must add up to.

    Raises:
        InvalidInputError: a text is none, or the keys do not fit one another.
    """
    if not text:
        return (Pin("", key),)
    pins = tuple(_pin(each) for each in text.split())
    if not 0 < len(pins) <= MOST or len({pin.address for pin in pins}) != len(pins):
        raise InvalidInputError(_FIELD, "must be one, or two at two addresses")
    try:
        made = whole([pin.key for pin in pins])
    except InvalidInputError as error:
        raise InvalidInputError(_FIELD, "must hold two different shares") from error
    if made != key:
        raise InvalidInputError(_FIELD, "must add up to the custodian_key")
    return pins


def _pin(text: str) -> Pin:
    address, has_key, key = text.partition("=")
    if not is_address(address):
        raise InvalidInputError(_FIELD, "must be host:port=KEY")
    if not has_key:
        raise InvalidInputError(_FIELD, _NO_KEY)
    return Pin(address, parse_key(key, _FIELD))
