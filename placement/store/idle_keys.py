"""Keys that open nothing, so that nobody who counts keys counts what they are for.

Whoever has the key store's secret knows them by their names; to everybody else they look
like any other key.
"""

import logging
from collections.abc import Collection
from itertools import islice
from typing import Final

from placement.errors import UnavailableError
from placement.store.keystore import KeyStore

_log: Final = logging.getLogger(__name__)


def fill_up(keys: KeyStore, made: int, least: int) -> bool:
    """Fill up how many keys were made to a power of two.

    Args:
        keys: where they are kept.
        made: how many were made since the last time.
        least: how many they become at least; a power of two.

    Returns:
        Whether it could be done; else the next time has to do both.
    """
    wrapping = keys.wrapping
    names = [wrapping.idle_name() for _ in range(max(_filled(made), least) - made)]
    try:
        if names:
            keys.add({name: wrapping.make(name)[1] for name in names})
    except UnavailableError:
        _log.warning("the keys could not be filled up; the next time does it")
        return False
    keys.empty_journal()
    return True


def with_idle(keys: KeyStore, names: Collection[bytes]) -> set[bytes]:
    """Add keys that open nothing to some that are destroyed.

    Of those that are still there it becomes a power of two, as far as there are enough.

    Raises:
        UnavailableError: the key store does not answer.
    """
    there = len(keys.find(list(names)))
    if not there:
        return set(names)
    idle = (name for name, _ in keys.all() if keys.wrapping.is_idle(name))
    return {*names, *islice(idle, _filled(there) - there)}


def _filled(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()
