"""Requests about holds, placements and alerts become commands, field by field."""

from dataclasses import replace

import pytest
from kit.commands import CASEWORKER, COORDINATOR
from kit.parsed import violation
from kit.world import TODAY

from placement.access import Action
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.decide.alerts import ListAlerts, ShowAlert, TellAlerts
from placement.domain.decide.permits import ShowOverride
from placement.domain.questions import Candidate
from placement.domain.terms import AlertClosing, PermitGround, Window
from placement.rpc import parse_placements as parse

REQUEST, CASE, HOLD, STAY = b"r" * 16, b"c" * 16, b"h" * 16, b"s" * 16
HOUSE, ALERT, PERMIT, SEEN = b"f" * 16, b"a" * 16, b"p" * 16, b"s" * 32
SHORT = b"x" * 15
PLACE = {
    "candidate": check.Candidate(area="2480", facility=HOUSE),
    "window": wire.Window(start_day=TODAY, end_day=TODAY + 9),
}


@pytest.fixture
def coordinator(origin):
    return replace(origin, caller=COORDINATOR)


# Steps


STEPS = [
    (parse.confirm_hold, place.ConfirmHoldRequest, Action.HOLD_CONFIRM, "hold_id"),
    (parse.extend_hold, place.ExtendHoldRequest, Action.HOLD_EXTEND, "hold_id"),
    (parse.release_hold, place.ReleaseHoldRequest, Action.HOLD_RELEASE, "hold_id"),
    (parse.move_in, place.MoveInRequest, Action.PLACEMENT_MOVE_IN, "placement_id"),
    (
        parse.abort_placement,
        place.AbortPlacementRequest,
        Action.PLACEMENT_ABORT,
        "placement_id",
    ),
]


@pytest.mark.parametrize(("form", "kind", "action", "field"), STEPS)
def test_a_step(origin, form, kind, action, field):
    """Whose, of which placement; what the digest names is the content."""
    request = kind(request_id=REQUEST, **{field: HOLD})
    got, again = form(request, origin), form(request, origin)
    other = form(kind(request_id=REQUEST, **{field: STAY}), origin)

    assert (got.action, got.caller, got.request_id) == (action, CASEWORKER, REQUEST)
    assert got.placement == HOLD
    assert got.digest == again.digest != other.digest


@pytest.mark.parametrize(("form", "kind", "action", "field"), STEPS)
def test_a_step_that_is_none(origin, form, kind, action, field):
    """The field is named."""
    assert action
    for bad in (b"", SHORT):
        request = kind(request_id=REQUEST, **{field: bad})

        assert violation(form, request, origin) == field
    request = kind(request_id=SHORT, **{field: HOLD})
    assert violation(form, request, origin) == "request_id"


@pytest.mark.parametrize(
    ("form", "request_"),
    [
        (
            parse.confirm_hold,
            place.ConfirmHoldRequest(request_id=REQUEST, hold_id=HOLD),
        ),
        (parse.move_in, place.MoveInRequest(request_id=REQUEST, placement_id=STAY)),
        (
            parse.move_placement,
            place.MovePlacementRequest(
                request_id=REQUEST, placement_id=STAY, hold_id=HOLD
            ),
        ),
    ],
)
def test_what_is_weighed_is_a_decision_of_its_own(origin, form, request_):
    """Also when it is asked again."""
    one, other = (form(request_, origin).decision for _ in range(2))

    assert (len(one), len(other)) == (16, 16)
    assert one != other


def test_a_move(origin):
    """From where, and to where."""
    request = place.MovePlacementRequest(
        request_id=REQUEST, placement_id=STAY, hold_id=HOLD
    )
    got = parse.move_placement(request, origin)
    left = place.MovePlacementRequest(request_id=REQUEST, hold_id=HOLD)

    assert (got.left, got.placement) == (STAY, HOLD)
    assert violation(parse.move_placement, left, origin) == "placement_id"
    request.hold_id = SHORT
    assert violation(parse.move_placement, request, origin) == "hold_id"


