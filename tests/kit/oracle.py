"""An oracle: the rules of semantics.md section 6 once more, to hold the rules against.

Written from the text alone, over a naive ``reading`` of the facts. Where it differs
from ``placement.domain.rules``, the text decides who is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kit.reading import Asked, Known, Reading
from placement.domain.facts import Affiliation, Located, Placement, Threat, Tie
from placement.domain.terms import (
    AreaCode,
    GroupToken,
    PresenceKind,
    SubjectId,
    Verdict,
)

_CLEAR, _UNKNOWN, _REVIEW, _CONFLICT = Verdict
_COVERAGE, _AHEAD, _WAR = 90, 90, 3


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says, and what it is capped at after R9's weakening."""

    verdict: Verdict
    at_most: Verdict = _CONFLICT


def answer(known: Known, asked: Asked) -> Verdict:
    """Return the verdict on one candidate."""
    if asked.case.assessed_at is None:
        return _UNKNOWN
    worst = _CLEAR if _covered(known, asked) else _UNKNOWN
    for firm in (True, False):
        for found in _findings(Reading(known, asked, firm=firm)):
            verdict = min(found.verdict, found.at_most)
            worst = max(worst, verdict if firm else min(verdict, _REVIEW))
    return worst


def _covered(known: Known, asked: Asked) -> bool:
    """R10, and the window that starts too far ahead."""
    if asked.window.start > asked.today + _AHEAD:
        return False
    near = known.areas[asked.area].near
    in_use = {code for code in near if known.areas[code].valid_on(asked.today)}
    for code in {asked.area} | in_use:
        fresh = False
        for attestation in known.attestations:
            trusted = {known.areas[code].police_region, "national"}
            age = asked.today - attestation.reviewed_on
            if (
                code in attestation.areas
                and attestation.region in trusted
                and 0 <= age <= _COVERAGE
            ):
                fresh = True
        if not fresh:
            return False
    return True


def _findings(read: Reading) -> Iterator[Found]:
    """Yield what every rule says, here and near (R9)."""
    area = read.asked.area
    yield from _ringing(read, area)
    for near in read.known.areas[area].near:
        for found in _ringing(read, near):
            if found.verdict == _CONFLICT:
                yield Found(_REVIEW, found.at_most)
    mine = read.affiliations(read.household)
    for presence in read.present(area):
        if any(_reviewed(read, one, presence.group) for one in mine):
            yield Found(_REVIEW, _REVIEW)
    for placement, persons in read.live():
        yield from _met(read, mine, placement, persons)
        if read.here(placement.area, area):
            if persons and read.unassessed(placement):
                yield Found(_REVIEW)
            yield from _threats_to_us(read, persons)
            yield from _threats_by_us(read, persons)
    yield from _named(read)


def _named(read: Reading) -> Iterator[Found]:
    """Yield what is to be judged of those who were named into the household."""
    for placement, persons, rest in read.named():
        for one in persons:
            others = read.affiliations(rest - {one})
            for found in _met(read, others, placement, {one}):
                yield Found(found.verdict, min(found.at_most, _REVIEW))
            if read.here(placement.area, read.asked.area):
                yield from _threats_between(read, one, rest - {one})


def _threats_between(
    read: Reading, one: SubjectId, rest: set[SubjectId]
) -> Iterator[Found]:
    """R5: one of the household and those who were not placed with them."""
    groups = {fact.group for fact in read.affiliations({one})}
    kin = {
        relative
        for fact in read.affiliations(read.household)
        for relative in read.family(fact.group)
    }
    for threat in read.all(Threat):
        by, group = threat.source_subject, threat.source_group
        if threat.target in rest:
            if by is not None and one in read.same({by}, firm=read.firm):
                yield Found(_REVIEW)
            if group is not None and groups & read.family(group):
                yield Found(_REVIEW)
        if threat.target == one and (by in rest or (rest and group in kin)):
            yield Found(_REVIEW)


