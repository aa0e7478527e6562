"""What caseworkers do: open cases, ask, hold, get leave where the answer was no."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from kit.town import fresh

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.facts import Case, Placement
from placement.domain.terms import Basis, Verdict, Window
from tests.stateful.base import (
    PICK,
    PLACES,
    WINDOWS,
    WORKERS,
    Stage,
    one_of,
)
from tests.stateful.plain import (
    ABORTED,
    CLEAR,
    CLOSED,
    CONTRADICTION,
    HELD,
    HOLD_HOURS,
    PERMIT_HOURS,
    REVIEW,
    UNKNOWN,
    Permit,
    Place,
)
from tests.stateful.statements import PEOPLE

DENIED = "ACCESS_DENIED"
NO_HOLD = bytes(16)
MOST = 4  # cases

_any_case = precondition(lambda self: self.plain.cases)
_any_stay = precondition(lambda self: self.plain.stays)
Drawn = tuple[str, bool]
Days = tuple[int, int | None]


class Municipality(Stage):
    """The caseworkers' rules, up to a hold."""

    @precondition(lambda self: len(self.plain.cases) < MOST)
    @rule(
        organisation=st.sampled_from(sorted(WORKERS)),
        people=st.lists(
            st.integers(0, PEOPLE - 1), min_size=1, max_size=2, unique=True
        ),
        assessed=st.sampled_from([True, True, True, False]),
        child=st.booleans(),
    )
    def open_case(
        self, *, organisation: str, people: list[int], assessed: bool, child: bool
    ) -> None:
        """Open a case of one or two; perhaps the second is a child."""
        self.open(organisation, people, assessed=assessed, child=child)
        self.at_rest()

    def open(
        self, organisation: str, people: list[int], *, assessed: bool, child: bool
    ) -> None:
        members = tuple(self.cast.people[each] for each in people)
        request = check.OpenCaseRequest(
            request_id=fresh(), pseudonyms=members, reference="SN 1", basis=1
        )
        handle = self.done("OpenCase", request, WORKERS[organisation]).case_handle
        self.plain.cases[handle] = Case(
            handle=handle,
            organisation=organisation,
            reference="SN 1",
            basis=Basis.POLICE,
            members=members,
            opened_at=self.plain.now,
        )
        if assessed:
            self._assess(handle, (1,) if child and len(members) > 1 else ())

    def _assess(self, case: bytes, children: tuple[int, ...]) -> None:
        request = registry.AssessCaseRequest(
            request_id=fresh(), case_handle=case, none_known=True, children=children
        )
        self.done("AssessCase", request)
        known = self.plain.cases[case]
        changes: dict[str, Any] = {"assessed_at": self.plain.now, "children": children}
        self.plain.cases[case] = replace(known, **changes)

    @_any_case
    @rule(pick=PICK, what=st.sampled_from(["assess", "assess", "done", "withdrawn"]))
    def change_case(self, *, pick: int, what: str) -> None:
        """Assess a case, perhaps once more; or close it, and what it holds is given up."""
        case = one_of(self.plain.cases, pick)
        if what != "assess":
            self._close(case, withdrawn=what == "withdrawn")
        elif self.plain.cases[case].closed_at is None:
            self._assess(case, self.plain.cases[case].children)
        self.at_rest()

    def _close(self, case: bytes, *, withdrawn: bool) -> None:
        reason = check.CLOSE_REASON_DONE + withdrawn
        request = check.CloseCaseRequest(
            request_id=fresh(), case_handle=case, reason=reason
        )
        got = self.live.call(self.worker(case), "CloseCase", request)
        known = self.plain.cases[case]
        if known.closed_at is not None:
            assert got == CLOSED
            return
        assert not isinstance(got, str), got
        self.plain.cases[case] = replace(known, closed_at=self.plain.now)
        for stay in self.plain.of_case(case):
            if stay.state is HELD:
                self.plain.leave(stay.id, ABORTED)

    # Asking

    @_any_case
    @rule(pick=PICK, places=st.lists(PLACES, min_size=1, max_size=3), days=WINDOWS)
    def ask(self, *, pick: int, places: list[Drawn], days: Days) -> None:
        """Ask about some places."""
        case, window = one_of(self.plain.cases, pick), self.window(days)
        asked = list(dict.fromkeys(self.place(each) for each in places))
        request = question(case, asked, window, hold=False)
        got = self.live.call(self.worker(case), "CheckPlacement", request)
        if self.plain.cases[case].closed_at is not None:
            assert got == CLOSED
            return
        expected = [self.plain.verdict(case, place, window) for place in asked]

        assert [Verdict(each.verdict) for each in got.verdicts] == expected
        assert {each.hold_id for each in got.verdicts} == {NO_HOLD}

    @_any_case
    @rule(pick=PICK, drawn=PLACES, days=WINDOWS, retry=st.booleans())
    def hold(self, *, pick: int, drawn: Drawn, days: Days, retry: bool) -> None:
        """Ask about a place, and hold it if it may be had."""
        case = one_of(self.plain.cases, pick)
        self.hold_place(case, self.place(drawn), self.window(days), retry=retry)

    def hold_place(
        self, case: bytes, place: Place, window: Window, *, retry: bool = False
    ) -> None:
        """Ask for a place, and compare what came of it."""
        request = question(case, [place], window, hold=True)
        got = self.live.call(self.worker(case), "CheckPlacement", request)
        why = self.plain.no_check(case, hold=True)
        if why:
            assert got == why
            return
        (answer,) = got.verdicts
        expected = self.plain.verdict(case, place, window)
        may = self.plain.lets(case, place, window, expected)
        held = answer.hold_id != NO_HOLD

        assert Verdict(answer.verdict) == expected
        assert may is None or held == may
        if held:
            self._held(case, place, window, answer)
        if retry:  # it finds its hold, but the verdict is of now
            (again,) = self.done("CheckPlacement", request, self.worker(case)).verdicts
            expected = self.plain.verdict(case, place, window)

            assert (again.hold_id, again.verdict) == (answer.hold_id, expected)
        if held:
            self.at_rest(placing=True, keep=True)

    def _held(
        self, case: bytes, place: Place, window: Window, answer: check.CandidateVerdict
    ) -> None:
        """Note a hold."""
        assert answer.hold_expires_at == self.plain.hours(HOLD_HOURS)
        self.plain.stays[answer.hold_id] = Placement(
            id=answer.hold_id,
            case=case,
            area=place.area,
            facility=place.house,
            valid_from=window.start,
            valid_to=window.end,
            state=HELD,
            expires_at=answer.hold_expires_at,
            verdict=Verdict(answer.verdict),
        )
        if answer.verdict != CLEAR:
            self.plain.permitted.add(answer.hold_id)

    @_any_case
    @rule(pick=PICK, drawn=PLACES, days=WINDOWS)
    def release_place(self, *, pick: int, drawn: Drawn, days: Days) -> None:
        """Let a coordinator release a place that was asked about, and hold it."""
        case, place = one_of(self.plain.cases, pick), self.place(drawn)
        window, known = self.window(days), self.plain.cases[case]
        if known.closed_at is not None or known.assessed_at is None:
            return
        asked = question(case, [place], window, hold=False)
        self.done("CheckPlacement", asked, self.worker(case))
        about = {
            "case_handle": case,
            "candidate": candidate(place),
            "window": wire_window(window),
        }
        explained = self.done(
            "ExplainPlacement", registry.ExplainPlacementRequest(**about)
        )
        expected = self.plain.verdict(case, place, window)

        assert Verdict(explained.verdict) == expected
        assert explained.needs_second == bool(known.children)
        request = registry.ReleasePlaceRequest(
            request_id=fresh(), seen=explained.seen, **about
        )
        got = self.live.call("first", "ReleasePlace", request)
        if expected not in (UNKNOWN, REVIEW):
            assert got == CONTRADICTION
            return
        assert bool(got.change_id) == bool(known.children)
        if got.change_id:
            self.hold_place(case, place, window)  # nobody has signed it
            self._sign(got.change_id)
        self.at_rest()
        expected = self.plain.verdict(case, place, window)
        self._permit(case, place, window, expected)
        self.hold_place(case, place, window)

    def _sign(self, change: bytes) -> None:
        show = registry.ShowChangeRequest(change_id=change)
        seen = self.done("ShowChange", show, "second").explained.seen
        request = registry.ApproveChangeRequest(
            request_id=fresh(), change_id=change, seen=seen
        )
        self.done("ApproveChange", request, "second")

    def _permit(
        self,
        case: bytes,
        place: Place,
        window: Window,
        verdict: Verdict,
        until: int | None = None,
    ) -> None:
        permit = Permit(
            case=case,
            place=place,
            window=window,
            verdict=verdict,
            expires_at=self.plain.hours(PERMIT_HOURS),
            until=until,
        )
        self.plain.permits.append(permit)

    @_any_case
    @rule(pick=PICK, drawn=PLACES, days=WINDOWS, signed=st.booleans())
    def override(self, *, pick: int, drawn: Drawn, days: Days, signed: bool) -> None:
        """Ask for a place despite the verdict; once signed, hold it."""
        case, place = one_of(self.plain.cases, pick), self.place(drawn)
        window, known = self.window(days), self.plain.cases[case]
        until = self.plain.today + 90
        request = placement.ProposeOverrideRequest(
            request_id=fresh(),
            case_handle=case,
            candidate=candidate(place),
            window=wire_window(window),
            ground=placement.OVERRIDE_GROUND_CARE,
            follow_up_day=until,
        )
        got = self.live.call(self.worker(case), "ProposeOverride", request)
        if known.closed_at is not None or known.assessed_at is None:
            assert got == (CONTRADICTION if known.closed_at is None else CLOSED)
            return
        if signed:
            show = registry.ShowOverrideRequest(override_id=got.override_id)
            explained = self.done("ShowOverride", show).explained
            verdict = self.plain.verdict(case, place, window)

            assert Verdict(explained.verdict) == verdict
            sign = registry.SignOverrideRequest(
                request_id=fresh(), override_id=got.override_id, seen=explained.seen
            )
            assert self.live.call(self.worker(case), "SignOverride", sign) == DENIED
            self.done("SignOverride", sign)
            self.at_rest()
            self._permit(case, place, window, verdict, until)
        self.hold_place(case, place, window)


def question(
    case: bytes, places: list[Place], window: Window, *, hold: bool
) -> check.CheckPlacementRequest:
    """Ask about places, or ask for one."""
    return check.CheckPlacementRequest(
        request_id=fresh(),
        case_handle=case,
        candidates=[candidate(place) for place in places],
        window=wire_window(window),
        justification=check.JUSTIFICATION_PLANNED,
        mode=check.CHECK_MODE_CHECK_AND_HOLD if hold else check.CHECK_MODE_CHECK,
    )


def candidate(place: Place) -> check.Candidate:
    return check.Candidate(area=place.area, facility=place.house or b"")


def wire_window(window: Window) -> wire.Window:
    return wire.Window(start_day=window.start, end_day=window.end)
