"""What a placement is worth now, by the rules of a check; and the alert when it is less.

Whoever is placed is asked about from today on: what is past endangers nobody. What a
placement keeps is what its place is really worth: only then can it be told whether that
became worse.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from placement.access import NATIONAL
from placement.domain.alerts import Alert, acknowledge_by
from placement.domain.decide.command import Moment
from placement.domain.events import Event
from placement.domain.facts import Case, Placement
from placement.domain.permits import Permit, keys_of
from placement.domain.questions import Assessment, Candidate, Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.stay_events import AlertRaised, PlacementWeighed
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AlertKind,
    AlertState,
    AreaCode,
    FactId,
    Micros,
    Verdict,
    Window,
)

_ID_SIZE: Final = 16  # bytes


def place_of(placement: Placement) -> Candidate:
    """Return where a placement is."""
    return Candidate(area=placement.area, facility=placement.facility)


def remaining(placement: Placement, moment: Moment) -> Window | None:
    """Return the days of a placement that are still to come, or ``None``."""
    start = max(placement.valid_from, moment.today)
    end = placement.valid_to
    return None if end is not None and end <= start else Window(start=start, end=end)


def question_of(
    case: Case, place: Candidate, window: Window, moment: Moment
) -> Question:
    """Return the question that a check of one place would ask."""
    return Question(case=case, candidates=(place,), window=window, now=moment.now)


def weigh(state: State, question: Question, moment: Moment) -> Assessment:
    """Return what a question's one place is really worth."""
    (assessment,) = assess(state, question, moment.ruleset, moment.today)
    return assessment


def answered(
    state: State, question: Question, moment: Moment
) -> tuple[Assessment, ...]:
    """Return what a municipality is answered: with phantoms that nobody lifted (R15)."""
    ruleset, now, case = moment.ruleset, moment.now, question.case.handle
    phantoms = moment.phantoms(state, ruleset, now)
    found = assess(state, question, ruleset, moment.today, phantoms)
    lifted = state.haunts.lifted(case, now)
    return tuple(
        each.real if place.area in lifted else each
        for each, place in zip(found, question.candidates, strict=True)
    )


def permit_for(
    state: State, question: Question, found: Assessment, moment: Moment
) -> Permit | None:
    """Return the permit under which a place may be had all the same, or ``None``."""
    (place,) = question.candidates
    for permit in state.standing.permits_of(question.case.handle):
        # R14: a child may have come into the household after the release.
        alone = permit.is_release and question.case.children and not permit.signed_by
        if not alone and permit.covers(place, question.window, found, moment.now):
            return permit
    return None


def reweighed(state: State, moment: Moment, placement: Placement) -> tuple[Event, ...]:
    """Return what follows from weighing a placement again; nothing if nothing changed."""
    window = remaining(placement, moment)
    if window is None or placement.over or not placement.live(moment.now):
        return ()
    found = weighed(state, placement, window, moment)
    verdict, seen = found.verdict, keys_of(found.findings)
    if (verdict, seen) == (placement.verdict, placement.seen):
        return ()
    changed = PlacementWeighed(id=placement.id, verdict=verdict, seen=seen)
    before = placement.verdict or Verdict.UNKNOWN
    added = not set(seen) <= set(placement.seen)
    # As bad as before, but for another reason: whoever let it stand knew of the one.
    if verdict <= before and not (added and verdict == before >= Verdict.REVIEW):
        return (changed,)
    alert = alarm(state, placement, AlertKind.WORSE, verdict, moment)
    return changed, AlertRaised(alert=alert)


def weighed(
    state: State, placement: Placement, window: Window, moment: Moment
) -> Assessment:
    """Weigh a placement by what is known, even of a case that nobody has assessed.

    Its municipality is told UNKNOWN; but somebody lives there.
    """
    case = state.cases[placement.case]
    known = replace(case, assessed_at=case.assessed_at or moment.now)
    found = weigh(
        state, question_of(known, place_of(placement), window, moment), moment
    )
    if case.assessed_at is None:
        return replace(found, verdict=max(found.verdict, Verdict.UNKNOWN))
    return found


def alarm(
    state: State,
    placement: Placement,
    kind: AlertKind,
    verdict: Verdict,
    moment: Moment,
) -> Alert:
    """Return an alert about a placement: a new one, or the open one raised again."""
    before = placement.verdict or Verdict.UNKNOWN
    due = acknowledge_by(verdict, moment.now, moment.ruleset.alert_hours)
    known = state.alerts.open_of(kind, placement.case, placement.id)
    if known is not None:
        again = replace(known, verdict=verdict, before=before, seen=False)
        if known.state is AlertState.ACKNOWLEDGED:
            # Whoever had it was done with what was known then: it is nobody's again.
            raised = replace(again, state=AlertState.RAISED, acknowledge_by=due)
            return replace(raised, owner="", owner_region="")
        # Whoever let it wait does not get more time for it.
        return replace(again, acknowledge_by=min(known.acknowledge_by, due))
    case = state.cases[placement.case]
    areas = (AreaCode(case.organisation), placement.area)
    return Alert(
        id=_alert_id(state, kind, placement.id),
        kind=kind,
        case=case.handle,
        placement=placement.id,
        # Of a case that nobody assessed, an alert would tell that somebody is on record.
        organisation="" if case.assessed_at is None else case.organisation,
        before=before,
        verdict=verdict,
        regions=tuple(sorted({region_of(moment, area) for area in areas})),
        raised_at=moment.now,
        acknowledge_by=due,
    )


def told_late(state: State, case: Case) -> Iterator[AlertRaised]:
    """Yield what a municipality could not be told before its case was assessed."""
    for placement in state.stays.ever_of(case.handle):
        for kind in AlertKind:
            alert = state.alerts.open_of(kind, case.handle, placement.id)
            if alert is not None and not alert.organisation:
                told = replace(alert, organisation=case.organisation)
                yield AlertRaised(alert=told)


def case_closed(state: State, case: Case, moment: Moment) -> Alert:
    """Return the alert that a case was closed; it is about the case alone."""
    stays = state.stays.of_case(case.handle)
    areas = (AreaCode(case.organisation), *(each.area for each in stays))
    verdict = max(
        (each.verdict or Verdict.UNKNOWN for each in stays), default=Verdict.UNKNOWN
    )
    return Alert(
        id=_alert_id(state, AlertKind.CASE_CLOSED, case.handle),
        kind=AlertKind.CASE_CLOSED,
        case=case.handle,
        placement=FactId(b""),
        organisation="",  # it closed the case itself
        before=verdict,
        verdict=verdict,
        regions=tuple(sorted({region_of(moment, area) for area in areas})),
        raised_at=moment.now,
        acknowledge_by=acknowledge_by(verdict, moment.now, moment.ruleset.alert_hours),
    )


def _alert_id(state: State, kind: AlertKind, about: bytes) -> FactId:
    """Make an id; nobody who does not know what it is about can make it, too."""
    named = about + kind.to_bytes() + state.revision.to_bytes(8)
    return FactId(blake2b(named, digest_size=_ID_SIZE).digest())


def hold_ends(moment: Moment) -> Micros:
    """Return when a hold that begins now lapses."""
    return Micros(moment.now + moment.ruleset.holds.hours * MICROS_AN_HOUR)


def region_of(moment: Moment, area: AreaCode) -> str:
    """Return the police region of an area; the national unit where there is none."""
    known = moment.ruleset.areas.get(area)
    return NATIONAL if known is None else known.police_region
