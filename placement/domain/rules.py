"""The rules R1 to R10 and R13, pure: (state, question, ruleset, today) -> verdicts.

Each rule is a small function that reads a picture at one place and yields findings;
what is left to combine them is data (``RULES``, ``RINGING``). Worst wins. Inference may
raise to REVIEW, only a direct, firmly graded chain of facts may give CONFLICT (P3).

R12 (time) and R13 (strength, and what R11 softens) live in ``strength``; R14 (children) changes who
may release, not a verdict.

Source: docs/rules.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from placement.domain.meetings import Meeting
from placement.domain.phantoms import NOBODY, Phantoms
from placement.domain.picture import Picture
from placement.domain.questions import Assessment, Candidate, Finding, Question
from placement.domain.relations import Chain, Gives
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.strength import Strength
from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    FactId,
    PresenceKind,
    Verdict,
)

_CONFLICT, _REVIEW = Verdict.CONFLICT, Verdict.REVIEW


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule looks: the candidate, or an area near it."""

    area: AreaCode
    facility: FacilityToken | None = None


Findings = Iterator[Finding]
RuleFunction = Callable[[Picture, Place], Findings]


def assess(
    state: State,
    question: Question,
    ruleset: Ruleset,
    today: Day,
    phantoms: Phantoms = NOBODY,
) -> tuple[Assessment, ...]:
    """Return one assessment a candidate, in order.

    With phantoms for what answers a municipality, without for everything else (R15).

    A case that no coordinator has assessed answers UNKNOWN without a look at the graph.
    """
    if question.case.assessed_at is None:
        unknown = Assessment(verdict=Verdict.UNKNOWN)
        return tuple(unknown for _ in question.candidates)
    seen = _Seen(
        partial(
            Picture,
            state,
            ruleset,
            members=question.case.members,
            case=question.case.handle,
            window=question.window,
            now=question.now,
            today=today,
            phantoms=phantoms,
        ),
        today,
    )
    return tuple(_assess_one(seen, candidate) for candidate in question.candidates)


class _Seen:
    """What one question sees, once for all its candidates.

    Attributes:
        soft: its picture, of all that acts.
        today: the day.
        rules: those that can find something, wherever it is.
    """

    def __init__(self, picture: Callable[..., Picture], today: Day) -> None:
        self._picture = picture
        self.soft = picture(at_least=Strength.SOFT)
        self.today = today
        self.rules = tuple(rule for rule, can in RULES.items() if can(self.soft))
        self._ringing: dict[AreaCode, tuple[Finding, ...]] = {}

    @cached_property
    def firm(self) -> Picture:
        """Return the picture of what may give CONFLICT; often nobody looks."""
        return self._picture(at_least=Strength.FIRM)

    def ringing(self, area: AreaCode) -> tuple[Finding, ...]:
        """Return what reaches from an area into those near it (R9)."""
        if area not in self._ringing:
            rules = (rule for rule in self.rules if rule in RINGING)
            found = _look(self, Place(area), tuple(rules))
            self._ringing[area] = tuple(_weakened(found))
        return self._ringing[area]


def _assess_one(seen: _Seen, candidate: Candidate) -> Assessment:
    findings = _look(seen, Place(candidate.area, candidate.facility), seen.rules)
    for area in seen.soft.ringing(candidate.area):
        findings += seen.ringing(area)
    best = floor(seen, candidate.area)
    worst = max((finding.outcome for finding in findings), default=best)
    return Assessment(verdict=max(best, worst), findings=tuple(findings), floor=best)


def _look(seen: _Seen, place: Place, rules: tuple[RuleFunction, ...]) -> list[Finding]:
    """Return what rules find at a place, in both pictures.

    Whatever is found firmly is found softly too, so that where nothing is found softly
    there is no need to look again.
    """
    found = [_capped(finding) for rule in rules for finding in rule(seen.soft, place)]
    if found:
        found += [finding for rule in rules for finding in rule(seen.firm, place)]
    return found


def _capped(finding: Finding) -> Finding:
    """R13: a chain with a soft link gives REVIEW at most."""
    return Finding(
        finding.rule, finding.verdict, finding.facts, _REVIEW, finding.phantom
    )


