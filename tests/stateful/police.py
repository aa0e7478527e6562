"""What coordinators do: facts come, change and go; people turn out to be one."""

from dataclasses import replace
from math import inf
from typing import Any

import networkx as nx
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from kit.town import fresh
from kit.world import RULESET

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.facts import (
    AnyFact,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.terms import Grade, Scheme, Window
from tests.stateful.base import PICK, PLACES, Stage, firm, one_of
from tests.stateful.plain import ACTIVE, CHANGE_HOURS, CONTRADICTION
from tests.stateful.statements import (
    GRADES,
    SAID,
    days,
    in_the_model,
    link_of,
    must_wait,
    on_the_wire,
)

_SCHEME = Scheme.THREE_FIVE_TWO
AMENDMENTS = st.one_of(
    st.tuples(st.just("end"), st.sampled_from([0, 0, 1, 200])),
    st.tuples(st.just("retract"), st.none()),
    st.tuples(st.just("regrade"), st.sampled_from(GRADES)),
)
"""An ended fact, and how many days ago; one that never was; a new grade."""


class Police(Stage):
    """The coordinators' rules."""

    @rule(said=SAID, when=days(), given=st.sampled_from(GRADES), approve=st.booleans())
    def record(
        self, *, said: tuple[Any, ...], when: dict[str, int], given: str, approve: bool
    ) -> None:
        """Record a fact; where it needs a second coordinator, perhaps approve it."""
        name, stated = self.cast.stated(said)
        when = {field: self.plain.today + day for field, day in when.items()}
        if name == "same_as":
            when.pop("valid_to", None)
        own = {"id": b"", "now": self.plain.now}
        fact = in_the_model(name, stated, when, given, **own)
        sent = on_the_wire(name, stated, when, given)
        request = registry.RecordFactsRequest(request_id=fresh(), facts=[sent])
        got = self.live.call("first", "RecordFacts", request)
        if self._doubles(fact) or self._goes_round(fact):
            assert got == CONTRADICTION
            return
        assert not isinstance(got, str), got
        (key,) = got.fact_ids
        waits = bool(got.change_id)
        assert waits or not must_wait(name, stated)
        assert self.done("RecordFacts", request) == got
        self.plain.facts[key] = replace(fact, id=key, approved=not waits)
        self.at_rest()  # until somebody stands behind it, it gives REVIEW at most
        if waits:
            self._propose(got.change_id, ("approve", key), approve=approve)
            self.at_rest()

    @rule(said=SAID)
    def learn(self, *, said: tuple[Any, ...]) -> None:
        """Record a fact that is certain, and holds for good."""
        self.record(said=said, when={}, given="2B", approve=True)

    def _doubles(self, fact: AnyFact) -> bool:
        """Tell whether there is such a link between two groups at such a time."""
        pair = link_of(fact)
        return pair is not None and any(
            type(each) is type(fact) and link_of(each) == pair and _meet(each, fact)
            for each in self._counting(fact)
        )

    def _goes_round(self, fact: AnyFact) -> bool:
        """Tell whether on some day a faction would make a group a part of itself."""
        if not isinstance(fact, Faction):
            return False
        factions = [
            each for each in (*self._counting(fact), fact) if isinstance(each, Faction)
        ]
        graphs = (
            nx.DiGraph(
                (each.child, each.parent)
                for each in factions
                if _from(each) <= day < _to(each)
            )
            for day in {_from(each) for each in factions}
        )
        return not all(map(nx.is_directed_acyclic_graph, graphs))

    def _counting(self, fact: AnyFact) -> list[AnyFact]:
        """Return what a fact can contradict; one that counts for nothing contradicts none.

        What nobody approved in time is soft, and counts for nothing here.
        """
        if fact.grade is Grade.DISCREDITED:
            return []
        waits = {
            what[1] for until, what in self.waiting.values() if self.plain.now < until
        }
        return [
            each
            for each in self.plain.facts.values()
            if not each.retracted
            and each.grade is not Grade.DISCREDITED
            and (each.approved or each.id in waits)
        ]

    def _propose(self, change: bytes, what: tuple[Any, ...], *, approve: bool) -> None:
        """Let a change wait, or have it approved at once."""
        self.waiting[change] = self.plain.hours(CHANGE_HOURS), what
        if approve:
            self._approve(change)

    def _approve(self, change: bytes) -> None:
        """Have a change approved, if it still can be."""
        expires_at, what = self.waiting.pop(change)
        request = registry.ApproveChangeRequest(request_id=fresh(), change_id=change)
        got = self.live.call("second", "ApproveChange", request)
        overtaken = change in self.plain.overtaken
        if self.plain.now >= expires_at or overtaken or not self._fits(*what):
            assert got == CONTRADICTION
            return
        assert not isinstance(got, str), got
        word, key, *given = what
        match word:
            case "lift":
                self.plain.stopped.discard(key)
            case "approve":
                self.plain.facts[key] = firm(self.plain.facts[key])
            case "end":
                self.plain.facts[key] = replace(
                    self.plain.facts[key], valid_to=given[0]
                )
            case "retract":
                self.plain.facts[key] = replace(self.plain.facts[key], retracted=True)
            case "regrade":
                grade = RULESET.grades[_SCHEME][given[0]]
                fact = replace(self.plain.facts[key], given=given[0], grade=grade)
                self.plain.facts[key] = fact
                self.plain.overtaken |= {
                    other
                    for other, (_, (word, *about)) in self.waiting.items()
                    if word in ("end", "regrade") and about[0] == key
                }

    def _fits(self, word: str, key: bytes, *given: Any) -> bool:
        """Tell whether what a change speaks of stands as it was proposed."""
        if word == "lift":
            return True
        fact = self.plain.facts[key]
        earlier = fact.valid_to is not None and word == "end"
        return not fact.retracted and not (earlier and fact.valid_to < given[0])

    @precondition(lambda self: self.waiting)
    @rule(pick=PICK)
    def approve(self, *, pick: int) -> None:
        """Stand behind a change that has waited, perhaps for too long."""
        self._approve(one_of(self.waiting, pick))
        self.at_rest()

    @precondition(lambda self: self.plain.facts)
    @rule(pick=PICK, amendment=AMENDMENTS, approve=st.booleans())
    def amend(self, *, pick: int, amendment: tuple[str, Any], approve: bool) -> None:
        """Say that a fact ended, or never was; or grade its source anew."""
        fact = one_of(self.plain.facts.values(), pick)
        match amendment:
            case "end", ago:
                self._end(fact, ago, approve=approve)
            case "retract", _:
                self._retract(fact, approve=approve)
            case _, given:
                self._regrade(fact, given, approve=approve)
        self.at_rest()

    def _end(self, fact: AnyFact, ago: int, *, approve: bool) -> None:
        day = self.plain.today - ago
        begun = fact.valid_from is None or fact.valid_from <= day
        if isinstance(fact, SameAs) or fact.retracted or not begun:
            return
        ending = registry.Ending(fact_id=fact.id, valid_to_day=day)
        request = registry.EndFactsRequest(request_id=fresh(), endings=[ending])
        got = self.live.call("first", "EndFacts", request)
        if fact.valid_to is not None and fact.valid_to <= self.plain.today:
            assert got == CONTRADICTION
            return
        assert not isinstance(got, str), got
        assert bool(got.change_id) == (ago > 0 or _may_give_conflict(fact))
        if got.change_id:
            self._propose(got.change_id, ("end", fact.id, day), approve=approve)
        else:
            self.plain.facts[fact.id] = replace(fact, valid_to=day)
            self.plain.ended_alone.add(fact.id)

    def _retract(self, fact: AnyFact, *, approve: bool) -> None:
        request = registry.RetractFactsRequest(request_id=fresh(), fact_ids=[fact.id])
        got = self.live.call("first", "RetractFacts", request)
        if fact.retracted:
            assert got == CONTRADICTION
        else:
            self._propose(got.change_id, ("retract", fact.id), approve=approve)

    def _regrade(self, fact: AnyFact, given: str, *, approve: bool) -> None:
        grade = wire.SourceGrade(scheme=int(_SCHEME), given=given)
        regrading = registry.Regrading(fact_id=fact.id, grade=grade)
        request = registry.RegradeFactsRequest(
            request_id=fresh(), regradings=[regrading]
        )
        got = self.live.call("first", "RegradeFacts", request)
        if fact.retracted:
            assert got == CONTRADICTION
        else:
            what = ("regrade", fact.id, given)
            self._propose(got.change_id, what, approve=approve)

    @rule(age=st.sampled_from([None, None, 0, 80, 91]))
    def seldom(self, *, age: int | None) -> None:
        """Attest that the picture was looked at; or stop the provider, or lift that."""
        if age is None:
            self._stop()
        else:
            self.attest(age)
        self.at_rest()

    def _stop(self) -> None:
        lift = self.provider in self.plain.stopped
        request = registry.StopProviderRequest(
            request_id=fresh(), provider=self.provider, lift=lift
        )
        got = self.live.call("first", "StopProvider", request)
        lifting = ("lift", self.provider)
        pending = any(
            what == lifting and self.plain.now < until
            for until, what in self.waiting.values()
        )
        if lift and pending:
            assert got == CONTRADICTION
            return
        assert bool(got.change_id) == lift
        if lift:
            self._propose(got.change_id, lifting, approve=True)
        else:
            self.plain.stopped.add(self.provider)

    @precondition(lambda self: self.plain.cases)
    @rule(pick=PICK, drawn=PLACES, ago=st.sampled_from([0, 10]))
    def state_placement(self, *, pick: int, drawn: tuple[str, bool], ago: int) -> None:
        """Record a placement that stands already; nobody asks whether it may."""
        case, place = one_of(self.plain.cases, pick), self.place(drawn)
        window = Window(start=self.plain.today - ago)
        standing = registry.StandingPlacement(
            case_handle=case,
            area=place.area,
            facility=place.house or b"",
            window=wire.Window(start_day=window.start),
        )
        request = registry.RecordPlacementsRequest(
            request_id=fresh(), placements=[standing]
        )
        (key,) = self.done("RecordPlacements", request).placement_ids
        self.plain.stays[key] = Placement(
            id=key,
            case=case,
            area=place.area,
            facility=place.house,
            valid_from=window.start,
            state=ACTIVE,
        )
        self.plain.stated.add(key)
        self.at_rest()

    @precondition(lambda self: self.plain.alarmed)
    @rule(pick=PICK)
    def close_alert(self, *, pick: int) -> None:
        """Take an alert on, and close it; what gets worse afterwards is a new one."""
        listed = self.done("ListAlerts", alert.ListAlertsRequest()).alerts
        found = one_of(
            [
                each.police_alert
                for each in listed
                if each.police_alert.kind == alert.ALERT_KIND_WORSE
            ],
            pick,
        )
        taken = alert.AcknowledgeAlertRequest(
            request_id=fresh(), alert_id=found.alert_id, revision=found.revision
        )
        closed = alert.CloseAlertRequest(
            request_id=fresh(),
            alert_id=found.alert_id,
            closing=alert.ALERT_CLOSING_NO_DANGER,
            revision=self.done("AcknowledgeAlert", taken).revision,
        )
        self.done("CloseAlert", closed)
        self.plain.alarmed.discard(found.placement_id)
        self.plain.doubtful.discard(found.placement_id)
        self.live.settle()


def _meet(one: AnyFact, other: AnyFact) -> bool:
    """Tell whether two facts hold at one time."""
    return max(_from(one), _from(other)) < min(_to(one), _to(other))


def _from(fact: AnyFact) -> float:
    """Return the day a fact begins; what is unknown reaches for ever."""
    return -inf if fact.valid_from is None else fact.valid_from


def _to(fact: AnyFact) -> float:
    """Return the day a fact ends; likewise."""
    return inf if fact.valid_to is None else fact.valid_to


def _may_give_conflict(fact: AnyFact) -> bool:
    """Tell whether a CONFLICT may rest on a fact alone: nobody ends it alone."""
    if isinstance(fact, Tie):
        return fact.danger
    return isinstance(fact, Rivalry | Faction | Presence | Threat | Located)
