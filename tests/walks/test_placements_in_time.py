"""The whole way of a placement: who asks again, who comes second, and what is found."""

import pytest
from kit.asking import REQUESTS
from kit.audited import endanger
from kit.faults import FaultyStore
from kit.placing import (
    NO_HOLD,
    alarm,
    belongs,
    confirm,
    held,
    placed,
    record,
    rivals,
    shown,
    step,
    wish,
)
from kit.town import GROUND, Refused, fresh

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import log_service_pb2 as log
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.audit.details import opened
from placement.audit.entry import parse
from placement.domain.terms import MICROS_AN_HOUR, AlertKind

HELD, ACTIVE = wire.PLACEMENT_STATE_HELD, wire.PLACEMENT_STATE_ACTIVE
ENDED, ABORTED = wire.PLACEMENT_STATE_ENDED, wire.PLACEMENT_STATE_ABORTED
CLEAR = wire.VERDICT_CLEAR
REVIEW, CONFLICT = wire.VERDICT_REVIEW, wire.VERDICT_CONFLICT


def member(town, group, who="worker"):
    """Open the case of somebody who left a group."""
    case = town.opened(who)
    belongs(town, case, group)
    return case


def check_of(content):
    return check.CheckPlacementResponse.FromString(content)


# From a hold to an end


def test_the_whole_way(town):
    """Held, confirmed, moved in, moved on in one step, moved out."""
    case = town.opened("worker")
    key = held(town, case)
    assert shown(town, case) == [(key, HELD, False)]
    confirmed = confirm(town, key).answer
    assert (confirmed.state, confirmed.verdict.verdict) == (ACTIVE, CLEAR)
    entered = step(town, "MoveIn", place.MoveInResponse, placement_id=key)
    assert (entered.moved_in, entered.answer.state) == (True, ACTIVE)
    next_ = held(town, case, "0580")
    moved = step(
        town,
        "MovePlacement",
        place.MovePlacementResponse,
        placement_id=key,
        hold_id=next_,
    )
    assert (moved.answer.state, moved.answer.verdict.verdict) == (ACTIVE, CLEAR)
    assert shown(town, case) == [(next_, ACTIVE, True), (key, ENDED, True)]
    ending = {"placement_id": next_, "valid_to_day": town.today}
    step(town, "EndPlacement", place.EndPlacementResponse, **ending)
    assert shown(town, case) == [(next_, ENDED, True), (key, ENDED, True)]


def test_holds_that_come_to_nothing(town):
    """Given up, or confirmed and nobody moved in."""
    case = town.opened("worker")
    one, other = held(town, case), held(town, case, "0580")
    step(town, "ReleaseHold", place.ReleaseHoldResponse, hold_id=one)
    confirm(town, other)
    step(town, "AbortPlacement", place.AbortPlacementResponse, placement_id=other)

    assert shown(town, case) == [(other, ABORTED, False), (one, ABORTED, False)]


def test_a_hold_lapses_while_no_server_is_up(town, clock):
    """Its end is an event once there is one again, and it can't be confirmed."""
    case = town.opened("worker")
    key = held(town, case)
    extended = step(town, "ExtendHold", place.ExtendHoldResponse, hold_id=key)
    town.served.stop()
    town._channels.clear()
    clock.ahead = 73 * MICROS_AN_HOUR
    town.served.start()
    town.settled()
    ended = [
        each.outline.objects
        for each, entry in zip(town.details(0), town.entries(0), strict=True)
        if entry.action == "CLOCK_TICK" and each.outline.objects
    ]
    late = town.call(
        "worker",
        "ConfirmHold",
        place.ConfirmHoldRequest(request_id=fresh(), hold_id=key),
    )

    assert extended.expires_at < clock()
    assert ended == [(key,)]
    assert shown(town, case) == [(key, ABORTED, False)]
    assert late.reason == "CONTRADICTION"


# Whoever asks again


