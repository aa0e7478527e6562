"""Private set intersection: who asks learns what both sides have, who answers nothing.

The one side has what is on record, a text for each group and area; the other makes the
texts that would mean something for the person it asks about. The setup is what was sent
beforehand; the library reads it anew for each question. Whoever keeps it can ask as much
as he likes, and knows who has whom as a rival: it is no answer to what the service is for.
"""

from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from benchmarks.nation import (
    CLEAR,
    CONFLICT,
    OCCASIONAL,
    REVIEW,
    Answer,
    Asked,
    Nation,
    meanings,
)

_UNSURE: Final = 1e-9  # of filters alone; what is sent raw is exact
_MOST: Final = 1_000  # texts of a question, for the same
_FIRM, _LOOSE, _PLACED, _PLACED_TWICE, _NEAR = "flptn"


class Private:
    """OpenMined's, on elliptic curves."""

    def __init__(self, nation: Nation) -> None:
        library: Any = import_module("private_set_intersection.python")
        self._group_of = nation.group_of
        self._placed = set(nation.placements)
        self._means = meanings(nation)
        self._theirs = library.server.CreateWithNewKey(reveal_intersection=True)
        self._mine = library.client.CreateWithNewKey(reveal_intersection=True)
        self._setup = self._theirs.CreateSetupMessage(
            _UNSURE, _MOST, sorted(set(_recorded(nation))), library.DataStructure.RAW
        )

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        meaning = dict(self._meaning(asked))
        texts = list(meaning)
        request = self._mine.CreateRequest(texts)
        response = self._theirs.ProcessRequest(request)
        found = self._mine.GetIntersection(self._setup, response)
        worst = dict.fromkeys(asked.areas, CLEAR)
        for area, verdict in (meaning[texts[each]] for each in found):
            worst[area] = max(worst[area], verdict)
        return tuple(worst[area] for area in asked.areas)

    def _meaning(self, asked: Asked) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield the texts that mean something: for which area, which verdict."""
        mine = self._group_of[asked.person]
        for area in asked.areas:
            is_here = (asked.person, area) in self._placed
            for group, (firm, loose, placed) in self._means[mine].items():
                yield f"{_FIRM}{group} {area}", (area, firm)
                yield f"{_LOOSE}{group} {area}", (area, loose)
                way = _PLACED_TWICE if is_here and group == mine else _PLACED
                yield f"{way}{group} {area}", (area, placed)
                if firm == CONFLICT:
                    yield f"{_NEAR}{group} {area}", (area, REVIEW)


def _recorded(nation: Nation) -> Iterator[str]:
    """Yield a text for each group that is somewhere, in each way."""
    for group, area, kind in nation.presences:
        if kind == OCCASIONAL:
            yield f"{_LOOSE}{group} {area}"
            continue
        yield f"{_FIRM}{group} {area}"
        for near in nation.near[area]:
            yield f"{_NEAR}{group} {near}"
    placed = Counter((nation.group_of[who], area) for who, area in nation.placements)
    for (group, area), many in placed.items():
        yield f"{_PLACED}{group} {area}"
        if many > 1:
            yield f"{_PLACED_TWICE}{group} {area}"
