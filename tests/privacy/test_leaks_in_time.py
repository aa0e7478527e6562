"""What is held, placed, released and alarmed about names nobody where it must not."""

import grpc
import pytest
from kit.asking import EVERYTHING, PLACING
from kit.leaks import Recorder, found_in, kept, logged
from kit.placing import (
    NO_HOLD,
    alarm,
    belongs,
    confirm,
    cover,
    held,
    hold,
    placed,
    record,
    rivals,
    roomy,
)
from kit.town import GROUND, Town

from placement.access import Role, grants
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.rpc.methods import METHODS

AREAS = ("2480", "0580")
REFERENCE = "QZJX 904417/731"
ACTIONS = {path.rpartition("/")[2]: action for path, action in METHODS.items()}
"""By a method's short name."""


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Do everything once; keep what was used, stored, logged and answered."""
    folder = tmp_path_factory.mktemp("leaks")
    recorders = {who: Recorder() for who in ("worker", "neighbour", "auditor")}
    with logged() as records:
        town = Town(folder, **roomy(folder))
        with town:
            for who, recorder in recorders.items():
                own = grpc.intercept_channel(town.channel(who), recorder)
                town._channels[who] = own
            used = live(town)
            stored = kept(folder)
    received = {who: recorder.received for who, recorder in recorders.items()}
    return used, stored + kept(folder), "\n".join(records).encode(), received


def live(town):
    """Do everything that there is to do; return every secret that was used."""
    cover(town)
    for method, make in PLACING.items():
        who = "worker"
        if ACTIONS[method] not in grants(Role.CASEWORKER):
            who = "coordinator"
        if ACTIONS[method] in grants(Role.AUDITOR):
            who = "auditor"
        assert isinstance(town.call(who, method, make(town, who)), bytes), method
    placement = rival(town)
    confirmed = worse(town)
    alarm(town, placement, "0580")
    town.call("worker", "WatchAlerts", alert.WatchAlertsRequest())
    town.call("worker", "ListAlerts", alert.ListAlertsRequest())
    look(town, confirmed)
    return secrets_of(town)


def rival(town):
    """Let a neighbour come too late for a town; return who came first."""
    rivals(town)
    first, second = town.opened("worker", reference=REFERENCE), town.opened("neighbour")
    belongs(town, first, town.group)
    belongs(town, second, town.other)
    placement = placed(town, first, "0580")
    assert hold(town, second, "0580", who="neighbour").hold_id == NO_HOLD
    return placement


def worse(town):
    """Let a hold be confirmed too late; return the decision."""
    case = town.opened("worker")
    key = held(town, case)
    belongs(town, case, town.group)
    record(town, town.fact_of(presence=town.presence(area="2480")))
    answer = confirm(town, key).answer
    assert answer.verdict.verdict == wire.VERDICT_CONFLICT
    return answer.verdict.decision_id


def look(town, decision):
    """Look at everything as an auditor."""
    requests = {
        "ListEntries": audit.ListEntriesRequest(
            filter=EVERYTHING, page_size=100, ground=GROUND
        ),
        "ListPermits": audit.ListPermitsRequest(ground=GROUND, since=0, until=2**61),
    }
    for method, request in requests.items():
        assert isinstance(town.call("auditor", method, request), bytes)
    export = audit.ExportEntriesRequest(filter=EVERYTHING, ground=GROUND)
    town.stream("auditor", "ExportEntries", export, audit.ExportEntriesResponse)
    replay = audit.ReplayDecisionRequest(decision_id=decision, ground=GROUND)
    town.stream("auditor", "ReplayDecision", replay, audit.ReplayDecisionResponse)


def secrets_of(town):
    """Return everything that is on record, by what it is."""
    town.settled()
    state = town.state()
    stopped = {f"stopped {n}": each for n, each in enumerate(state.stopped)}
    members = {each for case in state.cases.values() for each in case.members}
    owners = {case.handle: case.organisation for case in state.cases.values()}
    return {
        **{f"subject {n}": each for n, each in enumerate(members)},
        **{
            f"{'case' if owner == '1280' else 'foreign case'} {n}": handle
            for n, (handle, owner) in enumerate(owners.items())
        },
        **{f"fact {n}": each for n, each in enumerate(state.facts)},
        **{f"placement {n}": each for n, each in enumerate(state.placements)},
        **{f"permit {n}": each for n, each in enumerate(state.permits)},
        **{f"alert {n}": each.id for n, each in enumerate(state.alerts)},
        **{f"house {n}": each for n, each in enumerate(state.facilities)},
        **{
            f"provider {n}": each
            for n, each in enumerate(state.providers)
            if each not in state.stopped
        },
        **stopped,
        "group": town.group,
        "other group": town.other,
        "reference": REFERENCE,
        **{f"area {area}": area for area in AREAS},
    }


def test_everything_was_done(journey):
    """Each kind of secret is there, and somebody got something."""
    used, _, _, received = journey
    kinds = {name.rpartition(" ")[0] for name in used}

    assert kinds >= {"placement", "permit", "alert", "stopped", "house", "provider"}
    assert len(received["worker"]) > 50
    assert all(len(each) > 1 for each in received.values())


def test_the_database_holds_nothing_in_the_clear(journey):
    """No hold, permit, alert, place or provider in any byte of any file."""
    used, database, *_ = journey

    assert len(database) > 100_000
    assert found_in(database, used) == []


def test_the_logs_hold_nothing(journey):
    """No log line at any level says who, what or where."""
    used, _, logs, _ = journey

    assert logs
    assert found_in(logs, used) == []


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("worker", ("case ", "placement ", "permit ", "alert ")),
        ("neighbour", ("foreign case ",)),
        ("auditor", ("fact ", "placement ", "permit ", "alert ", "stopped ")),
    ],
)
def test_nobody_gets_what_they_may_not(journey, who, allowed):
    """The municipality ids of its own; an auditor ids, and nothing that names anybody."""
    used, _, _, received = journey
    others = {
        name: secret for name, secret in used.items() if not name.startswith(allowed)
    }
    content = b"\n".join(received[who])

    assert len(others) < len(used)
    assert found_in(content, others) == []
    assert found_in(content, used) != []


def test_no_step_has_a_size_of_its_own(journey):
    """CLEAR or CONFLICT, taken or not: as many bytes."""
    *_, received = journey
    sizes, verdicts = set(), set()
    for content in received["worker"]:
        try:
            answer = place.ConfirmHoldResponse.FromString(content)
        except Exception:  # noqa: BLE001 (metadata is no message)
            continue
        if answer.answer.verdict.decision_id and len(answer.contact) > 5:
            sizes.add(len(content))
            verdicts.add(answer.answer.verdict.verdict)

    assert {wire.VERDICT_CLEAR, wire.VERDICT_CONFLICT} <= verdicts
    assert len(sizes - {max(sizes)}) <= 1  # that of a move-in says one thing more


def test_the_search_finds_what_is_there(journey):
    """Else the searches above would say nothing."""
    used = journey[0]

    assert found_in(b"..".join(map(_plain, used.values())), used) == list(used)


def _plain(secret):
    return secret.encode() if isinstance(secret, str) else secret
