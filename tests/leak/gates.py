"""The gates: no attack on a copy of the database does better than guessing."""

from collections.abc import Iterator
from typing import Final

from tests.attack.gates import Gate
from tests.leak.measuring import Measured

APART: Final = 0.75
"""The least count that a snapshot's size allows, as a share of the greatest, at most."""


def gates(found: Measured) -> Iterator[Gate]:
    """Yield the gates of whatever was measured."""
    for name, score in found.scores.items():
        yield Gate(f"better than guessing: {name}", score.advantage, score.limit)
    known = max(low / high for low, high in zip(found.least, found.most, strict=True))
    yield Gate("how closely a snapshot's size tells how much is in it", known, APART)
    yield Gate("bytes of journal behind a tick", found.journals, 0)
