"""Where phantoms come from: the service's own, and its planted bugs.

Each bug is a way to get phantoms wrong that nobody would notice from answers that look
right; the attackers must. The real one is ``sound``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from kit.world import NOW

from placement.domain.phantoms import Phantom, Phantoms
from placement.domain.terms import GroupSize, Micros
from placement.service.phantoms import Haunting
from tests.attack.table import Source
from tests.attack.worlds import Nation

_FOR_EVER: Final = Micros(1 << 62)


def stream_of(key: bytes) -> Callable[[bytes, int], bytes]:
    """Return streams as a store's key ring gives them, by a key of ours."""

    def stream(label: bytes, size: int) -> bytes:
        return hashlib.shake_256(key.ljust(32, b"\0") + label).digest(size)

    return stream


def sound(key: bytes) -> Source:
    """Return the service's phantoms."""
    haunting = Haunting(stream_of(key))

    def source(nation: Nation, now: Micros, case: int) -> Phantoms:
        del case
        return haunting.of(nation.world.state, nation.ruleset, now)

    return source


def per_case(key: bytes) -> Source:
    """Plant a bug: each case has phantoms of its own."""
    of = cache(lambda case: sound(key + case.to_bytes(2)))

    def source(nation: Nation, now: Micros, case: int) -> Phantoms:
        return of(case)(nation, now, case)

    return source


def live_prior(key: bytes) -> Source:
    """Plant a bug: a group is as large as it has people placed now."""
    of = cache(lambda _sizes: Haunting(stream_of(key)))

    def source(nation: Nation, now: Micros, case: int) -> Phantoms:
        del case
        state, haunts = nation.world.state, nation.world.state.haunts.copy()
        counts = dict.fromkeys(nation.tokens, 0)
        for placement in state.placements.values():
            for member in state.cases[placement.case].members:
                for fact in state.affiliations.of(member):
                    counts[fact.group] += 1
        chances, sized = nation.ruleset.phantoms, []
        for group, count in counts.items():
            size = next((s for s in GroupSize if chances.sizes[s - 1] >= count), 4)
            haunts._sizes[group] = [(Micros(1), GroupSize(size))]
            sized.append(size)
        seen: Any = SimpleNamespace(
            groups=state.groups,
            merges=state.merges,
            facilities=state.facilities,
            haunts=haunts,
        )
        return of(tuple(sized)).of(seen, nation.ruleset, now)

    return source


def static(key: bytes) -> Source:
    """Plant a bug: phantoms that never come and never go."""
    of = sound(key)

    def source(nation: Nation, now: Micros, case: int) -> Phantoms:
        del now
        stays = all_of(nation, of(nation, NOW, case))
        here = [
            replace(each, noted=Micros(0), gone=_FOR_EVER, valid_to=None)
            for each in stays
            if each.noted <= NOW < each.gone
        ]
        return Phantoms(here, nation.world.state.merges.of)

    return source


def too_few(key: bytes) -> Source:
    """Plant a bug: three phantoms of four are lost."""
    of = sound(key)

    def source(nation: Nation, now: Micros, case: int) -> Phantoms:
        stays = [
            each for each in all_of(nation, of(nation, now, case)) if each.id[0] < 64
        ]
        return Phantoms(stays, nation.world.state.merges.of)

    return source


def all_of(nation: Nation, phantoms: Phantoms) -> list[Phantom]:
    """Return every phantom."""
    return [
        stay
        for code in nation.codes
        for stays in phantoms.in_area(code).values()
        for stay in stays
    ]


BUGS: Final[dict[str, Callable[[bytes], Source]]] = {
    "keyed by case": per_case,
    "prior from live data": live_prior,
    "static": static,
    "three of four lost": too_few,
}
"""By name; each must turn a gate red."""