def test_an_end(origin):
    """On a day of the calendar."""
    request = place.EndPlacementRequest(
        request_id=REQUEST, placement_id=STAY, valid_to_day=TODAY
    )
    got = parse.end_placement(request, origin)
    request.valid_to_day = 10**6

    assert (got.placement, got.valid_to) == (STAY, TODAY)
    assert violation(parse.end_placement, request, origin) == "valid_to_day"


# Places, releases, overrides


def proposal(**given):
    values = {
        "request_id": REQUEST,
        "case_handle": CASE,
        "ground": place.OVERRIDE_GROUND_CARE,
        "follow_up_day": TODAY + 30,
    }
    return place.ProposeOverrideRequest(**(values | PLACE | given))


def test_a_proposal(origin):
    """Every field, and a fresh id."""
    one, other = (parse.propose_override(proposal(), origin) for _ in range(2))

    assert (one.case, one.ground) == (CASE, PermitGround.CARE)
    assert one.candidate == Candidate(area="2480", facility=HOUSE)
    assert one.window == Window(start=TODAY, end=TODAY + 9)
    assert one.follow_up == TODAY + 30
    assert len({one.permit, other.permit, bytes(16)}) == 3


@pytest.mark.parametrize(
    ("ground", "expected"),
    [
        (place.OVERRIDE_GROUND_GREATER_DANGER, PermitGround.GREATER_DANGER),
        (place.OVERRIDE_GROUND_DECISION, PermitGround.DECISION),
        (place.OVERRIDE_GROUND_CARE, PermitGround.CARE),
        (place.OVERRIDE_GROUND_OWN_WISH, PermitGround.OWN_WISH),
    ],
)
def test_every_ground(origin, ground, expected):
    """A municipality can give each but the coordinator's own."""
    assert parse.propose_override(proposal(ground=ground), origin).ground is expected


def test_grounds_are_all_there():
    """And none has the number of none."""
    grounds = set(place.OverrideGround.values()) - {0}

    assert len(grounds) == len(PermitGround) - 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ground": 0}, "ground"),
        ({"ground": 99}, "ground"),
        ({"case_handle": SHORT}, "case_handle"),
        ({"candidate": check.Candidate(area="24")}, "candidate.area"),
        (
            {"candidate": check.Candidate(area="2480", facility=SHORT)},
            "candidate.facility",
        ),
        ({"window": wire.Window(start_day=5, end_day=5)}, "window.end_day"),
        ({"follow_up_day": 10**6}, "follow_up_day"),
    ],
)
def test_a_proposal_that_is_none(origin, given, expected):
    """The field is named."""
    assert violation(parse.propose_override, proposal(**given), origin) == expected


def test_a_place_to_explain(coordinator):
    """The case, the place, the days."""
    request = registry.ExplainPlacementRequest(
        case_handle=CASE,
        candidate=check.Candidate(area="2480"),
        window=wire.Window(start_day=TODAY),
    )
    got = parse.explain_placement(request, coordinator)

    assert (got.caller, got.case) == (COORDINATOR, CASE)
    assert got.candidate == Candidate(area="2480")
    assert got.window == Window(start=TODAY)


def test_a_release(coordinator):
    """What was seen, and two fresh ids."""
    request = registry.ReleasePlaceRequest(
        request_id=REQUEST, case_handle=CASE, seen=SEEN, **PLACE
    )
    one, other = (parse.release_place(request, coordinator) for _ in range(2))
    request.seen = SHORT

    assert (one.case, one.seen) == (CASE, SEEN)
    assert len({one.permit, one.change, other.permit, other.change}) == 4
    assert violation(parse.release_place, request, coordinator) == "seen"


def test_overrides_to_show_and_to_sign(coordinator):
    """By id; signed as it was shown."""
    shown = parse.show_override(
        registry.ShowOverrideRequest(override_id=PERMIT), coordinator
    )
    request = registry.SignOverrideRequest(
        request_id=REQUEST, override_id=PERMIT, seen=SEEN
    )
    signed = parse.sign_override(request, coordinator)

    assert shown == ShowOverride(caller=COORDINATOR, permit=PERMIT)
    assert (signed.permit, signed.seen) == (PERMIT, SEEN)
    for field in ("seen", "override_id"):
        bad = registry.SignOverrideRequest()
        bad.CopyFrom(request)
        setattr(bad, field, SHORT)

        assert violation(parse.sign_override, bad, coordinator) == field
    bad = registry.ShowOverrideRequest(override_id=SHORT)
    assert violation(parse.show_override, bad, coordinator) == "override_id"


