"""What can't be held, placed, released or alarmed about; and whose it is, or is not."""

import pytest
from kit.placing import (
    alarm,
    cover,
    explained,
    far,
    held,
    hold,
    placed,
    proposed,
    proposing,
    question_of,
    request,
    roomy,
    wish,
)
from kit.refusing import CONTRADICTION, caseless, invalid, refused
from kit.town import Town, fresh

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire

UNKNOWN = 99


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Somebody holds, somebody is placed, and there is an alert."""
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **roomy(folder)) as town:
        cover(town)
        town.hold = held(town)
        town.placement = placed(town)
        town.alert = alarm(town, town.placement)
        checked = hold(town, town.case, window=far(town))
        assert checked.verdict == wire.VERDICT_UNKNOWN
        town.override = proposed(town, **about(town))
        town.settled()
        yield town


def about(town, **given):
    return question_of(town.case, "2480", far(town)) | given


# Form


SHORT = b"x" * 15
IDS = {
    "ConfirmHold": ("hold_id",),
    "ExtendHold": ("hold_id",),
    "ReleaseHold": ("hold_id",),
    "MoveIn": ("placement_id",),
    "MovePlacement": ("placement_id", "hold_id"),
    "EndPlacement": ("placement_id",),
    "AbortPlacement": ("placement_id",),
}


@pytest.mark.parametrize(
    ("method", "field"), [(m, field) for m, names in IDS.items() for field in names]
)
@pytest.mark.parametrize("bad", [b"", SHORT])
def test_ids_that_are_none(town, method, field, bad):
    """Sixteen bytes, each of them."""
    good = dict.fromkeys(IDS[method], bytes(16)) | {field: bad}

    invalid(town, "worker", method, request(method, **good), field)


@pytest.mark.parametrize("method", IDS)
def test_requests_without_an_id(town, method):
    """A retry could not be told from a second step."""
    given = dict.fromkeys(IDS[method], bytes(16))
    made = getattr(place, f"{method}Request")(**given)

    invalid(town, "worker", method, made, "request_id")


def test_a_hold_is_of_one_place(town):
    """Several may be asked about, one may be held."""
    mode = check.CHECK_MODE_CHECK_AND_HOLD
    asked = town.question("2480", "2482", mode=mode)

    invalid(town, "worker", "CheckPlacement", asked, "candidates")


@pytest.mark.parametrize(("days", "field"), [(-30_000, "valid_to_day"), (1, None)])
def test_the_day_of_an_end(town, days, field):
    """A day of the calendar, and none to come."""
    ending = request(
        "EndPlacement", placement_id=town.placement, valid_to_day=town.today + days
    )

    invalid(town, "worker", "EndPlacement", ending, field or "valid_to_day")


def test_an_end_before_the_beginning(town):
    """Nobody moved out before they could have moved in."""
    ending = request(
        "EndPlacement", placement_id=town.placement, valid_to_day=town.today - 1
    )

    invalid(town, "worker", "EndPlacement", ending, "valid_to_day")


OVERRIDES = [
    ({"ground": UNKNOWN}, "ground"),
    ({"ground": 0}, "ground"),
    ({"follow_up_day": 10**6}, "follow_up_day"),
    ({"candidate": check.Candidate(area="0199")}, "candidate.area"),
    ({"candidate": check.Candidate(area="248")}, "candidate.area"),
    (
        {"candidate": check.Candidate(area="2480", facility=SHORT)},
        "candidate.facility",
    ),
    ({"window": wire.Window(start_day=9, end_day=9)}, "window.end_day"),
    ({"case_handle": SHORT}, "case_handle"),
    ({"request_id": b""}, "request_id"),
]


@pytest.mark.parametrize(("given", "field"), OVERRIDES)
def test_overrides(town, given, field):
    """A ground, a day to look again, a place."""
    made = proposing(town, **about(town))
    for name in given:
        made.ClearField(name)
    made.MergeFrom(place.ProposeOverrideRequest(**given))

    invalid(town, "worker", "ProposeOverride", made, field)


@pytest.mark.parametrize("days", [0, 91])
def test_the_day_to_look_again(town, days):
    """After today, and at most ninety days ahead."""
    made = proposing(town, **about(town))
    made.follow_up_day = town.today + days

    invalid(town, "worker", "ProposeOverride", made, "follow_up_day")


REGISTRY = [
    ("ExplainPlacement", {"case_handle": SHORT}, "case_handle"),
    ("ExplainPlacement", {"candidate": check.Candidate(area="0580")}, "candidate.area"),
    ("ReleasePlace", {"seen": SHORT}, "seen"),
    ("ReleasePlace", {"request_id": SHORT}, "request_id"),
    ("ShowOverride", {"override_id": SHORT}, "override_id"),
    ("SignOverride", {"override_id": SHORT}, "override_id"),
    ("SignOverride", {"seen": SHORT}, "seen"),
    ("StopProvider", {"provider": SHORT}, "provider"),
]


@pytest.mark.parametrize(("method", "given", "field"), REGISTRY)
def test_what_coordinators_ask(town, method, given, field):
    """Ids, digests, and places that the municipality asked about."""
    whole = {
        "ExplainPlacement": about(town),
        "ReleasePlace": about(town, request_id=fresh(), seen=bytes(32)),
        "ShowOverride": {},
        "SignOverride": {
            "request_id": fresh(),
            "override_id": town.override,
            "seen": bytes(32),
        },
        "StopProvider": {"request_id": fresh()},
    }[method] | given
    made = getattr(registry, f"{method}Request")(**whole)

    invalid(town, "coordinator", method, made, field)


def test_what_was_seen_is_what_is_released(town):
    """Neither an older picture nor a made-up one; and nothing that needs no release."""
    town.settled()
    made_up = registry.ReleasePlaceRequest(
        request_id=fresh(), seen=bytes(32), **about(town)
    )
    got, _ = refused(town, "coordinator", "ReleasePlace", made_up)
    clear = about(town, window=wire.Window(start_day=town.today))
    seen = explained(town, **clear).seen
    needless = registry.ReleasePlaceRequest(request_id=fresh(), seen=seen, **clear)
    other, _ = refused(town, "coordinator", "ReleasePlace", needless)

    assert (got.code.name, got.reason) == ("ABORTED", "STALE")
    assert (other.code.name, other.reason) == CONTRADICTION


ALERTS = [
    ("AcknowledgeAlert", {"alert_id": SHORT}, "alert_id"),
    ("AcknowledgeAlert", {"request_id": SHORT}, "request_id"),
    ("HandOverAlert", {"region": "skane"}, "region"),
    ("HandOverAlert", {"alert_id": SHORT}, "alert_id"),
    ("CloseAlert", {"closing": 0}, "closing"),
    ("CloseAlert", {"closing": UNKNOWN}, "closing"),
    ("ShowAlert", {"alert_id": SHORT}, "alert_id"),
    ("WatchAlerts", {"resume_token": b"x"}, "resume_token"),
    ("WatchAlerts", {"resume_token": bytes(60)}, "resume_token"),
]


@pytest.mark.parametrize(("method", "given", "field"), ALERTS)
def test_alerts(town, method, given, field):
    """Ids, regions, reasons and tokens."""
    named = {"alert_id": town.alert.id, "request_id": fresh(), "revision": 10**6}
    closing = {"closing": alert.ALERT_CLOSING_MOVED}
    whole = {
        "HandOverAlert": named | {"region": "vast"},
        "CloseAlert": named | closing,
        "AcknowledgeAlert": named,
    }.get(method, {}) | given
    made = getattr(alert, f"{method}Request")(**whole)

    invalid(town, "coordinator", method, made, field)


# Whose


@pytest.mark.parametrize("method", IDS)
def test_anothers_placement_is_an_unknown_one(town, method):
    """Every byte of the refusal is the same, and so is the entry but for the ids."""
    own = town.hold if "hold_id" in IDS[method] else town.placement
    others, nobodys = (
        refused(
            town,
            "neighbour",
            method,
            request(
                method,
                **dict.fromkeys(IDS[method], key),
                **({"valid_to_day": town.today} if method == "EndPlacement" else {}),
            ),
        )[0]
        for key in (own, fresh())
    )

    assert (others.code.name, others.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert others == nobodys


def test_anothers_case_is_an_unknown_one(town):
    """Neither explained, nor released, nor overridden for whom it does not concern."""
    seen = {"request_id": fresh(), "seen": bytes(32)}
    for who, method, kind, given in (
        ("neighbour", "ProposeOverride", proposing, {}),
        ("vast", "ExplainPlacement", registry.ExplainPlacementRequest, {}),
        ("vast", "ReleasePlace", registry.ReleasePlaceRequest, seen),
    ):
        town._channels.setdefault(
            "vast", town.served.channel("coordinator", "vast", "co-77")
        )
        make = (lambda **a: proposing(town, **a)) if kind is proposing else kind
        theirs, _ = refused(town, who, method, make(**about(town), **given))
        unknown = about(town, case_handle=fresh())
        nobodys, _ = refused(town, who, method, make(**unknown, **given))
        known, none = town.details(town.head().leaves - 2)

        assert (theirs.code.name, theirs.reason) == ("NOT_FOUND", "NOT_FOUND")
        assert theirs == nobodys
        assert caseless(known) == caseless(none)


@pytest.mark.parametrize("method", ["ShowAlert", "AcknowledgeAlert", "CloseAlert"])
def test_anothers_alert_is_an_unknown_one(town, method):
    """A region that has no part in it learns nothing of it."""
    town._channels.setdefault(
        "vast", town.served.channel("coordinator", "vast", "co-77")
    )
    given = {} if method == "ShowAlert" else {"request_id": fresh(), "revision": 10**6}
    if method == "CloseAlert":
        given["closing"] = alert.ALERT_CLOSING_MOVED
    kind = getattr(alert, f"{method}Request")
    theirs, nobodys = (
        refused(town, "vast", method, kind(alert_id=key, **given))[0]
        for key in (town.alert.id, fresh())
    )

    assert (theirs.code.name, theirs.reason) == ("NOT_FOUND", "NOT_FOUND")
    assert theirs == nobodys


def test_a_colleague_cannot_use_another_s_request(town):
    """A request id is one person's, and one content's."""
    case = town.opened("worker")
    first = wish(town, case)
    town.done("worker", "CheckPlacement", first, check.CheckPlacementResponse)
    other = wish(town, case, "0580", request_id=first.request_id)
    town.settled()
    got, _ = refused(town, "worker", "CheckPlacement", other)

    assert (got.code.name, got.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
