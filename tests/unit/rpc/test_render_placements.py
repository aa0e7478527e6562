"""From replies about permits, placements and alerts to responses, and no cause with them."""

from dataclasses import replace
from itertools import product

import pytest
from kit.commands import CASEWORKER, COORDINATOR
from kit.replied import answer
from kit.world import NOW, TODAY, World, token

from placement.api.v1 import alert_service_pb2 as alert_wire
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.alerts import Alert
from placement.domain.decide.alerts import Listed, Shown
from placement.domain.decide.approvals import ChangeView
from placement.domain.decide.command import Written
from placement.domain.decide.explaining import Hidden, Neighbour, Reason, Visible
from placement.domain.decide.permits import Shown as ShownOverride
from placement.domain.decide.seeing import Explained
from placement.domain.events import ChangeProposed
from placement.domain.facts import Placement
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.terms import (
    AlertClosing,
    AlertKind,
    AlertState,
    PermitGround,
    PlacementState,
    Verdict,
    Window,
)
from placement.rpc import render_placements as render
from placement.rpc.render_facts import fact_of

A, B, C = token("A"), token("B"), token("C")
HOUSE, DECISION = token("house"), token("decision")


def written(*ids):
    return answer(Written(ids=ids, expires_at=NOW + 5))


def contact_of(region):
    return f"phone {region}"


# Releases, overrides, providers


def test_what_waits_and_what_is_made():
    """Ids, in order, and when they lapse."""
    assert render.proposed(written(A)) == place.ProposeOverrideResponse(
        revision=7, override_id=A, expires_at=NOW + 5
    )
    assert render.signed(written(A)) == registry.SignOverrideResponse(
        revision=7, expires_at=NOW + 5
    )
    for change in (b"", C):
        assert render.released(written(A, change)) == registry.ReleasePlaceResponse(
            revision=7, release_id=A, change_id=change, expires_at=NOW + 5
        )
        assert render.stopped(written(change)) == registry.StopProviderResponse(
            revision=7, change_id=change
        )


def a_tie():
    world = World()
    world.tie("h", "2480", danger=True)
    (fact,) = world.state.facts.values()
    return fact


TIE = a_tie()
REASONS = (
    Reason(rule="R6", verdict=Verdict.CONFLICT, links=(Visible(TIE),)),
    Reason(rule="", verdict=Verdict.REVIEW, links=(Hidden("nord"),)),
    Reason(rule="R3", verdict=Verdict.CONFLICT, links=(Neighbour(B, "syd"),)),
)
FINDINGS = [
    alert_wire.Finding(
        rule="R6",
        verdict=wire.VERDICT_CONFLICT,
        links=[
            alert_wire.FindingLink(
                fact=alert_wire.VisibleFact(fact_id=TIE.id, fact=fact_of(TIE))
            )
        ],
    ),
    alert_wire.Finding(
        verdict=wire.VERDICT_REVIEW,
        links=[
            alert_wire.FindingLink(
                hidden=alert_wire.HiddenFact(region="nord", contact="phone nord")
            )
        ],
    ),
    alert_wire.Finding(
        rule="R3",
        verdict=wire.VERDICT_CONFLICT,
        links=[
            alert_wire.FindingLink(
                placement=alert_wire.PlacementLink(
                    case_handle=B, region="syd", contact="phone syd"
                )
            )
        ],
    ),
]
EXPLAINED = Explained(
    verdict=Verdict.CONFLICT,
    real=Verdict.REVIEW,
    reasons=REASONS,
    seen=b"s" * 32,
    needs_second=True,
)
RENDERED = registry.ExplainPlacementResponse(
    verdict=wire.VERDICT_CONFLICT,
    findings=FINDINGS,
    seen=b"s" * 32,
    revision=7,
    needs_second=True,
    real_verdict=wire.VERDICT_REVIEW,
)


def test_an_explanation():
    """Facts without persons, regions to phone, handles; nothing else of anybody."""
    got = render.explained(answer(EXPLAINED), contact_of)

    assert got == RENDERED
    assert token("h", 32) not in got.SerializeToString()