@pytest.mark.parametrize(("cue", "made"), [("commit", 0), ("after", 1)])
def test_a_retry_after_a_lost_answer(town, cue, made):
    """The same hold if there was one, a new one if not; never two."""
    case, engine = town.opened("worker"), town.served.app.engine
    request = wish(town, case)
    town.settled()
    engine._store, store = FaultyStore(engine._store), engine._store
    engine._store.fail(cue)
    lost = town.call("worker", "CheckPlacement", request)
    before = [key for key, *_ in shown(town, case)]
    answers = [
        check_of(town.call("worker", "CheckPlacement", request)).verdicts[0].hold_id
        for _ in range(2)
    ]
    engine._store = store

    assert isinstance(lost, Refused)
    assert lost.code.name == "UNAVAILABLE"
    assert len(before) == made
    assert len(set(answers)) == 1
    assert shown(town, case) == [(answers[0], HELD, False)]


STEPS = ("ConfirmHold", "ExtendHold", "ReleaseHold", "MoveIn", "MovePlacement")


@pytest.mark.parametrize("method", [*STEPS, "EndPlacement", "AbortPlacement"])
def test_a_step_is_taken_once(town, method):
    """A retry is answered as the first was, though the placement has moved on."""
    request = REQUESTS[method](town, "worker")
    kind = getattr(place, f"{method}Response")
    first = town.done("worker", method, request, kind)
    stood = town.state().stays.by_id.copy()
    again = town.done("worker", method, request, kind)
    names = {name.name for name, _ in first.ListFields()}

    assert {name.name for name, _ in again.ListFields()} == names
    if "answer" in names:
        assert again.answer.state == first.answer.state == ACTIVE
    else:  # a retry is answered on the state of its own moment
        again.revision = first.revision
        assert again == first
    assert town.state().stays.by_id == stood


# Whoever comes second


def shape(message):
    """Return every field with its length, and that of all of it."""
    fields = []
    for field, value in message.ListFields():
        if field.is_repeated:
            fields.append((field.name, [shape(each) for each in value]))
        elif field.type == field.TYPE_MESSAGE:
            fields.append((field.name, shape(value)))
        else:
            size = len(value) if isinstance(value, bytes | str) else 0
            fields.append((field.name, size))
    return fields, message.ByteSize()


def test_a_rivals_hold_looks_like_any_other_danger(town):
    """CONFLICT in the same form and length as where the own group has its base."""
    rivals(town)
    key = held(town, member(town, town.group), "0580")
    base = town.presence(group=town.other, area="1480", kind=wire.PRESENCE_KIND_BASE)
    record(town, town.fact_of(presence=base))
    other = member(town, town.other, "neighbour")
    answers = [
        check_of(town.call("neighbour", "CheckPlacement", wish(town, other, area)))
        for area in ("0580", "1480")
    ]
    asked = [
        check_of(
            town.call(
                "neighbour", "CheckPlacement", town.question(area, case_handle=other)
            )
        )
        for area in ("0580", "1480", "0680")
    ]
    held_, based = answers

    assert key
    assert [each.verdicts[0].verdict for each in (*answers, *asked)] == [
        *[CONFLICT] * 4,
        CLEAR,
    ]
    assert {each.verdicts[0].hold_id for each in (*answers, *asked)} == {NO_HOLD}
    assert {str(shape(each)) for each in (held_, based, *asked)} == {str(shape(held_))}
    assert shown(town, other, "neighbour") == []


def test_what_was_safe_when_it_was_held(town):
    """A confirmation and a move are answered with what is known by then."""
    case = town.opened("worker")
    key = held(town, case)
    stays = member(town, town.group)
    old, new = placed(town, stays), held(town, stays, "0580")
    town.case = case
    endanger(town, "2480")
    active = town.presence(area="0580")
    record(town, town.fact_of(presence=active))
    refused = confirm(town, key)
    moved = step(
        town,
        "MovePlacement",
        place.MovePlacementResponse,
        placement_id=old,
        hold_id=new,
    )

    assert (refused.answer.verdict.verdict, refused.answer.state) == (CONFLICT, HELD)
    assert (moved.answer.verdict.verdict, moved.answer.state) == (CONFLICT, HELD)
    assert shown(town, stays) == [(new, HELD, False), (old, ACTIVE, False)]


