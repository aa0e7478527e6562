"""Random small worlds, for properties that must hold in every one of them.

A world is kept as a list of statements, so that a test can shuffle, weaken or drop them
before it is built.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from kit.oracle import answer
from kit.reading import Asked, Known
from kit.world import NOW, RULESET, TODAY, World, day, token
from placement.domain.areas import Area, Areas
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.terms import (
    MICROS_A_DAY,
    AreaCode,
    FacilityToken,
    PlacementState,
    Verdict,
    Window,
)

GROUPS = tuple("ABCDEF")
SUBJECTS = tuple("hijpqr")
HOUSES = {"red": ("firm", "0001"), "blue": ("firm", "0004"), "old": ("other", "0001")}
CODES = ("0001", "0002", "0003", "0004", "0005")


def _area(code: str, *near: str, **given: Any) -> Area:
    return Area(
        code=AreaCode(code),
        name=code,
        county="county",
        police_region="syd" if code < "0003" else "nord",
        near=frozenset(AreaCode(other) for other in near),
        **given,
    )


AREAS = Areas(
    (
        _area("0001", "0002"),
        _area("0002", "0001", "0003"),
        _area("0003", "0002", "0004", "0005"),
        _area("0004", "0003"),
        _area("0005", "0003", valid_to=day(-30), successor=AreaCode("0004")),
    )
)
SMALL = replace(RULESET, areas=AREAS)


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact: the builder's method, what it joins, and how it is given."""

    kind: str
    parts: tuple[str, ...]
    given: dict[str, Any] = field(default_factory=dict)

    def tell(self, world: World) -> None:
        """Record it."""
        given = dict(self.given)
        retracted = given.pop("retracted", False)
        made = getattr(world, self.kind)(*self.parts, **given)
        if retracted:
            world.retract(made)


@dataclass(frozen=True, slots=True)
class Stand:
    """One placement: which case, where, how."""

    case: int
    area: str
    given: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A small world and a window; case 0 asks."""

    households: tuple[tuple[str, ...], ...]
    unassessed: frozenset[int] = frozenset()
    statements: tuple[Statement, ...]
    stands: tuple[Stand, ...]
    covered: tuple[tuple[str, int, str], ...]
    start: int
    end: int | None

    def build(self, world: World | None = None) -> World:
        """Return the world: a new one, or an empty one in which all is told."""
        world = world or World(SMALL)
        for name, (provider, area) in HOUSES.items():
            world.facility(name, provider, area)
        cases = [
            world.case(*members, assessed=number not in self.unassessed)
            for number, members in enumerate(self.households)
        ]
        for statement in self.statements:
            statement.tell(world)
        for stand in self.stands:
            world.placement(cases[stand.case], stand.area, **stand.given)
        for code, age, region in self.covered:
            world.cover(code, age=age, region=region)
        return world

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every area, and every house in its area."""
        areas = [Candidate(area=AreaCode(code)) for code in CODES]
        houses = [
            Candidate(area=AreaCode(area), facility=FacilityToken(token(name)))
            for name, (_, area) in HOUSES.items()
        ]
        return (*areas, *houses)

    @property
    def window(self) -> Window:
        """The days asked about."""
        return Window(start=day(self.start), end=day(self.end))

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what the rules answer, candidate by candidate."""
        state = self.build().state
        case = next(iter(state.cases.values()))
        question = Question(
            case=case, candidates=self.candidates, window=self.window, now=NOW
        )
        return tuple(one.verdict for one in assess(state, question, SMALL, TODAY))

    def expected(self) -> tuple[Verdict, ...]:
        """Return what the oracle answers, candidate by candidate."""
        state = self.build().state
        known = Known(
            facts=tuple(state.facts.values()),
            placements=tuple(state.placements.values()),
            cases=tuple(state.cases.values()),
            facilities=tuple(state.facilities.values()),
            attestations=tuple(state.attestations.values()),
            areas=AREAS,
        )
        return tuple(
            answer(
                known,
                Asked(
                    case=known.cases[0],
                    area=candidate.area,
                    facility=candidate.facility,
                    window=self.window,
                    now=NOW,
                    today=TODAY,
                ),
            )
            for candidate in self.candidates
        )


# Strategies. The values stand on the edges: the cool-down, the window, the review.

_GROUP, _SUBJECT = st.sampled_from(GROUPS), st.sampled_from(SUBJECTS)
_AREA = st.sampled_from(CODES)
_STARTS = (None, -400, -200, -50, 0, 5, 10, 11, 30)
_ENDS = (None, None, None, -181, -180, -179, -171, -170, -169, -20, 0, 1, 5, 10, 11, 30)
_PAIRS = st.lists(_GROUP, min_size=2, max_size=2, unique=True)


@st.composite
def given(draw: st.DrawFn, **own: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Draw dates, a grade and the like; most facts are plain."""
    values = {name: draw(strategy) for name, strategy in own.items()}
    values["grade"] = draw(st.sampled_from(("1B", "1B", "2C", "3D", "1E")))
    values["recorded_at"] = NOW + draw(st.integers(0, 2))
    if draw(st.booleans()):
        values["start"] = draw(st.sampled_from(_STARTS))
        floor = -1000 if values["start"] is None else values["start"]
        ends = [end for end in _ENDS if end is None or end > floor]
        values["end"] = draw(st.sampled_from(ends))
    odd = draw(st.integers(0, 11))
    if odd == 0:
        values["review_by"] = draw(st.sampled_from((-1, 0, 5)))
    if odd == 1:
        values["approved"] = False
    if odd == 2:
        values["retracted"] = True
    if odd == 3:
        values["region"] = "nord"
    return values