@pytest.mark.parametrize("follow_up", [TODAY + 30, None])
@pytest.mark.parametrize("facility", [HOUSE, None])
def test_an_override(follow_up, facility):
    """What is asked for, by whom, and what it is worth."""
    permit = Permit(
        id=A,
        case=B,
        candidate=Candidate(area="2480", facility=facility),
        window=Window(start=TODAY),
        ground=PermitGround.DECISION,
        verdict=Verdict.CONFLICT,
        seen=(),
        organisation="1280",
        person="cw-01",
        proposed_at=NOW,
        expires_at=NOW + 9,
        follow_up=follow_up,
    )
    shown = ShownOverride(permit=permit, explained=EXPLAINED)

    assert render.override(answer(shown), contact_of) == registry.ShowOverrideResponse(
        case_handle=B,
        candidate=check.Candidate(area="2480", facility=facility or b""),
        window=wire.Window(start_day=TODAY),
        ground=place.OVERRIDE_GROUND_DECISION,
        follow_up_day=follow_up or 0,
        proposed_by="1280/cw-01",
        expires_at=NOW + 9,
        explained=RENDERED,
    )


def test_an_override_that_is_signed():
    """By whom, until when it can be used, and whether it was."""
    permit = Permit(
        id=A,
        case=B,
        candidate=Candidate(area="2480"),
        window=Window(start=TODAY),
        ground=PermitGround.CARE,
        verdict=Verdict.CONFLICT,
        seen=(),
        organisation="1280",
        person="cw-01",
        proposed_at=NOW,
        expires_at=NOW + 14,
        signed_by_organisation="syd",
        signed_by="co-01",
        signed=True,
        used=True,
    )
    shown = ShownOverride(permit=permit, explained=EXPLAINED)
    got = render.override(answer(shown), contact_of)

    assert (got.signed_by, got.used) == ("syd/co-01", True)
    assert (got.proposed_by, got.expires_at) == ("1280/cw-01", NOW + 14)


@pytest.mark.parametrize("told", [EXPLAINED, None])
def test_a_change_that_waits(told):
    """With what the place is worth if it releases one, and nothing else."""
    change = ChangeProposed(
        id=A,
        region="syd",
        person="co-01",
        expires_at=NOW,
        records=(),
        amendments=(),
    )
    view = ChangeView(change=change, facts={}, permits={}, explained=told)
    got = render.change(answer(view), contact_of)

    assert got.change.change_id == A
    assert got.HasField("explained") == (told is not None)
    assert got.explained == (RENDERED if told else registry.ExplainPlacementResponse())


def test_every_ground_has_its_number():
    """The domain's and the wire's are never crossed."""
    named = {
        ground: place.OverrideGround.Name(number)
        for ground, number in render.GROUNDS.items()
    }

    assert named.pop(PermitGround.RELEASED) == "OVERRIDE_GROUND_UNSPECIFIED"
    assert named == {
        ground: f"OVERRIDE_GROUND_{ground.name}"
        for ground in PermitGround
        if ground is not PermitGround.RELEASED
    }


# Alerts


def alert(**given):
    values = {
        "id": A,
        "kind": AlertKind.WORSE,
        "case": B,
        "placement": C,
        "organisation": "1280",
        "before": Verdict.CLEAR,
        "verdict": Verdict.CONFLICT,
        "regions": ("nord", "syd"),
        "raised_at": NOW,
        "acknowledge_by": NOW + 9,
        "revision": 12,
        "told": 11,
        "raised": 11,
        "changed_at": NOW + 2,
        "told_at": NOW + 1,
    }
    return Alert(**(values | given))


def test_an_alert_for_the_police():
    """Which placement, what it is worth, who has it, and until when."""
    known = alert(
        state=AlertState.CLOSED,
        owner="co-01",
        owner_region="syd",
        closing=AlertClosing.MOVED,
        again=True,
        seen=True,
    )

    assert render.alert(known, COORDINATOR).police_alert == alert_wire.PoliceAlert(
        alert_id=A,
        case_handle=B,
        placement_id=C,
        kind=alert_wire.ALERT_KIND_WORSE,
        verdict=wire.VERDICT_CONFLICT,
        before=wire.VERDICT_CLEAR,
        state=alert_wire.ALERT_STATE_CLOSED,
        regions=["nord", "syd"],
        owner="co-01",
        acknowledge_by=NOW + 9,
        raised_at=NOW,
        revision=12,
        closing=alert_wire.ALERT_CLOSING_MOVED,
        told_at=NOW + 2,
        raising=alert_wire.ALERT_RAISING_AGAIN,
        seen=True,
    )


