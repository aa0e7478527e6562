"""Who may be placed despite the verdict, and whom a stop of a provider keeps out."""

import pytest
from kit.audited import endanger
from kit.placing import (
    NO_HOLD,
    approve,
    belongs,
    confirm,
    explained,
    far,
    held,
    hold,
    override_shown,
    proposed,
    question_of,
    raised,
    record,
    released,
    signing,
)
from kit.town import GROUND, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.terms import MICROS_A_DAY, AlertKind

ACTIVE = wire.PLACEMENT_STATE_ACTIVE
CLEAR, UNKNOWN = wire.VERDICT_CLEAR, wire.VERDICT_UNKNOWN
CONFLICT = wire.VERDICT_CONFLICT


def registered(town):
    """Return the register of releases and overrides."""
    request = audit.ListPermitsRequest(ground=GROUND, since=0, until=2**61)
    answer = town.done("auditor", "ListPermits", request, audit.ListPermitsResponse)
    return list(answer.permits)


@pytest.mark.slow
def test_an_override_takes_two(town, clock):
    """Held and confirmed despite CONFLICT, in the register, and looked at again."""
    case = town.case = town.opened("worker")
    endanger(town, "2480")
    about = question_of(case, "2480", wire.Window(start_day=town.today))
    assert hold(town, case).hold_id == NO_HOLD
    override = proposed(town, **about)
    waiting = registered(town)
    assert hold(town, case).hold_id == NO_HOLD
    told = override_shown(town, override)
    request = signing(town, override)
    town.done("coordinator", "SignOverride", request, registry.SignOverrideResponse)
    key = held(town, case)
    confirmed = confirm(town, key).answer
    town.settled()
    clock.ahead = 30 * MICROS_A_DAY
    follow_up = raised(town, key, AlertKind.FOLLOW_UP)
    (entry,) = registered(town)

    assert [(each.waits, each.used, each.signed_by) for each in waiting] == [
        (True, False, "")
    ]
    assert told.explained.verdict == CONFLICT
    assert [each.rule for each in told.explained.findings] == ["R6"]
    assert told.proposed_by == "1280/cw-01"
    assert (confirmed.verdict.verdict, confirmed.state) == (CONFLICT, ACTIVE)
    assert (entry.permit_id, entry.override, entry.county) == (override, True, "24")
    assert (entry.waits, entry.used, entry.verdict) == (False, True, CONFLICT)
    assert (entry.proposed_by, entry.signed_by) == ("1280/cw-01", "syd/co-01")
    assert entry.follow_up_day == town.today + 30
    assert entry.case_alias not in (case, b"")
    assert (follow_up.verdict, follow_up.organisation) == (4, "1280")


def test_what_is_added_is_covered_by_nobody(town):
    """An override stands for what was seen when it was signed, and for no more."""
    case = town.case = town.opened("worker")
    endanger(town, "2480")
    about = question_of(case, "2480", wire.Window(start_day=town.today))
    override = proposed(town, **about)
    request = signing(town, override)
    town.done("coordinator", "SignOverride", request, registry.SignOverrideResponse)
    belongs(town, case, town.group)
    record(town, town.fact_of(presence=town.presence(area="2480")))

    assert hold(town, case).hold_id == NO_HOLD


def test_a_release_with_a_child_takes_two(town):
    """Nobody who asks is told of the child: only that it is not held yet."""
    case = town.opened("worker", pseudonyms=[fresh(32), fresh(32)])
    assessed = registry.AssessCaseRequest(
        request_id=fresh(), case_handle=case, none_known=True, children=[1]
    )
    town.done("national", "AssessCase", assessed, registry.AssessCaseResponse)
    about = question_of(case, "2480", far(town))
    without = town.opened("worker")
    alone = question_of(without, "2480", far(town))
    asked = [hold(town, each, window=far(town)) for each in (case, without)]
    assert {each.verdict for each in asked} == {UNKNOWN}
    two, one = released(town, **about), released(town, **alone)
    waits, holds = (hold(town, each, window=far(town)) for each in (case, without))
    approve(town, two.change_id)
    after = hold(town, case, window=far(town))

    assert explained(town, **about).needs_second
    assert (bool(two.change_id), one.change_id) == (True, b"")
    assert (waits.hold_id, waits.verdict) == (NO_HOLD, UNKNOWN)
    assert NO_HOLD not in (holds.hold_id, after.hold_id)
    assert len({each.ByteSize() for each in (*asked, waits, holds, after)}) == 1
    assert {each.override for each in registered(town)} == {False}


def test_a_provider_is_stopped_and_lifted(town):
    """At once by one, and whoever is there is told of; lifted by two."""
    new = registry.RegisterFacilitiesRequest(
        request_id=fresh(), facilities=[registry.NewFacility(area="2480")]
    )
    (house,) = town.done(
        "national", "RegisterFacilities", new, registry.RegisterFacilitiesResponse
    ).facilities
    there = [check.Candidate(area="2480", facility=house.token)]
    case, other = town.opened("worker"), town.opened("worker")
    key = held(town, case, candidates=there)
    confirm(town, key)
    stop = registry.StopProviderRequest(request_id=fresh(), provider=house.provider)
    town.done("coordinator", "StopProvider", stop, registry.StopProviderResponse)
    stopped = hold(town, other, candidates=there)
    told = raised(town, key)
    lift = registry.StopProviderRequest(
        request_id=fresh(), provider=house.provider, lift=True
    )
    lifting = town.done(
        "coordinator", "StopProvider", lift, registry.StopProviderResponse
    )
    still = hold(town, other, candidates=there)
    approve(town, lifting.change_id)
    town.settled()
    free = hold(town, other, candidates=there)

    assert (stopped.verdict, still.verdict, free.verdict) == (CONFLICT, CONFLICT, CLEAR)
    assert (told.before, told.verdict) == (1, 4)
    assert free.hold_id != NO_HOLD
