"""What a coordinator may see of what a verdict rests on.

A fact of the own region is shown; of any other only that it exists and whose it is. What
rests on facts of several regions shows each of them its own, and whom else it takes: if
each were only told of the others, none would begin. The national unit sees all facts. Of
somebody else's placement a handle is shown: both sides of a conflict have to talk. Of a
stopped provider only a region that stopped it is told so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from placement.access import NATIONAL, Caller
from placement.domain.decide.command import Moment
from placement.domain.decide.weighing import region_of
from placement.domain.facts import AnyFact
from placement.domain.questions import Finding
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    FactId,
    ProviderToken,
    Verdict,
)

MAX_REASONS: Final = 100


@dataclass(frozen=True, slots=True)
class Visible:
    """A fact that is shown."""

    fact: AnyFact


@dataclass(frozen=True, slots=True)
class Hidden:
    """Something that exists, and the region that owns it."""

    region: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody else's placement: its case, and the region of the municipality."""

    case: CaseHandle
    region: str


Link = Visible | Hidden | Neighbour


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a verdict.

    Attributes:
        rule: the rule's id.
        verdict: what it gives.
        links: what it rests on, in order; where something is hidden, what is the
            caller's own, and then each region once that has something.
    """

    rule: str
    verdict: Verdict
    links: tuple[Link, ...]


def reasons(
    state: State, caller: Caller, moment: Moment, findings: Iterable[Finding]
) -> tuple[Reason, ...]:
    """Return the reasons behind findings as a coordinator may see them."""
    # What is found firmly was found softly, too; the worst says it.
    worst = {(each.rule, each.facts): each for each in sorted(findings, key=_outcome)}
    found: dict[Reason, None] = {}
    for finding in sorted(worst.values(), key=_outcome, reverse=True):
        links = tuple(_links(state, caller, moment, finding.facts))
        rule = finding.rule
        if any(isinstance(each, Hidden) for each in links):
            # Of what another region owns, not even the rule: only that it is there.
            rule, links = "", tuple(_parted(links))
        found[Reason(rule=rule, verdict=finding.outcome, links=links)] = None
    return tuple(found)[:MAX_REASONS]


def _parted(links: Iterable[Link]) -> Iterator[Link]:
    """Yield what is the caller's own, then each region that has the rest.

    Where in the chain that stands, and how much of it there is, stays hidden, and so
    does whose placement it is about.
    """
    parts = tuple(links)
    yield from dict.fromkeys(each for each in parts if isinstance(each, Visible))
    regions = {each.region for each in parts if isinstance(each, Hidden)}
    yield from map(Hidden, sorted(regions))


def _outcome(finding: Finding) -> Verdict:
    return finding.outcome


def _links(
    state: State, caller: Caller, moment: Moment, chain: Iterable[FactId]
) -> Iterator[Link]:
    for key in chain:
        fact, placement = state.facts.get(key), state.placements.get(key)
        if fact is not None:
            own = caller.organisation in (fact.region, NATIONAL)
            yield Visible(fact) if own else Hidden(fact.region)
        elif placement is not None:
            case = state.cases[placement.case]
            region = region_of(moment, AreaCode(case.organisation))
            # Of somebody whom nobody assessed it is not known that there is a conflict.
            known = case.assessed_at is not None
            yield Neighbour(case.handle, region) if known else Hidden(region)
        else:
            stopped = state.stopped.get(ProviderToken(key), frozenset())
            if not stopped & {caller.organisation, ""}:  # else they may lift it
                yield from map(Hidden, sorted(stopped))