@pytest.mark.parametrize("lift", [False, True])
def test_a_provider(coordinator, lift):
    """To stop, or to let go on."""
    request = registry.StopProviderRequest(
        request_id=REQUEST, provider=HOUSE, lift=lift
    )
    one, other = (parse.stop_provider(request, coordinator) for _ in range(2))
    request.provider = SHORT

    assert (one.provider, one.lift) == (HOUSE, lift)
    assert one.change != other.change
    assert violation(parse.stop_provider, request, coordinator) == "provider"


# Alerts


def test_from_where_on_to_watch(coordinator, bookmarks):
    """From the beginning, or behind one's own token."""
    token = bookmarks.seal(COORDINATOR, parse.WATCH_SCOPE, 17)
    begin = parse.watch_alerts(alert.WatchAlertsRequest(), coordinator)
    later = parse.watch_alerts(
        alert.WatchAlertsRequest(resume_token=token), coordinator
    )

    assert (begin.caller, begin.since) == (COORDINATOR, None)
    assert later.since == 17


@pytest.mark.parametrize("whose", ["another's", "of another kind", "altered", "noise"])
def test_a_token_that_is_none(coordinator, bookmarks, whose):
    """It names the field."""
    own = bookmarks.seal(COORDINATOR, parse.WATCH_SCOPE, 17)
    token = {
        "another's": bookmarks.seal(CASEWORKER, parse.WATCH_SCOPE, 17),
        "of another kind": bookmarks.seal(COORDINATOR, b"entries".ljust(32), 17),
        "altered": own[:-1] + bytes([own[-1] ^ 1]),
        "noise": b"x",
    }[whose]
    request = alert.WatchAlertsRequest(resume_token=token)

    assert violation(parse.watch_alerts, request, coordinator) == "resume_token"


def test_alerts_to_list_and_to_show(coordinator):
    """The caller's, or one of them."""
    listed = parse.list_alerts(alert.ListAlertsRequest(), coordinator)
    shown = parse.show_alert(alert.ShowAlertRequest(alert_id=ALERT), coordinator)
    bad = alert.ShowAlertRequest(alert_id=SHORT)

    assert listed == ListAlerts(caller=COORDINATOR)
    assert shown == ShowAlert(caller=COORDINATOR, alert=ALERT)
    assert violation(parse.show_alert, bad, coordinator) == "alert_id"


NAMED = {"request_id": REQUEST, "alert_id": ALERT, "revision": 7}


def test_alerts_to_change(coordinator):
    """As they were shown."""
    seen = parse.acknowledge_alert(alert.AcknowledgeAlertRequest(**NAMED), coordinator)
    given = parse.hand_over_alert(
        alert.HandOverAlertRequest(**NAMED, region="nord"), coordinator
    )
    closed = parse.close_alert(
        alert.CloseAlertRequest(**NAMED, closing=alert.ALERT_CLOSING_ACCEPTED),
        coordinator,
    )

    assert {(each.alert, each.shown) for each in (seen, given, closed)} == {(ALERT, 7)}
    assert given.region == "nord"
    assert closed.closing is AlertClosing.ACCEPTED


@pytest.mark.parametrize("closing", [0, 99])
def test_a_closing_that_is_none(coordinator, closing):
    """The field is named."""
    request = alert.CloseAlertRequest(**NAMED, closing=closing)

    assert violation(parse.close_alert, request, coordinator) == "closing"


def test_what_somebody_is_told(coordinator):
    """Ids, in order."""
    got = parse.told(iter([ALERT, PERMIT]), coordinator)

    assert got == TellAlerts(caller=COORDINATOR, alerts=(ALERT, PERMIT))
