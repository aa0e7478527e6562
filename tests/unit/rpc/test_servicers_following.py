"""Following alerts, in the small: what comes first, what changes, what is logged."""

import asyncio
import time
from concurrent.futures import Future

import pytest
from kit.commands import CASEWORKER, COORDINATOR
from kit.followed import alert
from kit.town import TIMEOUT
from kit.world import token

from placement.access import Action
from placement.api.v1 import alert_service_pb2 as wire
from placement.domain.decide.alerts import TellAlerts, WatchAlerts
from placement.domain.terms import AlertState, Revision
from placement.errors import CertificateError, UnavailableError
from placement.rpc import servicers_placements as servicers
from placement.rpc.desk import CALL, Call, Desk
from placement.rpc.parse_placements import WATCH_SCOPE
from placement.service.batch import Answer
from placement.service.entries import Refused
from placement.service.feed import Feed


class Engine:
    """Answers what a watch asks, and remembers it."""

    def __init__(self):
        self.asked = []
        self.fails = False
        self.serving = True

    def submit(self, item):
        self.asked.append(item)
        future = Future()
        if self.fails and isinstance(item, TellAlerts):
            future.set_exception(UnavailableError())
        else:
            reply = item if isinstance(item, WatchAlerts) else None
            future.set_result(Answer(reply=reply, revision=Revision(1), leaf=0))
        return future

    @property
    def told(self):
        return [each.alerts for each in self.asked if isinstance(each, TellAlerts)]


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture
def watch(engine, feed, ring, bookmarks, monkeypatch):
    """Return a function that reads some answers of somebody's stream.

    Between two of them it does one of the things that it is given.
    """
    monkeypatch.setattr(servicers, "FOLLOW_EVERY", 0.001)
    monkeypatch.setattr(servicers, "MAX_FOLLOWED", 3)
    service = servicers.Alerts(
        Desk(engine, ring, bookmarks), feed, lambda region: f"phone {region}"
    )

    def read(count, *, caller=COORDINATOR, token=b"", between=(), identify=None):
        async def run():
            CALL.set(Call(caller, Action.ALERT_WATCH, identify or (lambda: caller)))
            request = wire.WatchAlertsRequest(resume_token=token)
            stream = service.WatchAlerts(request, None)
            answers, steps = [], iter(between)
            async for answer in stream:
                answers.append(answer)
                if len(answers) == count:
                    break
                next(steps, lambda: None)()
            await stream.aclose()
            return answers

        return asyncio.run(asyncio.wait_for(run(), TIMEOUT))

    return read


def numbers(answer):
    return [each.police_alert.revision for each in answer.alerts]


def until(bookmarks, answer, caller=COORDINATOR):
    """Return the revision that a token leads behind."""
    (number,) = bookmarks.open(caller, WATCH_SCOPE, answer.resume_token, "resume_token")
    return number


def test_the_first_answer_comes_at_once(watch, bookmarks):
    """Though there is nothing: from its token on nothing is missed."""
    (first,) = watch(1)

    assert (numbers(first), until(bookmarks, first)) == ([], 0)


def test_what_is_open_comes_first_in_parts(watch, feed, bookmarks):
    """Then an answer without any says that it was the last."""
    closed = alert(1, state=AlertState.CLOSED)
    feed.publish([closed, *map(alert, (2, 3, 4, 5, 6))], Revision(9))
    first, second, third = watch(3)

    assert [numbers(each) for each in (first, second, third)] == [
        [2, 3, 4],
        [5, 6],
        [],
    ]
    assert [until(bookmarks, each) for each in (first, second, third)] == [4, 9, 9]


def test_then_what_changes(watch, feed):
    """As it stands, also that it is closed."""
    feed.publish([alert(1)], Revision(1))
    changes = [
        lambda: None,
        lambda: feed.publish(
            [alert(2), alert(1, revision=3, state=AlertState.CLOSED)], Revision(3)
        ),
    ]
    got = watch(3, between=changes)

    assert [numbers(each) for each in got] == [[1], [], [2, 3]]