# When a case is over


def test_consent_is_withdrawn(town):
    """Neutral refusals, no hold, and the police are told of what stands."""
    case = town.opened("worker")
    stays, key = placed(town, case), held(town, case, "0580")
    closing = check.CloseCaseRequest(
        request_id=fresh(),
        case_handle=case,
        reason=check.CLOSE_REASON_CONSENT_WITHDRAWN,
    )
    town.done("worker", "CloseCase", closing, check.CloseCaseResponse)
    town.settled()
    requests = {
        "CheckPlacement": wish(town, case),
        "ConfirmHold": place.ConfirmHoldRequest(request_id=fresh(), hold_id=key),
        "MoveIn": place.MoveInRequest(request_id=fresh(), placement_id=stays),
    }
    reasons = {
        method: town.call("worker", method, request).reason
        for method, request in requests.items()
    }
    (told,) = town.state().alerts.not_closed()

    assert set(reasons.values()) == {"CASE_CLOSED"}
    assert shown(town, case) == [(key, ABORTED, False), (stays, ACTIVE, False)]
    assert (told.kind, told.case) == (AlertKind.CASE_CLOSED, case)
    assert (told.organisation, told.regions) == ("", ("nord", "ost", "syd"))


# What audit staff and owners find


def test_the_decision_to_confirm_comes_out_as_it_did(town):
    """Also once more is known."""
    case = town.case = town.opened("worker")
    confirmed = confirm(town, held(town, case)).answer.verdict
    endanger(town, "2480")
    request = audit.ReplayDecisionRequest(
        decision_id=confirmed.decision_id, ground=GROUND
    )
    *_, last = town.stream(
        "auditor", "ReplayDecision", request, audit.ReplayDecisionResponse
    )

    assert last.replay.outcome == audit.REPLAY_OUTCOME_EQUAL
    assert (last.replay.recorded, last.replay.replayed) == (CLEAR, CLEAR)


def test_a_receipt_names_what_is_held(town):
    """The hold, its place and its days, under a checkpoint of the log."""
    case = town.opened("worker")
    request = wish(town, case)
    content = town.call("worker", "CheckPlacement", request)
    answer = check_of(content)
    confirmed = confirm(town, answer.verdicts[0].hold_id)
    receipts = [
        town.done(
            "worker",
            "GetReceipt",
            log.GetReceiptRequest(index=index),
            log.GetReceiptResponse,
        )
        for index in (answer.leaf_index, confirmed.leaf_index)
    ]
    matters = [
        opened(each.details, parse(each.entry).details).matter for each in receipts
    ]

    assert {each.objects for each in matters} == {(answer.verdicts[0].hold_id,)}
    assert {(each.case, each.areas) for each in matters} == {(case, ("2480",))}
    assert matters[0].request == request.request_id


def test_a_coordinator_sees_why(town):
    """The alert's cause, as far as the own region owns it."""
    told = alarm(town)
    own = show_alert(town, told.id, "coordinator")
    everything = show_alert(town, told.id, "national")

    assert (own.alert.verdict, own.alert.before) == (REVIEW, CLEAR)
    assert (own.area, everything.area) == ("2480", "2480")
    assert [each.rule for each in own.findings] == [""]
    assert [link.hidden.region for link in own.findings[0].links] == ["national"]
    assert [each.rule for each in everything.findings] == ["R6"]
    (link,) = everything.findings[0].links
    assert link.fact.fact.tie.area == "2480"
    assert not link.fact.fact.tie.HasField("person")


def show_alert(town, key, who):
    request = alert.ShowAlertRequest(alert_id=key)
    return town.done(who, "ShowAlert", request, alert.ShowAlertResponse)
