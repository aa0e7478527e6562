"""What happens to rulesets: founded, proposed, shadowed, adopted, withdrawn."""

from dataclasses import dataclass

from placement.domain.terms import FactId, Micros, Revision, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """So many placements would be worth something else."""

    before: Verdict
    after: Verdict
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetFounded:
    """A store was made with a ruleset, which is in force until one is adopted.

    Part of the store's first record; an event of its own in a snapshot only.

    Attributes:
        content: all that it says, as ``Ruleset.content``.
    """

    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetProposed:
    """A ruleset waits for a second person.

    Attributes:
        id: 16 random bytes.
        person: of the national unit; can't approve it.
        expires_at: when it lapses.
        version: of the ruleset.
        content: all that it says, as ``Ruleset.content``.
        rules: its digest, with the areas' table of the server that took it.
    """

    id: FactId
    person: str
    expires_at: Micros
    version: str
    content: str
    rules: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetShadowed:
    """All that stands was weighed by a ruleset that waits; nothing took effect.

    Attributes:
        id: the ruleset's.
        person: who had it done.
        weighed: how many placements.
        shifts: what they would be worth, as far as that is something else.
    """

    id: FactId
    person: str
    weighed: int
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetAdopted:
    """A second person stood behind a ruleset; it is in force from here on.

    Attributes:
        id: the ruleset's.
        person: who approved it.
        rules: its digest.
    """

    id: FactId
    person: str
    rules: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetWithdrawn:
    """A ruleset that waited does so no longer."""

    id: FactId
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetKept:
    """In a snapshot only: a ruleset that was adopted.

    Attributes:
        proposed: what was.
        shadowed: the last shadow run before.
        adopted: that it was.
        at: when.
        revision: of the state in which it first was in force.
    """

    proposed: RulesetProposed
    shadowed: RulesetShadowed
    adopted: RulesetAdopted
    at: Micros
    revision: Revision


RuleEvent = (
    RulesetFounded
    | RulesetProposed
    | RulesetShadowed
    | RulesetAdopted
    | RulesetWithdrawn
    | RulesetKept
)
