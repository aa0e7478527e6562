"""What is held and placed, and alerts, over the wire."""

import time

import pytest
from kit.asking import REQUESTS
from kit.followed import alert
from kit.placing import NO_HOLD, alarm, cover, placed, roomy
from kit.town import PATHS, Town, fresh

from placement.api.v1 import alert_service_pb2 as wire
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.domain.terms import Revision
from placement.rpc import servicers_placements as servicers


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **roomy(folder)) as town:
        cover(town)
        yield town


MANY = 150_000  # alerts; those on the way are some megabytes
LATE = 60.0  # seconds
WEIGHED = {
    "ConfirmHold": place.ConfirmHoldResponse,
    "MoveIn": place.MoveInResponse,
    "MovePlacement": place.MovePlacementResponse,
}


@pytest.mark.parametrize("method", WEIGHED)
def test_what_is_weighed(town, method):
    """Confirmed, moved in, moved: with verdict, contact and entry."""
    request = REQUESTS[method](town, "worker")
    first = town.head().leaves
    got = town.done("worker", method, request, WEIGHED[method])

    assert got.answer.verdict.verdict == 1
    assert got.answer.verdict.hold_id == NO_HOLD
    assert got.contact == town.served.app.contact_of("1280")
    assert got.leaf_index >= first


def test_what_is_extended_given_up_ended_and_proposed(town):
    """A revision, and what goes with it."""
    extended = town.done(
        "worker",
        "ExtendHold",
        REQUESTS["ExtendHold"](town, "worker"),
        place.ExtendHoldResponse,
    )
    proposed = town.done(
        "worker",
        "ProposeOverride",
        REQUESTS["ProposeOverride"](town, "worker"),
        place.ProposeOverrideResponse,
    )
    revisions = [
        town.done(
            "worker",
            method,
            REQUESTS[method](town, "worker"),
            getattr(place, f"{method}Response"),
        ).revision
        for method in ("ReleaseHold", "EndPlacement", "AbortPlacement")
    ]

    assert extended.expires_at > town.served.clock()
    assert (len(proposed.override_id), proposed.expires_at > 0) == (16, True)
    assert revisions == sorted(set(revisions))


@pytest.mark.parametrize(
    "method",
    [
        "ExplainPlacement",
        "ReleasePlace",
        "ShowOverride",
        "SignOverride",
        "StopProvider",
    ],
)
def test_what_coordinators_say_of_places(town, method):
    """Explained, released, signed, stopped: each is answered with its revision."""
    request = REQUESTS[method](town, "coordinator")
    kind = getattr(registry, f"{method}Response")
    got = town.done("coordinator", method, request, kind)
    told = got.explained if method == "ShowOverride" else got

    assert 0 < told.revision <= town.head().revision


@pytest.mark.parametrize("who", ["worker", "coordinator"])
def test_alerts_are_listed_as_the_role_sees_them(town, who):
    """The municipality's have no cause."""
    known = alarm(town)
    listed = town.done(
        who, "ListAlerts", wire.ListAlertsRequest(), wire.ListAlertsResponse
    )
    kind = "case_alert" if who == "worker" else "police_alert"

    assert {each.WhichOneof("alert") for each in listed.alerts} == {kind}
    assert known.id in {getattr(each, kind).alert_id for each in listed.alerts}


def test_alerts_are_changed(town):
    """Shown, acknowledged, handed over, acknowledged again, closed."""
    known = alarm(town)
    stands = known.revision
    steps = [
        ("AcknowledgeAlert", {}),
        ("HandOverAlert", {"region": "vast"}),
        ("AcknowledgeAlert", {}),
        ("CloseAlert", {"closing": wire.ALERT_CLOSING_ACCEPTED}),
    ]
    states, revisions = [], []
    for method, given in steps:
        request = getattr(wire, f"{method}Request")(
            request_id=fresh(), alert_id=known.id, revision=stands, **given
        )
        kind = getattr(wire, f"{method}Response")
        revisions.append(town.done("coordinator", method, request, kind).revision)
        shown = town.done(
            "coordinator",
            "ShowAlert",
            wire.ShowAlertRequest(alert_id=known.id),
            wire.ShowAlertResponse,
        )
        states.append(wire.AlertState.Name(shown.alert.state).rpartition("_")[2])
        stands = shown.alert.revision

    assert states == ["ACKNOWLEDGED", "RAISED", "ACKNOWLEDGED", "CLOSED"]
    assert revisions == sorted(set(revisions))


@pytest.mark.slow
def test_whoever_never_reads_is_not_kept_for(town, monkeypatch):
    """So many alerts as are on the way, and no more, whatever else there is."""
    monkeypatch.setattr(servicers, "MAX_FOLLOWED", 5_000)
    feed = town.served.app.engine.feed
    numbers = range(MANY, 2 * MANY)
    feed.publish((alert(number) for number in numbers), Revision(2 * MANY))
    first = town.head().leaves
    ask = town.channel("coordinator").unary_stream(PATHS["WatchAlerts"])
    lazy = ask(wire.WatchAlertsRequest().SerializeToString(), timeout=LATE)
    sizes = [0]
    while sizes[-1] == 0 or len(set(sizes[-6:])) > 1:
        time.sleep(0.3)
        told = (each.outline.objects for each in town.details(first))
        sizes.append(sum(map(len, told)))
    busy = placed(town)
    lazy.cancel()

    assert busy
    assert 0 < sizes[-1] < MANY
