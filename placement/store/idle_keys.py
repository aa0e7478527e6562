"""Keys that open nothing, so that nobody who counts keys counts what they are for.

Whoever has the key store's secret knows them by their names; to everybody else they look
like any other key.
"""

import logging
import secrets
from collections.abc import Collection
from itertools import chain, islice
from typing import Final

from placement.errors import UnavailableError
from placement.store.filled import bucket
from placement.store.keystore import KeyStore
from placement.store.rows import is_damage

_NAME_SIZE: Final = 16  # bytes
_MANY: Final = 256  # names that are read to draw one of them
_log: Final = logging.getLogger(__name__)


def fill_up(keys: KeyStore, made: int, least: int) -> bool:
    """Fill up how many keys were made to a power of two.

    Args:
        keys: where they are kept.
        made: how many were made since the last time.
        least: how many they become at least; a power of two.

    Returns:
        Whether it could be done; else the next time has to do both.

    Raises:
        UnavailableError: the key store is damaged.
    """
    wrapping = keys.wrapping
    names = [wrapping.idle_name() for _ in range(bucket(made, least) - made)]
    try:
        if names:
            keys.add({name: wrapping.make(name)[1] for name in names})
    except UnavailableError as error:
        if is_damage(error):
            raise
        _log.warning("the keys could not be filled up; the next time does it")
        return False
    keys.empty_journal()
    return True


def with_idle(keys: KeyStore, names: Collection[bytes]) -> set[bytes]:
    """Add keys that open nothing to some that are destroyed.

    Of those that are still there it becomes a power of two, as far as there are enough.
    They stand anywhere, as those do: whoever has two copies sees where what is gone stood.

    Raises:
        UnavailableError: the key store does not answer.
    """
    there = len(keys.find(list(names)))
    if not there:
        return set(names)
    drawn: set[bytes] = set()
    while len(drawn) < bucket(there, 1) - there:
        if (one := _draw(keys, drawn)) is None:
            break
        drawn.add(one)
    return {*names, *drawn}


def _draw(keys: KeyStore, drawn: Collection[bytes]) -> bytes | None:
    """Draw the name of an idle key, each as likely as any other; ``None`` without one.

    The first behind a random place would be one that stands behind a wide gap, twice as
    wide as those of what is erased. So it is drawn from many.
    """
    start = secrets.token_bytes(_NAME_SIZE)
    names = (name for name, _ in chain(keys.all(start, _MANY), keys.all(page=_MANY)))
    while some := list(islice(names, _MANY)):
        idle = [name for name in some if keys.wrapping.is_idle(name)]
        if left := [name for name in idle if name not in drawn]:
            return secrets.choice(left)
    return None
