"""Destroying the keys of what was erased, and what is kept back until they are.

The erasure is in the log by then, so nobody uses those keys any more, in this process or
in one that starts. What is left is a promise to whoever erased: they alone are answered
UNAVAILABLE until it is kept. Everybody else, and every check, is answered as before.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command
from placement.errors import PlacementError, UnavailableError
from placement.service.batch import Answer
from placement.store.rows import is_damage
from placement.store.vault import Vault

_ERASES: Final = frozenset({Action.ERASURE_APPROVE})
"""Whose answer says that something is gone for good."""

_log: Final = logging.getLogger(__name__)


def settled(vault: Vault) -> bool:
    """Destroy the keys that are owed, and what was left of others; tell if none is owed.

    What fails is tried again with every batch, and every second when nobody asks.

    Raises:
        PlacementError: the key store is damaged.
    """
    try:
        vault.settle()
    except UnavailableError as error:
        if is_damage(error):
            raise
        _log.critical("incident keys of what was erased are not destroyed yet")
    return not vault.owes


def withheld(
    answers: Iterable[Answer | PlacementError], asked: Sequence[object]
) -> list[Answer | PlacementError]:
    """Return answers without those that say that something is gone, which is not.

    Args:
        answers: to what was asked, in its order.
        asked: commands, and whatever else was asked.
    """
    return [
        UnavailableError() if _erases(item) else answer
        for answer, item in zip(answers, asked, strict=True)
    ]


def _erases(item: object) -> bool:
    return isinstance(item, Command) and item.action in _ERASES
