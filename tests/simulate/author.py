"""What people ask, drawn by a seed: commands that a sound service carries out."""

from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any, Final

from kit import commands as kit
from kit.world import subject, token

from placement.domain.decide.command import Command
from placement.domain.facts import (
    Affiliation,
    Alliance,
    Located,
    Presence,
    Rivalry,
    Threat,
    Tie,
)
from placement.domain.terms import (
    AffiliationRole,
    AreaCode,
    Day,
    PresenceKind,
    Window,
)
from tests.simulate.book import Book

PLACES: Final = ("2480", "2404", "0680")
"""The first two are near each other."""
GROUPS: Final = "ABCD"
PEOPLE: Final = "hijklm"
FIRST: Final = kit.coordinator("national", "co-09")
SECOND: Final = kit.coordinator("national", "co-08")
WORKERS: Final = {
    organisation: kit.caseworker(organisation) for organisation in ("1280", "0180")
}


@dataclass(slots=True)
class Author:
    """Draws commands.

    Attributes:
        chance: by which.
        book: what is known; only what was acknowledged can be asked about.
        pairs: groups that were said to be rivals or allies; that is said once.
        touched: facts and stays that somebody asked to end; that is asked once.
    """

    chance: Random
    book: Book
    pairs: set[tuple[str, str]] = field(default_factory=set)
    touched: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Ids come from one place of the kit; a seed begins it anew.
        kit._numbers = count(1)

    def prologue(self, today: Day) -> list[Command]:
        """Return what comes first: groups, coverage of the country, a case."""
        return [
            kit.register_groups(*GROUPS, caller=FIRST),
            self.attest(today),
            self.open_case(),
        ]

    def draw(self, today: Day) -> Command:
        """Return something to ask on a day."""
        ways: dict[Any, int] = {
            self.open_case: 2,
            self.assess: 3,
            self.said: 6,
            self.check: 8,
            self.stay: 2,
            self.approve: 3,
            self.end: 2,
            self.retract: 1,
            self.attest: 1,
        }
        while True:
            (way,) = self.chance.choices(list(ways), list(ways.values()))
            command: Command | None = way(today) if way != self.open_case else way()
            if command is not None:
                return command

    def open_case(self) -> Command:
        members = self.chance.sample(PEOPLE, self.chance.choice((1, 1, 2)))
        organisation = self.chance.choice(list(WORKERS))
        return kit.open_case(*members, caller=WORKERS[organisation])

    def assess(self, _: Day) -> Command | None:
        """Assess a case, mostly with what its first member belongs to."""
        case = self._one(
            key for key, each in self.book.cases.items() if each.assessed_at is None
        )
        if case is None or case in self.touched:
            return None
        self.touched.add(case)
        drafts = [self._affiliation(self.book.cases[case].members[0])]
        if self.chance.random() < 0.2:
            drafts = []
        return kit.assess_case(case, *drafts, caller=FIRST, none_known=not drafts)

    def said(self, _: Day) -> Command | None:
        """Record one fact."""
        made = self.chance.choice(
            (self._rivalry, self._rivalry, self._presence, self._presence, self._other)
        )()
        return None if made is None else kit.record_facts(made, caller=FIRST)

    def check(self, today: Day) -> Command | None:
        """Ask about all places."""
        case = self._one(self.book.cases)
        return None if case is None else self.check_of(case, today)

    def check_of(self, case: bytes, today: Day) -> Command:
        """Ask about all places for a case."""
        start = today + self.chance.choice((0, 0, 0, 1, 5))
        end = self.chance.choice((None, None, start + 30))
        window = Window(start=Day(start), end=None if end is None else Day(end))
        caller = WORKERS[self.book.cases[case].organisation]
        return kit.check(case, *PLACES, caller=caller, window=window)

    def stay(self, today: Day) -> Command | None:
        """Say where a household stands already."""
        case = self._one(self.book.cases)
        if case is None:
            return None
        stands = kit.placement(case, self.chance.choice(PLACES))
        stands = replace(stands, valid_from=Day(today - self.chance.choice((0, 9))))
        return kit.record_placements(stands, caller=FIRST)

    def approve(self, _: Day) -> Command | None:
        change = self._one(self.book.waiting)
        if change is None or change in self.touched:
            return None
        self.touched.add(change)
        return kit.approve(change, caller=SECOND)

    def end(self, today: Day) -> Command | None:
        """Say that a fact stopped being true."""
        fact = self._fact()
        if fact is None:
            return None
        command = kit.end_facts((fact, 0), caller=FIRST)
        (ending,) = command.endings
        return replace(command, endings=(replace(ending, valid_to=today),))

    def retract(self, _: Day) -> Command | None:
        fact = self._fact()
        return None if fact is None else kit.retract_facts(fact, caller=FIRST)

    def attest(self, today: Day) -> Command:
        command = kit.attest(caller=FIRST)
        return replace(command, reviewed_on=Day(today - self.chance.choice((0, 0, 60))))

    # Parts

    def _one(self, among: Any) -> bytes | None:
        listed = sorted(among)
        return self.chance.choice(listed) if listed else None

    def _fact(self) -> bytes | None:
        """Return a fact that nothing waits for, and mark it."""
        waits = {
            draft.id
            for command in self.book.waiting.values()
            for draft in getattr(command, "drafts", ())
        }
        fact = self._one(self.book.facts.keys() - waits - self.touched)
        if fact is not None:
            self.touched.add(fact)
        return fact

    def _affiliation(self, who: bytes) -> Any:
        group = token(self.chance.choice(GROUPS))
        role = AffiliationRole.CORE
        return kit.draft(
            Affiliation, "affiliation", subject=who, group=group, role=role
        )

    def _rivalry(self) -> Any:
        pair = tuple(sorted(self.chance.sample(GROUPS, 2)))
        if pair in self.pairs:
            return None
        self.pairs.add((pair[0], pair[1]))
        low, high = map(token, pair)
        if self.chance.random() < 0.2:
            return kit.draft(Alliance, "alliance", low=low, high=high)
        severity = self.chance.randint(1, 3)
        return kit.draft(Rivalry, "rivalry", low=low, high=high, severity=severity)

    def _presence(self) -> Any:
        return kit.draft(
            Presence,
            "presence",
            group=token(self.chance.choice(GROUPS)),
            area=AreaCode(self.chance.choice(PLACES)),
            kind=self.chance.choice(list(PresenceKind)),
            given=self.chance.choice(("1B", "1B", "3D")),
        )

    def _other(self) -> Any:
        who = subject(self.chance.choice(PEOPLE))
        area = AreaCode(self.chance.choice(PLACES))
        match self.chance.randrange(3):
            case 0:
                return kit.draft(Located, "located", subject=who, area=area)
            case 1:
                danger = self.chance.random() < 0.5
                return kit.draft(Tie, "tie", subject=who, area=area, danger=danger)
            case _:
                group = token(self.chance.choice(GROUPS))
                return kit.draft(
                    Threat,
                    "threat",
                    target=who,
                    source_group=group,
                    source_subject=None,
                    severity=2,
                )


def described(command: Command) -> str:
    """Return a command in a line."""
    parts = [type(command).__name__]
    for name in ("handle", "case", "change", "candidates", "drafts", "endings", "ids"):
        value = getattr(command, name, None)
        if value:
            parts.append(f"{name}={_brief(value)}")
    return " ".join(parts)


def _brief(value: Any) -> str:
    match value:
        case bytes():
            return value.rstrip(b"\0").decode("ascii", "replace")
        case tuple():
            return "[" + ", ".join(map(_brief, value)) + "]"
        case _:
            shown = getattr(value, "area", None) or getattr(value, "name", "")
            key = getattr(value, "id", b"")
            return f"{shown}{':' if shown and key else ''}{_brief(key) if key else ''}"