def _ringing(read: Reading, area: AreaCode) -> Iterator[Found]:
    """Yield what has a ring: R1, R2, R5 without placements, ties (R6)."""
    for one in read.affiliations(read.household):
        yield from _near_presence(read, one, area)
    for threat in read.all(Threat):
        if threat.target in read.household:
            yield from _threat_here(read, threat, area)
    for tie in read.all(Tie):
        if tie.subject in read.household and read.here(tie.area, area):
            yield Found(_CONFLICT if tie.danger else _REVIEW)


def _near_presence(read: Reading, one: Affiliation, area: AreaCode) -> Iterator[Found]:
    """R1 and R2."""
    for presence in read.present(area):
        firmly = presence.kind != PresenceKind.OCCASIONAL
        if presence.group in read.own(one):
            yield Found(_CONFLICT if firmly else _REVIEW)
        for rivals, cap in ((read.rivals, _CONFLICT), (read.distant, _REVIEW)):
            if rivals(one.group, presence.group):
                war = rivals(one.group, presence.group, _WAR)
                yield Found(_CONFLICT if war and firmly else _REVIEW, cap)


def _threat_here(read: Reading, threat: Threat, area: AreaCode) -> Iterator[Found]:
    """R5: the source is located in an area, or present as a group."""
    if threat.source_subject is not None:
        sources = read.same({threat.source_subject}, firm=read.firm)
        for located in read.all(Located):
            if located.subject in sources and read.here(located.area, area):
                yield Found(_CONFLICT)
    else:
        for presence in read.present(area):
            if presence.group == threat.source_group:
                yield Found(_CONFLICT)
            if presence.group in read.family(threat.source_group):
                yield Found(_REVIEW)


def _reviewed(read: Reading, mine: Affiliation, group: GroupToken) -> bool:
    """R7 and R8: what a group means to somebody by inference."""
    foe_s_friend = any(read.distant(mine.group, ally) for ally in read.allies(group))
    friend_s_foe = any(read.distant(ally, group) for ally in read.allies(mine.group))
    friend_of_own = any(group in read.allies(own) for own in read.own(mine))
    return (
        foe_s_friend
        or friend_s_foe
        or friend_of_own
        or group in read.sisters(mine.group)
        or group in read.halves(mine)
    )


def _met(
    read: Reading,
    mine: list[Affiliation],
    placement: Placement,
    persons: set[SubjectId],
) -> Iterator[Found]:
    """R3, R4, R7, R8: somebody is placed here, or with the same provider."""
    here = read.here(placement.area, read.asked.area)
    asked, theirs = read.house(read.asked.facility), read.house(placement.facility)
    both = asked is not None and theirs is not None
    same_house = both and asked == theirs
    same_provider = both and asked.provider == theirs.provider
    for other in read.affiliations(persons):
        for one in mine:
            if here and read.rivals(one.group, other.group):
                yield Found(_CONFLICT)
            if (here or same_provider) and read.distant(one.group, other.group):
                yield Found(_REVIEW)
            kin = other.group in read.own(one) or one.group in read.own(other)
            if here and kin:
                yield Found(_CONFLICT if same_house else _REVIEW)
            inferred = _reviewed(read, one, other.group) or _reviewed(
                read, other, one.group
            )
            if here and inferred:
                yield Found(_REVIEW, _REVIEW)


def _threats_to_us(read: Reading, persons: set[SubjectId]) -> Iterator[Found]:
    """R5: the source of a threat against the household is placed here."""
    placed = {fact.group for fact in read.affiliations(persons)}
    for threat in read.all(Threat):
        if threat.target in read.household:
            if threat.source_subject is None:
                if placed & read.family(threat.source_group):
                    yield Found(_REVIEW)
            elif read.same({threat.source_subject}, firm=read.firm) & persons:
                yield Found(_CONFLICT)


def _threats_by_us(read: Reading, persons: set[SubjectId]) -> Iterator[Found]:
    """R5: the household, or a group of it, threatens somebody placed here."""
    kin = {
        relative
        for one in read.affiliations(read.household)
        for relative in read.family(one.group)
    }
    for threat in read.all(Threat):
        if threat.target in persons:
            if threat.source_subject in read.household:
                yield Found(_CONFLICT)
            if threat.source_group in kin:
                yield Found(_REVIEW)