def test_a_token_leads_on(watch, feed, bookmarks):
    """Behind what was told, whatever came since."""
    feed.publish(map(alert, (1, 2, 3, 4)), Revision(5))
    (first,) = watch(1)
    feed.publish([alert(6)], Revision(7))
    (second,) = watch(1, token=first.resume_token)
    (third,) = watch(1, token=second.resume_token)

    assert [numbers(each) for each in (first, second, third)] == [
        [1, 2, 3],
        [4, 6],
        [],
    ]
    assert until(bookmarks, third) == 7


def test_a_server_that_is_behind_loses_nothing(watch, feed, bookmarks):
    """Its feed has not come as far as the token of another server: it waits."""
    token_ = bookmarks.seal(COORDINATOR, WATCH_SCOPE, 8)
    feed.publish([alert(7)], Revision(7))
    late = [lambda: feed.publish([alert(8), alert(9)], Revision(9))]
    first, second = watch(2, token=token_, between=late)

    assert (numbers(first), until(bookmarks, first)) == ([], 8)
    assert (numbers(second), until(bookmarks, second)) == ([9], 9)


def test_others_get_their_own(watch, feed):
    """By organisation or region; the national unit all."""
    feed.publish(
        [
            alert(1),
            alert(2, organisation="0180", regions=("stockholm",)),
            alert(3, organisation="", regions=("vast",)),
        ],
        Revision(3),
    )
    (own,) = watch(1, caller=CASEWORKER)
    (syd,) = watch(1)

    assert [each.case_alert.revision for each in own.alerts] == [1]
    assert numbers(syd) == [1]


def test_a_municipality_is_not_woken_by_what_the_police_do(watch, feed):
    """That somebody takes it on, or that it escalates, tells how bad it is."""
    feed.publish([alert(1)], Revision(1))
    (first,) = watch(1, caller=CASEWORKER)
    escalated = alert(1, revision=2, state=AlertState.ESCALATED)
    feed.publish([escalated], Revision(2))
    (second,) = watch(1, caller=CASEWORKER, token=first.resume_token)
    closed = alert(1, revision=3, told=3, state=AlertState.CLOSED)
    feed.publish([closed], Revision(3))
    (third,) = watch(1, caller=CASEWORKER, token=second.resume_token)

    assert len(first.alerts) == 1
    assert len(second.alerts) == 0
    assert [each.case_alert.state for each in third.alerts] == [wire.ALERT_STATE_CLOSED]


def test_telling_is_an_entry_first(watch, feed, engine):
    """Each answer with alerts, and no other."""
    feed.publish(map(alert, range(1, 5)), Revision(5))
    got = watch(3)

    assert [len(each.alerts) for each in got] == [3, 1, 0]
    assert engine.told == [
        tuple(token(f"alert-{number}") for number in (1, 2, 3)),
        (token("alert-4"),),
    ]


def test_what_can_not_be_logged_is_not_told(watch, feed, engine):
    """The stream ends; whoever comes again gets it."""
    feed.publish([alert(1)], Revision(1))
    engine.fails = True
    with pytest.raises(UnavailableError):
        watch(1)
    engine.fails = False

    assert numbers(watch(1)[0]) == [1]


def test_who_can_not_see_the_log_does_not_go_on(watch, engine, monkeypatch):
    """A stream that says it is alive would say that nothing was raised."""
    monkeypatch.setattr(servicers, "ALIVE_EVERY", 0.0)

    def cut_off():
        engine.serving = False

    with pytest.raises(UnavailableError):
        watch(3, between=[cut_off])


def test_nobody_is_told_whose_certificate_is_refused(watch, feed, engine):
    """Nor does the log say so: it holds the refusal of a new call, and no telling."""
    refusal = CertificateError()

    def identify():
        raise refusal

    feed.publish([alert(1)], Revision(1))
    with pytest.raises(CertificateError):
        watch(1, identify=identify)

    assert engine.told == []
    assert engine.asked[1:] == [Refused(Action.ALERT_WATCH, refusal, None)]


def test_a_sign_of_life(watch, feed, monkeypatch):
    """Now and then, also where nothing is new, with how far it has come."""
    monkeypatch.setattr(servicers, "ALIVE_EVERY", 0.05)
    began = time.monotonic()
    got = watch(4)

    assert [numbers(each) for each in got] == [[]] * 4
    assert time.monotonic() - began >= 0.15