def test_an_alert_for_a_municipality():
    """Which case, and that it must phone."""
    assert render.alert(alert(), CASEWORKER).case_alert == alert_wire.CaseAlert(
        alert_id=A,
        case_handle=B,
        state=alert_wire.ALERT_STATE_RAISED,
        raised_at=NOW,
        revision=11,
        told_at=NOW + 1,
        raising=alert_wire.ALERT_RAISING_FIRST,
    )


def test_an_alert_of_an_older_snapshot():
    """When it changed last was not kept: it says when it was raised, and keeps its size."""
    old = alert(changed_at=0, told_at=0)
    case = render.alert(old, CASEWORKER)

    assert case.case_alert.told_at == NOW
    assert render.alert(old, COORDINATOR).police_alert.told_at == NOW
    assert case.ByteSize() == render.alert(alert(), CASEWORKER).ByteSize()


@pytest.mark.parametrize(
    ("state", "seen", "expected"),
    [
        (AlertState.RAISED, False, alert_wire.ALERT_STATE_RAISED),
        (AlertState.ACKNOWLEDGED, False, alert_wire.ALERT_STATE_RAISED),
        (AlertState.ESCALATED, False, alert_wire.ALERT_STATE_RAISED),
        (AlertState.ESCALATED, True, alert_wire.ALERT_STATE_ACKNOWLEDGED),
        (AlertState.RAISED, True, alert_wire.ALERT_STATE_ACKNOWLEDGED),
        (AlertState.CLOSED, False, alert_wire.ALERT_STATE_CLOSED),
        (AlertState.CLOSED, True, alert_wire.ALERT_STATE_CLOSED),
    ],
)
def test_what_the_police_do_with_it_is_not_told(state, seen, expected):
    """Only whether the own side has seen it, and that it is closed."""
    got = render.alert(alert(state=state, seen=seen), CASEWORKER)

    assert got.case_alert.state == expected


def test_a_municipality_gets_one_size():
    """Whatever happened, how bad it is, who has it and how it ends."""
    sizes, fields = set(), set()
    for kind, verdict, state, seen, again in product(
        AlertKind, Verdict, AlertState, (False, True), (False, True)
    ):
        known = alert(kind=kind, verdict=verdict, state=state, seen=seen, owner="co-01")
        known = replace(known, again=again)
        got = render.alert(known, CASEWORKER)
        sizes.add(len(got.SerializeToString()))
        fields.add(tuple(field.name for field, _ in got.case_alert.ListFields()))

    assert len(sizes) == 1
    assert fields == {tuple(alert_wire.CaseAlert.DESCRIPTOR.fields_by_name)}


def test_a_list():
    """Each as the caller's role sees it."""
    reply = answer(Listed(alerts=(alert(), alert(id=B)), more=True))
    own, police = (render.listed(reply, who) for who in (CASEWORKER, COORDINATOR))

    assert (own.more, police.more) == (True, True)
    assert [each.case_alert.alert_id for each in own.alerts] == [A, B]
    assert [each.police_alert.alert_id for each in police.alerts] == [A, B]


@pytest.mark.parametrize("facility", [HOUSE, None])
@pytest.mark.parametrize("end", [TODAY + 9, None])
def test_an_alert_with_its_cause(facility, end):
    """And where it is about, for which days."""
    stay = Placement(
        id=C,
        case=B,
        area="2480",
        facility=facility,
        valid_from=TODAY,
        valid_to=end,
        state=PlacementState.ACTIVE,
    )
    shown = Shown(alert=alert(), placement=stay, reasons=REASONS)

    assert render.shown(answer(shown), contact_of) == alert_wire.ShowAlertResponse(
        alert=render.police_alert(alert()),
        findings=FINDINGS,
        area="2480",
        facility=facility or b"",
        window=wire.Window(start_day=TODAY, end_day=end),
    )


def test_an_alert_about_a_case_alone():
    """No place, no days."""
    shown = Shown(alert=alert(placement=b""), placement=None, reasons=())
    got = render.shown(answer(shown), contact_of)

    assert {field.name for field, _ in got.ListFields()} == {"alert"}