def _weakened(findings: Iterable[Finding]) -> Findings:
    """R9: near is one step weaker: CONFLICT becomes REVIEW, REVIEW nothing."""
    for finding in findings:
        if finding.verdict is _CONFLICT:
            yield Finding(
                rule=f"R9/{finding.rule}",
                verdict=_REVIEW,
                facts=finding.facts,
                at_most=finding.at_most,
            )


def floor(seen: _Seen, area: AreaCode) -> Verdict:
    """R10: without a fresh picture of the area and what is near, at best UNKNOWN.

    The same holds for a window that starts too far ahead, and for everything while
    somebody is on record whom no pseudonym in force leads to.
    """
    state, ruleset, today = seen.soft.state, seen.soft.ruleset, seen.today
    if state.changeover.left or seen.soft.window.start > today + ruleset.ahead_days:
        return Verdict.UNKNOWN
    fresh = state.coverage.is_fresh(area, ruleset, today)
    return Verdict.CLEAR if fresh else Verdict.UNKNOWN


# The rules. Each yields what it finds at a place; none knows of rings or strengths.


def present(picture: Picture, place: Place) -> Findings:
    """R1, R2, R7, R8: a group that means something to the household is present."""
    for sighting in picture.sightings(place.area):
        firmly = sighting.presence.kind is not PresenceKind.OCCASIONAL
        relation = sighting.relation
        for gives in relation.present if firmly else relation.occasional:
            yield _found(gives, sighting.chain(gives.links))


def placed(picture: Picture, place: Place) -> Findings:
    """R3, R4, R7, R8: somebody placed here means something to the household.

    REVIEW at most, if it is one of the household: whether they belong together is for
    people to judge.
    """
    for meeting in picture.meetings(place.area):
        ours, theirs = meeting.ours, meeting.theirs
        if place.facility is not None and place.facility == meeting.facility:
            yield from _met(meeting, ours.housed + theirs.back_housed)
        else:
            yield from _met(meeting, ours.placed + theirs.back_placed)


def provided(picture: Picture, place: Place) -> Findings:
    """R3: a member of a rival is in another house of the provider, wherever."""
    if place.facility is not None:
        for meeting in picture.meetings_with(place.facility):
            yield from _met(meeting, meeting.ours.provided)


def _met(meeting: Meeting, given: Iterable[Gives]) -> Findings:
    for gives in given:
        found = _found(gives, meeting.chain(gives.links), phantom=meeting.phantom)
        yield found._replace(at_most=_REVIEW) if meeting.within else found


def _found(gives: Gives, facts: Chain, *, phantom: bool = False) -> Finding:
    return Finding(gives.rule, gives.verdict, facts, gives.at_most, phantom)


def r3_unknown_placed(picture: Picture, place: Place) -> Findings:
    """R3: somebody is placed here of whom no coordinator has said what is known."""
    for placement in picture.unassessed(place.area):
        yield Finding(rule="R3", verdict=_REVIEW, facts=(placement.id,))


def stopped_provider(picture: Picture, place: Place) -> Findings:
    """STOP: a region stopped the house's provider."""
    if place.facility is not None:
        provider = picture.state.facilities[place.facility].provider
        if provider in picture.state.stopped:
            yield Finding(rule="STOP", verdict=_CONFLICT, facts=(FactId(provider),))


def r5_threat_near(picture: Picture, place: Place) -> Findings:
    """R5: who threatens the household is located, or present as a group."""
    for threat, chain in picture.threats:
        if threat.source_subject is not None:
            sources = picture.persons_of((threat.source_subject,))
            for source, link in sources.items():
                for located in picture.located(source, place.area):
                    yield _threatened(_CONFLICT, (*chain, *link, *located))
        if threat.source_group is not None:
            family = picture.family(threat.source_group)
            for presence in picture.presences(place.area, family.keys()):
                itself = presence.group == threat.source_group
                yield _threatened(
                    _CONFLICT if itself else _REVIEW,
                    (*chain, *family[presence.group], presence.id),
                )


