"""Which rulesets were adopted, which one is in force, and which wait.

The part of the state that ``RuleEvent`` changes. Until one is adopted, the one that the
store was made with is in force; in a log from before that was written down, the one that
comes with the program.

Invariants:
    * what is in force follows from a log that says it alone, so it is the same on every
      server;
    * a ruleset that was in force stays for ever, with all that it says: past decisions
      are replayed by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from placement.domain.rule_events import (
    RuleEvent,
    RulesetAdopted,
    RulesetFounded,
    RulesetKept,
    RulesetProposed,
    RulesetShadowed,
    RulesetWithdrawn,
)
from placement.domain.terms import FactId, Micros, Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ruleset that waits.

    Attributes:
        proposed: what it says, and who proposes it.
        shadowed: the last shadow run; ``None`` before the first.
    """

    proposed: RulesetProposed
    shadowed: RulesetShadowed | None = None


class Rulebook:
    """The rulesets of a log.

    Attributes:
        founded: the one that the store was made with; ``None`` in older logs.
        adopted: every one that ever was, in that order; the last one is in force.
        drafts: what waits, by id; some of it may have lapsed.
    """

    def __init__(self) -> None:
        self.founded: RulesetFounded | None = None
        self.adopted: list[RulesetKept] = []
        self.drafts: dict[FactId, Draft] = {}

    @property
    def in_force(self) -> RulesetKept | None:
        """The adopted ruleset in force; ``None`` before the first."""
        return self.adopted[-1] if self.adopted else None

    @property
    def content(self) -> str | None:
        """What the log says of the rules in force; ``None`` if it says nothing."""
        if self.adopted:
            return self.adopted[-1].proposed.content
        return self.founded.content if self.founded else None

    def knows(self, key: FactId) -> bool:
        """Tell whether a ruleset waits, or was adopted, under an id."""
        return key in self.drafts or any(
            each.adopted.id == key for each in self.adopted
        )

    def apply(self, event: RuleEvent, revision: Revision, at: Micros) -> None:
        """Fold one event in.

        Args:
            event: what happened.
            revision: of the state that holds it.
            at: when.

        Raises:
            KeyError: it speaks of a ruleset that does not wait, or was not shadowed, or
                founds a store that has rules.
        """
        match event:
            case RulesetFounded():
                if self.content is not None:
                    raise KeyError
                self.founded = event
            case RulesetProposed(id=key):
                self._forget_lapsed(at)
                self.drafts[key] = Draft(proposed=event)
            case RulesetShadowed(id=key):
                draft = self.drafts[key]
                self.drafts[key] = Draft(proposed=draft.proposed, shadowed=event)
            case RulesetAdopted(id=key):
                self._adopt(self.drafts[key], event, revision, at)
                del self.drafts[key]
            case RulesetWithdrawn(id=key):
                del self.drafts[key]
            case RulesetKept():
                self.adopted.append(event)
            case _ as never:
                assert_never(never)

    def _forget_lapsed(self, at: Micros) -> None:
        for key, draft in tuple(self.drafts.items()):
            if draft.proposed.expires_at <= at:
                del self.drafts[key]

    def _adopt(
        self, draft: Draft, adopted: RulesetAdopted, revision: Revision, at: Micros
    ) -> None:
        if draft.shadowed is None:
            raise KeyError
        kept = RulesetKept(
            proposed=draft.proposed,
            shadowed=draft.shadowed,
            adopted=adopted,
            at=at,
            revision=revision,
        )
        self.adopted.append(kept)

    def records(self) -> Iterator[RuleEvent]:
        """Yield events whose fold equals this."""
        if self.founded is not None:
            yield self.founded
        yield from self.adopted
        for draft in self.drafts.values():
            yield draft.proposed
            if draft.shadowed is not None:
                yield draft.shadowed
