"""Alarms over mutual TLS: who is told what, in which order, and that nothing is lost."""

import time
from contextlib import contextmanager

import pytest
from kit.placing import (
    alarm,
    belongs,
    cover,
    placed,
    raised,
    record,
    retract,
    rivals,
    roomy,
    step,
)
from kit.town import PATHS, Refused, Town, fresh

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.rpc import servicers_placements as servicers

LATE = 60.0  # seconds
CLEAR, REVIEW = wire.VERDICT_CLEAR, wire.VERDICT_REVIEW


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path, **roomy(tmp_path)) as town:
        town._channels |= {
            region: town.served.channel("coordinator", region, "co-77")
            for region in ("nord", "vast")
        }
        cover(town)
        yield town


# Following


class Watch:
    """Somebody who follows their alerts, and remembers how far they came."""

    def __init__(self, stream):
        self._stream = stream
        self.alerts = []
        self.token = b""

    def read(self):
        """Read one answer."""
        answer = alert.WatchAlertsResponse.FromString(next(self._stream))
        self.token = answer.resume_token
        self.alerts += answer.alerts
        return answer

    def __call__(self, count):
        """Read on until there are so many alerts."""
        while len(self.alerts) < count:
            self.read()
        return self.alerts


@contextmanager
def watching(town, who, token=b""):
    """Follow somebody's alerts until the block ends; wait for the first answer."""
    request = alert.WatchAlertsRequest(resume_token=token)
    ask = town.channel(who).unary_stream(PATHS["WatchAlerts"])
    stream = ask(request.SerializeToString(), timeout=LATE)
    watch = Watch(stream)
    watch.read()
    try:
        yield watch
    finally:
        stream.cancel()


def of_may(town):
    """Place somebody of a group whose rivals are active there."""
    case = town.opened("worker")
    belongs(town, case, town.group)
    record(town, town.fact_of(presence=town.presence(group=town.other, area="2480")))
    return placed(town, case)


def test_a_rivalry_of_june_alarms_a_placement_of_may(town):
    """Both regions learn the verdicts, the municipality that it must phone."""
    placement = of_may(town)
    town.settled()
    with (
        watching(town, "worker") as worker,
        watching(town, "coordinator") as syd,
        watching(town, "nord") as nord,
        watching(town, "vast") as vast,
        watching(town, "neighbour") as neighbour,
    ):
        rivals(town)
        began = time.monotonic()
        told = [watch(1)[0] for watch in (worker, syd, nord)]
        took = time.monotonic() - began
        others = [watch.alerts for watch in (vast, neighbour)]
    known = raised(town, placement)
    case, *police = told

    assert took < 5  # seconds; the promise is 1, and the machine is shared
    assert case.WhichOneof("alert") == "case_alert"
    assert case.case_alert == alert.CaseAlert(
        alert_id=known.id,
        case_handle=known.case,
        state=alert.ALERT_STATE_RAISED,
        raised_at=known.raised_at,
        revision=known.revision,
        told_at=known.raised_at,
        raising=alert.ALERT_RAISING_FIRST,
    )
    for each in police:
        assert each.police_alert.placement_id == placement
        assert each.police_alert.before == CLEAR
        assert each.police_alert.verdict == REVIEW
        assert list(each.police_alert.regions) == ["nord", "syd"]
    assert others == [[], []]


def test_a_municipality_gets_one_size_whatever_the_cause(town):
    """REVIEW or CONFLICT, once or again: as many bytes, and no more answers."""
    mild = placed(town)
    grave = of_may(town)
    town.settled()
    with watching(town, "worker") as worker:
        alarm(town, mild)
        worker(1)
        rivals(town, severity=3)
        worker(2)
        # What the police do with it is not the municipality's.
        known = raised(town, grave)
        acknowledge(town, "nord", known)
        hand_over(town, "nord", known)
        alarm(town, mild, "2480")
        got = worker(3)
    sizes = {len(each.SerializeToString()) for each in got}

    assert len(sizes) == 1
    assert [each.case_alert.alert_id for each in got][1] == known.id
    assert {len(each.case_alert.ListFields()) for each in got} == {7}


