"""Two nations that differ in one person, and whoever tries to tell them apart.

In the one the person is on record, of a group and placed somewhere; in the other nobody
ever heard of him. Phantoms must be the same ones in both; a case that is opened on him,
elements that are evaluated, a check before anybody assessed the case must be answered
alike; and answers to others may differ in his area, for his group and its rivals, and
nowhere else: that difference is the service.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from kit.commands import check, evaluate, open_case
from kit.world import NOW, TODAY, subject, token

from placement.domain.decide.command import Command, Moment
from placement.domain.decide.table import decide
from placement.domain.events import CaseOpened
from placement.domain.facts import Case
from placement.domain.terms import Basis
from tests.attack.sources import all_of
from tests.attack.table import Source, Table, phantoms_here, real_here
from tests.attack.worlds import Nation, Real, settle

PERSON = "extra"


@dataclass(slots=True)
class Paired:
    """What came of pairs.

    Attributes:
        pairs: how many.
        phantoms: pairs whose phantoms differ.
        replies: replies to somebody who asks about the person that differ.
        strangers: answers that differ where the person means nothing.
        told: answers that differ where the person means something.
    """

    pairs: int = 0
    phantoms: int = 0
    replies: int = 0
    strangers: int = 0
    told: int = 0

    @property
    def differ(self) -> int:
        """All differences that must not be."""
        return self.phantoms + self.replies + self.strangers

    def add(self, other: "Paired") -> None:
        """Count other pairs, too."""
        self.pairs += other.pairs
        self.phantoms += other.phantoms
        self.replies += other.replies
        self.strangers += other.strangers
        self.told += other.told


def pair(nation: Nation, source: Source, number: int) -> Paired:
    """Put one more person on record, and look for what is different."""
    draw = Random(f"pair {nation.seed} {number}")
    commands = tuple(_commands())
    before = _seen(nation, source, commands)
    extra = Real(
        group=draw.randrange(nation.size.groups),
        area=draw.randrange(len(nation.codes)),
        noted=NOW - 1,
        gone=NOW * 2,
        first=TODAY,
        after=None,
        firm=True,
        held=False,
    )
    name = f"{PERSON}-{number}"
    settle(nation.world, name, extra, nation.codes[extra.area])
    nation.stays.append(extra)
    after = _seen(nation, source, commands)
    found = Paired(pairs=1, phantoms=int(before[0] != after[0]))
    found.replies = sum(a != b for a, b in zip(before[2], after[2], strict=True))
    mine = {extra.group, *nation.rivals[extra.group]}
    for group in range(nation.size.groups):
        for one, other in zip(before[1], after[1], strict=True):
            changed = one[group] ^ other[group]
            means = 1 << extra.area if group in mine else 0
            found.strangers += (changed & ~means).bit_count()
            found.told += (changed & means).bit_count()
    return found


def _commands() -> Iterator[Command]:
    """Yield what somebody asks who wants to know whether the person is on record."""
    yield open_case(f"{PERSON}-0", handle=token("curious"))
    yield evaluate(1)
    yield check(token("waiting"), "2480", "0180")


def _seen(nation: Nation, source: Source, commands: tuple[Command, ...]) -> tuple:
    """Return the phantoms, the answers to everybody, and the replies to the curious."""
    phantoms = source(nation, NOW, 0)
    table = Table(nation, real_here(nation) | phantoms_here(nation, phantoms))
    state = nation.world.state
    if token("waiting") not in state.cases:
        waiting = Case(
            handle=token("waiting"),
            organisation="1280",
            reference="SN 1",
            basis=Basis.POLICE,
            members=(subject(f"{PERSON}-0"),),
            opened_at=NOW,
        )
        nation.world.apply(CaseOpened(case=waiting))
    moment = Moment(now=NOW, ruleset=nation.ruleset, phantoms=lambda *_: phantoms)
    decided = [decide(state, each, moment) for each in commands]
    replies = [
        repr((each.note, getattr(each.outcome, "reply", each.outcome)))
        for each in decided
    ]
    return (
        {each.id for each in all_of(nation, phantoms)},
        (
            table.conflict,
            table.review,
        ),
        replies,
    )