def r5_threat_placed(picture: Picture, place: Place) -> Findings:
    """R5: who threatens the household is placed here, himself or through a group."""
    placed = picture.placed(place.area) if picture.threats else {}
    for threat, chain in picture.threats:
        if threat.source_subject is not None:
            for source, link in picture.persons_of((threat.source_subject,)).items():
                if source in placed:
                    yield _threatened(_CONFLICT, (*chain, *link, *placed[source]))
        if threat.source_group is not None:
            family = picture.family(threat.source_group)
            for stay in picture.belongings_of(placed):
                if stay.group in family:
                    link = family[stay.group]
                    yield _threatened(_REVIEW, (*chain, *link, *stay.chain))
            for group, phantom in picture.phantoms_of(family.keys(), place.area):
                facts = (*chain, *family[group], phantom.id)
                yield _threatened(_REVIEW, facts, phantom=True)


def r5_threat_within(picture: Picture, place: Place) -> Findings:
    """R5: who threatens one of the household is of it, and placed here in another case.

    REVIEW, as for ``placed``: whether they belong together is for people to judge.
    """
    for named in picture.named(place.area):
        groups = {stay.group for stay in picture.belongings_of({named.subject: ()})}
        for threat, chain in picture.threats:
            by, of = threat.source_subject, threat.source_group
            persons = () if by is None else picture.persons_of((by,))
            family = () if of is None else picture.family(of)
            is_source = named.subject in persons or not groups.isdisjoint(family)
            if is_source and threat.target in named.others:
                yield _threatened(_REVIEW, (*chain, *named.chain))


def r5_threatened_within(picture: Picture, place: Place) -> Findings:
    """R5: whom the household threatens is of it, and placed here in another case (P6)."""
    for named in picture.named(place.area):
        for threat, chain in picture.own_threats:
            by = threat.source_subject
            is_apart = named.others if by is None else by in named.others
            if is_apart and threat.target == named.subject:
                yield _threatened(_REVIEW, (*chain, *named.chain))


def r5_threat_by_household(picture: Picture, place: Place) -> Findings:
    """R5: the household, or a group of it, threatens a person placed here (P6)."""
    placed = picture.placed(place.area) if picture.own_threats else {}
    for threat, chain in picture.own_threats:
        if threat.target in placed:
            direct = threat.source_subject is not None
            yield _threatened(
                _CONFLICT if direct else _REVIEW, (*chain, *placed[threat.target])
            )


def r6_tie(picture: Picture, place: Place) -> Findings:
    """R6: the area is a danger area of the household's own."""
    lineage = picture.ruleset.areas.lineage(place.area)
    for tie, chain in picture.ties:
        if tie.area in lineage:
            yield Finding(
                rule="R6", verdict=_CONFLICT if tie.danger else _REVIEW, facts=chain
            )


def _threatened(verdict: Verdict, facts: Chain, *, phantom: bool = False) -> Finding:
    return Finding(rule="R5", verdict=verdict, facts=facts, phantom=phantom)


# What can find something at all. The firm picture has nothing that the soft one lacks.


def _always(_picture: Picture) -> bool:
    return True


def _if_threatened(picture: Picture) -> bool:
    return bool(picture.threats)


def _if_threatening(picture: Picture) -> bool:
    return bool(picture.own_threats)


def _if_tied(picture: Picture) -> bool:
    return bool(picture.ties)


RULES: Mapping[RuleFunction, Callable[[Picture], bool]] = {
    present: _always,
    r5_threat_near: _if_threatened,
    r6_tie: _if_tied,
    placed: _always,
    provided: _always,
    r3_unknown_placed: _always,
    r5_threat_placed: _if_threatened,
    r5_threat_within: _if_threatened,
    r5_threat_by_household: _if_threatening,
    r5_threatened_within: _if_threatening,
    stopped_provider: _always,
}
# What reaches into near municipalities (R9); ``Picture.ringing`` says where any can.
# Nothing that rests on a placement does: rings would point at the middle.
RINGING = frozenset({present, r5_threat_near, r6_tie})