def test_watching_begins_with_what_is_open(town):
    """And goes on behind a token with what changed, in the order of the changes."""
    first, second = alarm(town), alarm(town)
    with watching(town, "coordinator") as watch:
        begun = [each.police_alert.alert_id for each in watch(2)]
        token = watch.token
    acknowledge(town, "coordinator", first)
    third = alarm(town)
    close(town, "coordinator", first)
    with watching(town, "coordinator", token) as watch:
        later = [(e.police_alert.alert_id, e.police_alert.state) for e in watch(2)]
    with watching(town, "coordinator") as watch:
        anew = [each.police_alert.alert_id for each in watch(2)]

    assert begun == [first.id, second.id]
    assert later == [
        (third.id, alert.ALERT_STATE_RAISED),
        (first.id, alert.ALERT_STATE_CLOSED),
    ]
    assert anew == [second.id, third.id]


def test_every_alert_told_stands_in_the_log_first(town):
    """What somebody was told is an entry that names it."""
    known = alarm(town)
    first = town.settled().leaves
    with watching(town, "worker") as watch:
        watch(1)
    entries = town.entries(first)
    told = [
        details.outline.objects
        for entry, details in zip(entries, town.details(first), strict=True)
        if entry.action == "ALERT_TELL"
    ]

    assert [entry.action for entry in entries][:2] == ["ALERT_WATCH", "ALERT_TELL"]
    assert told == [(known.id,)]


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_across_a_restart(tmp_path):
    """Whatever came while nobody followed, and while no server was up."""
    town = Town(tmp_path, **roomy(tmp_path))
    with town:
        cover(town)
        with watching(town, "coordinator") as watch:
            seen = [alarm(town), alarm(town)]
            got, token = list(watch(2)), watch.token
        seen.append(alarm(town))
        placement = placed(town)
    town._channels.clear()
    town.served.start()
    try:
        seen.append(alarm(town, placement))
        with watching(town, "coordinator", token) as watch:
            watch(2)
            seen.append(alarm(town))
            got += watch(3)
    finally:
        for channel in town._channels.values():
            channel.close()
        town.served.stop()

    assert [each.police_alert.alert_id for each in got] == [each.id for each in seen]


@pytest.mark.slow
def test_more_than_one_answer_holds(town, monkeypatch):
    """Who begins late gets all of it in order, some at a time, and then a rest."""
    monkeypatch.setattr(servicers, "MAX_FOLLOWED", 3)
    expected = [alarm(town).id for _ in range(7)]
    with watching(town, "coordinator") as watch:
        sizes = [len(watch.alerts)]
        while sizes[-1]:
            sizes.append(len(watch.read().alerts))
        middle = [each.police_alert.alert_id for each in watch.alerts]
    with watching(town, "coordinator", watch.token) as again:
        rest = list(again.alerts)

    assert sizes == [3, 3, 1, 0]
    assert (middle, rest) == (expected, [])


def test_a_token_is_one_persons(town):
    """Neither a colleague nor another role goes on with it."""
    with watching(town, "coordinator") as watch:
        token = watch.token
    for who in ("second", "worker"):
        request = alert.WatchAlertsRequest(resume_token=token)
        got = town.call(who, "WatchAlerts", request)

        assert isinstance(got, Refused)
        assert got.fields == ["resume_token"]


@pytest.mark.slow
def test_a_consumer_that_never_reads(town):
    """Nobody else waits for it."""
    ask = town.channel("coordinator").unary_stream(PATHS["WatchAlerts"])
    lazy = ask(alert.WatchAlertsRequest().SerializeToString(), timeout=LATE)
    expected = [alarm(town).id for _ in range(12)]
    with watching(town, "second") as watch:
        got = [each.police_alert.alert_id for each in watch(12)]
    lazy.cancel()

    assert got == expected


