"""The rules R1 to R10 and R13, pure: (state, question, ruleset, today) -> verdicts.

Each rule is a small function that reads a picture at one place and yields findings;
what is left to combine them is data (``RULES``). Worst wins. Inference may raise to
REVIEW, only a direct, firmly graded chain of facts may give CONFLICT (P3).

R11 and R12 (time) and R13 (strength) live in ``strength``; R14 (children) changes who
may release, not a verdict.

Source: semantics.md section 6.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from placement.domain.facts import Case
from placement.domain.graph import Chain, Relation
from placement.domain.picture import Belonging, Persons, Picture, Stay
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.strength import Strength
from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    Micros,
    PresenceKind,
    SubjectId,
    Verdict,
    Window,
)

_CONFLICT, _REVIEW = Verdict.CONFLICT, Verdict.REVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposed place.

    Attributes:
        area: the municipality.
        facility: the house, or ``None``.
    """

    area: AreaCode
    facility: FacilityToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a check asks.

    Attributes:
        case: whose household.
        candidates: the proposed places, in the caller's order.
        window: for which days.
        now: the instant, for holds.
    """

    case: Case
    candidates: tuple[Candidate, ...]
    window: Window
    now: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason for a verdict.

    Attributes:
        rule: the rule's id.
        verdict: what the rule says.
        at_most: what inference or distance allows; applied after R9's weakening.
        facts: the chain it rests on.
    """

    rule: str
    verdict: Verdict
    facts: Chain
    at_most: Verdict = _CONFLICT

    @property
    def outcome(self) -> Verdict:
        """Return what the finding gives in the end."""
        return min(self.verdict, self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The verdict on one candidate and what it rests on."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule looks: the candidate, or an area near it."""

    area: AreaCode
    facility: FacilityToken | None = None


Findings = Iterator[Finding]
RuleFunction = Callable[[Picture, Place], Findings]


def assess(
    state: State, question: Question, ruleset: Ruleset, today: Day
) -> tuple[Assessment, ...]:
    """Return one assessment a candidate, in order.

    A case that no coordinator has assessed answers UNKNOWN without a look at the graph.
    """
    if question.case.assessed_at is None:
        unknown = Assessment(verdict=Verdict.UNKNOWN)
        return tuple(unknown for _ in question.candidates)
    pictures = tuple(
        Picture(
            state,
            ruleset,
            members=question.case.members,
            window=question.window,
            now=question.now,
            today=today,
            at_least=strength,
        )
        for strength in (Strength.FIRM, Strength.SOFT)
    )
    return tuple(
        _assess_one(pictures, candidate, today) for candidate in question.candidates
    )


def _assess_one(
    pictures: tuple[Picture, ...], candidate: Candidate, today: Day
) -> Assessment:
    firm, soft = pictures
    findings = [*_findings(firm, candidate)]
    findings.extend(_capped(finding) for finding in _findings(soft, candidate))
    verdict = floor(firm, candidate.area, today)
    for finding in findings:
        verdict = max(verdict, finding.outcome)
    return Assessment(verdict=verdict, findings=tuple(findings))


def _findings(picture: Picture, candidate: Candidate) -> Findings:
    here = Place(candidate.area, candidate.facility)
    for rule in RULES:
        yield from rule.look(picture, here)
    for area in sorted(picture.ruleset.areas[candidate.area].near):
        for rule in RULES:
            if rule.rings:
                yield from _weakened(rule.look(picture, Place(area)))


def _weakened(findings: Findings) -> Findings:
    """R9: near is one step weaker: CONFLICT becomes REVIEW, REVIEW nothing."""
    for finding in findings:
        if finding.verdict is _CONFLICT:
            yield Finding(
                rule=f"R9/{finding.rule}",
                verdict=_REVIEW,
                facts=finding.facts,
                at_most=finding.at_most,
            )


def _capped(finding: Finding) -> Finding:
    """R13: a chain with a soft link gives REVIEW at most."""
    return Finding(
        rule=finding.rule, verdict=finding.verdict, facts=finding.facts, at_most=_REVIEW
    )


def floor(picture: Picture, area: AreaCode, today: Day) -> Verdict:
    """R10: without a fresh picture of the area and what is near, at best UNKNOWN.

    The same holds for a window that starts too far ahead.
    """
    ruleset = picture.ruleset
    if picture.window.start > today + ruleset.ahead_days:
        return Verdict.UNKNOWN
    for code in (area, *ruleset.areas[area].near):
        if not _covered(picture, code, today):
            return Verdict.UNKNOWN
    return Verdict.CLEAR


def _covered(picture: Picture, area: AreaCode, today: Day) -> bool:
    ruleset = picture.ruleset
    trusted = (ruleset.areas[area].police_region, "national")
    oldest = today - ruleset.coverage_days
    return any(
        attestation.region in trusted and oldest <= attestation.reviewed_on <= today
        for attestation in picture.state.coverage.of(area)
    )


# The rules. Each yields what it finds at a place; none knows of rings or strengths.


def r1_own_presence(picture: Picture, place: Place) -> Findings:
    """R1: a group of own is present."""
    for presence in picture.presences(place.area):
        firmly = presence.kind is not PresenceKind.OCCASIONAL
        for mine in picture.belongings:
            link = picture.related(mine, presence.group).own
            if link is not None:
                yield Finding(
                    rule="R1",
                    verdict=_CONFLICT if firmly else _REVIEW,
                    facts=(*mine.chain, *link, presence.id),
                )


def r2_rival_presence(picture: Picture, place: Place) -> Findings:
    """R2: a rival, or a distant rival, is present."""
    for presence in picture.presences(place.area):
        firmly = presence.kind is not PresenceKind.OCCASIONAL
        for mine in picture.belongings:
            relation = picture.related(mine, presence.group)
            for war, rival, at_most in (
                (relation.war, relation.rival, _CONFLICT),
                (relation.distant_war, relation.distant, _REVIEW),
            ):
                if rival is not None:
                    hot = firmly and war is not None
                    link = war if hot and war is not None else rival
                    yield Finding(
                        rule="R2",
                        verdict=_CONFLICT if hot else _REVIEW,
                        at_most=at_most,
                        facts=(*mine.chain, *link, presence.id),
                    )


def r3_rival_placed(picture: Picture, place: Place) -> Findings:
    """R3: a member of a rival is placed here, or with the same provider elsewhere."""
    for mine, stay in _meetings(picture, picture.stays(place.area)):
        yield from _rival_stay(picture, mine, stay, _CONFLICT)
    if place.facility is not None:
        for mine, stay in _meetings(picture, picture.stays_with(place.facility)):
            yield from _rival_stay(picture, mine, stay, _REVIEW)


def _rival_stay(
    picture: Picture, mine: Belonging, stay: Stay, verdict: Verdict
) -> Findings:
    relation = picture.related(mine, stay.belonging.group)
    for link, at_most in (
        (relation.rival, _CONFLICT),
        (relation.distant, _REVIEW),
    ):
        if link is not None:
            yield Finding(
                rule="R3",
                verdict=verdict,
                at_most=at_most,
                facts=(*mine.chain, *link, *stay.chain),
            )


def r4_own_placed(picture: Picture, place: Place) -> Findings:
    """R4: a member of a group of own is placed here; kinship is symmetric."""
    for mine, stay in _meetings(picture, picture.stays(place.area)):
        for relation in _both_ways(picture, mine, stay.belonging):
            if relation.own is not None:
                same = place.facility is not None and place.facility == stay.facility
                yield Finding(
                    rule="R4",
                    verdict=_CONFLICT if same else _REVIEW,
                    facts=(*mine.chain, *relation.own, *stay.chain),
                )


def r5_threat_near(picture: Picture, place: Place) -> Findings:
    """R5: who threatens the household is located, or present as a group."""
    for threat, chain in picture.threats_against(picture.persons):
        if threat.source_subject is not None:
            sources = picture.persons_of((threat.source_subject,))
            for source, link in sources.items():
                for located in picture.located(source, place.area):
                    yield _threatened(_CONFLICT, (*chain, *link, *located))
        if threat.source_group is not None:
            family = picture.family(threat.source_group)
            for presence in picture.presences(place.area):
                if presence.group in family:
                    itself = presence.group == threat.source_group
                    yield _threatened(
                        _CONFLICT if itself else _REVIEW,
                        (*chain, *family[presence.group], presence.id),
                    )


def r5_threat_placed(picture: Picture, place: Place) -> Findings:
    """R5: who threatens the household is placed here, himself or through a group."""
    stays = tuple(picture.stays(place.area))
    placed = _placed(picture, place)
    for threat, chain in picture.threats_against(picture.persons):
        if threat.source_subject is not None:
            for source, link in picture.persons_of((threat.source_subject,)).items():
                if source in placed:
                    yield _threatened(_CONFLICT, (*chain, *link, *placed[source]))
        if threat.source_group is not None:
            family = picture.family(threat.source_group)
            for stay in stays:
                if stay.belonging.group in family:
                    link = family[stay.belonging.group]
                    yield _threatened(_REVIEW, (*chain, *link, *stay.chain))


def r5_threat_by_household(picture: Picture, place: Place) -> Findings:
    """R5: the household, or a group of it, threatens a person placed here (P6)."""
    for threat, chain in picture.threats_against(_placed(picture, place)):
        subject, group = threat.source_subject, threat.source_group
        if subject is not None and subject in picture.persons:
            yield _threatened(_CONFLICT, (*picture.persons[subject], *chain))
        if group is not None and group in picture.kin:
            yield _threatened(_REVIEW, (*picture.kin[group], *chain))


def r6_tie(picture: Picture, place: Place) -> Findings:
    """R6: the area is a danger area of the household's own."""
    lineage = picture.ruleset.areas.lineage(place.area)
    for subject, chain in picture.persons.items():
        for tie in picture.state.ties.of(subject):
            if tie.area in lineage and picture.acts(tie):
                yield Finding(
                    rule="R6",
                    verdict=_CONFLICT if tie.danger else _REVIEW,
                    facts=(*chain, tie.id),
                )


def r7_allied(picture: Picture, place: Place) -> Findings:
    """R7: an ally of a rival or of own, or a rival of an ally, is here."""
    yield from _inferred(
        picture, place, "R7", lambda relation: relation.allied or relation.own_allied
    )
    for mine, stay in _meetings(picture, picture.stays(place.area)):
        link = picture.related(stay.belonging, mine.group).own_allied
        if link is not None:
            yield _inference("R7", (*mine.chain, *link, *stay.chain))


def r8_relatives(picture: Picture, place: Place) -> Findings:
    """R8: a sister faction, or the other side of a split, is here."""
    yield from _inferred(
        picture, place, "R8", lambda relation: relation.sister or relation.split
    )
    for mine, stay in _meetings(picture, picture.stays(place.area)):
        link = picture.related(stay.belonging, mine.group).split
        if link is not None:
            yield _inference("R8", (*mine.chain, *link, *stay.chain))


def _inferred(
    picture: Picture,
    place: Place,
    rule: str,
    link_of: Callable[[Relation], Chain | None],
) -> Findings:
    """Yield a REVIEW for each related group that is present or placed."""
    for presence in picture.presences(place.area):
        for mine in picture.belongings:
            link = link_of(picture.related(mine, presence.group))
            if link is not None:
                yield _inference(rule, (*mine.chain, *link, presence.id))
    for mine, stay in _meetings(picture, picture.stays(place.area)):
        link = link_of(picture.related(mine, stay.belonging.group))
        if link is not None:
            yield _inference(rule, (*mine.chain, *link, *stay.chain))


def _inference(rule: str, facts: Chain) -> Finding:
    return Finding(rule=rule, verdict=_REVIEW, at_most=_REVIEW, facts=facts)


def _threatened(verdict: Verdict, facts: Chain) -> Finding:
    return Finding(rule="R5", verdict=verdict, facts=facts)


def _meetings(
    picture: Picture, stays: Iterator[Stay]
) -> Iterator[tuple[Belonging, Stay]]:
    """Yield each of the household's belongings with each stay."""
    for stay in stays:
        for mine in picture.belongings:
            yield mine, stay


def _both_ways(
    picture: Picture, mine: Belonging, theirs: Belonging
) -> tuple[Relation, Relation]:
    return (
        picture.related(mine, theirs.group),
        picture.related(theirs, mine.group),
    )


def _placed(picture: Picture, place: Place) -> Persons:
    """Return every person placed at a place, outside the household."""
    found: dict[SubjectId, Chain] = {}
    for placement in picture.placements(place.area):
        found = {**picture.placed(placement), **found}
    return found


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and whether it reaches into near municipalities (R9).

    Nothing that rests on a placement rings: rings would point at the middle.
    """

    look: RuleFunction
    rings: bool = False


RULES = (
    Rule(r1_own_presence, rings=True),
    Rule(r2_rival_presence, rings=True),
    Rule(r3_rival_placed),
    Rule(r4_own_placed),
    Rule(r5_threat_near, rings=True),
    Rule(r5_threat_placed),
    Rule(r5_threat_by_household),
    Rule(r6_tie, rings=True),
    Rule(r7_allied),
    Rule(r8_relatives),
)