def _statement(
    kind: str,
    parts: st.SearchStrategy[Iterable[str]],
    /,
    **own: st.SearchStrategy[Any],
) -> st.SearchStrategy[Statement]:
    return st.builds(
        Statement, st.just(kind), parts.map(tuple), given(**own) if own else given()
    )


_KIND = st.sampled_from(("base", "active", "occasional"))
_FLAG = st.booleans()
RIVALRY = _statement("rivalry", _PAIRS, severity=st.integers(1, 3))
ALLIANCE = _statement("alliance", _PAIRS)
FACTION = _statement("faction", _PAIRS, inherits=_FLAG)
AFFILIATION = _statement("affiliation", st.tuples(_SUBJECT, _GROUP))
PRESENCE = _statement("presence", st.tuples(_GROUP, _AREA), kind=_KIND)
GROUP_THREAT = _statement("threat", st.tuples(_SUBJECT), group=_GROUP)
THREAT = _statement("threat", st.tuples(_SUBJECT), by=_SUBJECT)
LOCATED = _statement("located", st.tuples(_SUBJECT, _AREA))
TIE = _statement("tie", st.tuples(_SUBJECT, _AREA), danger=_FLAG)
SAME_AS = _statement("same_as", st.lists(_SUBJECT, min_size=2, max_size=2, unique=True))
LINK = st.one_of(FACTION, RIVALRY, ALLIANCE, FACTION)
PERSONAL = st.one_of(GROUP_THREAT, THREAT, LOCATED, TIE, SAME_AS)
ANY = st.one_of(
    LINK, AFFILIATION, PRESENCE, GROUP_THREAT, THREAT, LOCATED, TIE, SAME_AS
)
STAND = st.builds(
    Stand,
    st.integers(0, 2),
    _AREA,
    st.fixed_dictionaries(
        {
            "start": st.sampled_from((-10, 0, 10)),
            "end": st.sampled_from((None, 11, 30)),
            "state": st.sampled_from(
                (PlacementState.ACTIVE,) * 3 + tuple(PlacementState)
            ),
            "expires_at": st.sampled_from((NOW, NOW + 1)),
        }
    ),
)
HOUSED = st.builds(
    lambda stand, house: Stand(
        stand.case, HOUSES[house][1], {**stand.given, "facility": house}
    ),
    STAND,
    st.sampled_from(tuple(HOUSES)),
)
COVERED = st.tuples(
    _AREA,
    st.sampled_from((-1, 0, 20, 90, 91)),
    st.sampled_from(("syd", "nord", "national")),
)
EVERYWHERE = tuple((code, 20, "national") for code in CODES)


_ACTIVE = PlacementState.ACTIVE
_HELD = st.builds(
    lambda stand, start, expires_at: replace(
        stand,
        given={
            **stand.given,
            "start": start,
            "state": PlacementState.HELD,
            "expires_at": expires_at,
        },
    ),
    st.one_of(STAND, HOUSED),
    st.sampled_from((0, 10, 91)),
    st.sampled_from((NOW + 1, NOW + 3 * MICROS_A_DAY)),
)
_FAR = st.builds(
    lambda stand, case, start: replace(
        stand,
        case=case,
        given={**stand.given, "start": start, "end": None, "state": _ACTIVE},
    ),
    st.one_of(STAND, HOUSED),
    st.integers(0, 4),
    st.sampled_from((-10, 0, 91, 92)),
)


@st.composite
def settled(draw: st.DrawFn) -> Small:
    """Draw a world in which up to five households are placed already."""
    statements = (
        *draw(st.lists(AFFILIATION, min_size=4, max_size=7)),
        *draw(st.lists(LINK, min_size=3, max_size=8)),
        *draw(st.lists(PRESENCE, min_size=1, max_size=3)),
        *draw(st.lists(PERSONAL, min_size=3, max_size=8)),
    )
    stands = st.lists(st.one_of(_FAR, _FAR, STAND, _HELD), min_size=4, max_size=6)
    if not draw(st.integers(0, 2)):  # where nothing is found, coverage decides
        statements = ()
    area, age = draw(_AREA), draw(st.sampled_from((20, 90, 91)))
    return Small(
        households=(("h",), ("i",), ("j", "q"), ("p",), ("r", "h")),
        unassessed=draw(st.sampled_from((frozenset(), frozenset(), frozenset({2})))),
        statements=statements,
        stands=tuple(draw(stands)),
        covered=tuple(
            (code, age if code == area else 20, "national") for code in CODES
        ),
        start=0,
        end=None,
    )


@st.composite
def worlds(draw: st.DrawFn, statements: st.SearchStrategy[Statement] = ANY) -> Small:
    """Draw a world: three households that meet, and up to 24 further facts."""
    others = st.lists(_SUBJECT, min_size=1, max_size=2, unique=True).map(tuple)
    belongings = draw(st.lists(AFFILIATION, min_size=1, max_size=4))
    facts = draw(st.lists(statements, max_size=20))
    start = draw(st.sampled_from((0, 0, 0, -3, 10, 90, 91)))
    length = draw(st.sampled_from((None, None, 1, 11, 30)))
    return Small(
        households=(("h", *draw(st.sampled_from(((), ("i",))))), draw(others), ("p",)),
        statements=(*belongings, *facts),
        stands=tuple(draw(st.lists(st.one_of(STAND, HOUSED), max_size=3))),
        covered=draw(
            st.one_of(st.just(EVERYWHERE), st.lists(COVERED, max_size=6).map(tuple))
        ),
        start=start,
        end=None if length is None else start + length,
    )