# What becomes of an alert


def change(town, method, who, known, revision=None, **given):
    """Change an alert, as it stands unless told."""
    if revision is None:
        stands = town.state().alerts[known.id]
        revision = stands.told if who == "worker" else stands.revision
    request = getattr(alert, f"{method}Request")(
        request_id=fresh(), alert_id=known.id, revision=revision, **given
    )
    return town.call(who, method, request)


def acknowledge(town, who, known):
    assert isinstance(change(town, "AcknowledgeAlert", who, known), bytes)


def hand_over(town, who, known, region="vast"):
    got = change(town, "HandOverAlert", who, known, region=region)
    assert isinstance(got, bytes)


def close(town, who, known):
    closing = alert.ALERT_CLOSING_NO_DANGER
    assert isinstance(change(town, "CloseAlert", who, known, closing=closing), bytes)


def listed(town, who):
    answer = town.done(
        who, "ListAlerts", alert.ListAlertsRequest(), alert.ListAlertsResponse
    )
    assert not answer.more
    return list(answer.alerts)


def test_the_life_of_an_alert(town):
    """Seen by the municipality, taken on, handed over, taken on there, closed."""
    known = alarm(town)
    assert listed(town, "vast") == []
    acknowledge(town, "worker", known)
    acknowledge(town, "coordinator", known)
    hand_over(town, "coordinator", known)
    (there,) = listed(town, "vast")
    too_early = change(
        town, "CloseAlert", "vast", known, closing=alert.ALERT_CLOSING_MOVED
    )
    acknowledge(town, "vast", known)
    (case,) = listed(town, "worker")
    close(town, "vast", known)
    after = [listed(town, who) for who in ("worker", "coordinator", "vast")]
    twice = change(town, "AcknowledgeAlert", "vast", known)

    assert there.police_alert.owner == ""
    assert list(there.police_alert.regions) == ["nord", "syd", "vast"]
    assert case.case_alert.state == alert.ALERT_STATE_ACKNOWLEDGED
    assert too_early.reason == twice.reason == "CONTRADICTION"
    assert after == [[], [], []]


def test_what_was_raised_again_is_not_acknowledged_unseen(town):
    """Whoever has an older form of it is told to look again."""
    placement = of_may(town)
    known = alarm(town, placement)
    acknowledge(town, "coordinator", known)
    rivals(town, severity=3)
    again = raised(town, placement)
    late, guessed = (
        change(town, "AcknowledgeAlert", "coordinator", known, revision)
        for revision in (known.revision, 2**62)
    )
    acknowledge(town, "coordinator", again)

    assert (again.id, again.verdict) == (known.id, 4)
    assert (late.code.name, late.reason) == ("ABORTED", "STALE")
    assert (guessed.code.name, guessed.reason) == ("ABORTED", "STALE")


def test_a_better_picture_raises_nothing(town):
    """What it rested on was never true: the alert waits for who closes it."""
    placement = placed(town)
    case = town.state().placements[placement].case
    tie = wire.Tie(
        person=wire.Person(case_member=wire.CaseMember(case_handle=case)), area="2480"
    )
    fact = record(town, town.fact_of(tie=tie))
    known = raised(town, placement)
    retract(town, fact)
    town.settled()
    state = town.state()

    assert state.placements[placement].verdict == CLEAR
    assert list(state.alerts.not_closed()) == [known]


def test_an_end_before_the_alarm_raises_nothing(town):
    """Nobody is there any more."""
    placement = of_may(town)
    ending = {"placement_id": placement, "valid_to_day": town.today}
    step(town, "EndPlacement", place.EndPlacementResponse, **ending)
    rivals(town, severity=3)
    town.settled()

    assert list(town.state().alerts.not_closed()) == []
