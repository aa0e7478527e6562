"""What caseworkers do with what is held: confirm, move, extend, give up, end."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from kit.town import fresh

from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import types_pb2 as wire
from placement.domain.facts import Placement
from placement.domain.terms import PlacementState, Verdict
from tests.stateful.base import PICK, PLACES, one_of
from tests.stateful.municipality import Municipality
from tests.stateful.plain import (
    ABORTED,
    ACTIVE,
    CLEAR,
    CONTRADICTION,
    ENDED,
    HELD,
    HOLD_HOURS,
    place_of,
)

DAYS = st.sampled_from([-1, 0, 0, 1])
"""First day after a household moved out, from today on."""
_any_stay = precondition(lambda self: self.plain.stays)


class Moves(Municipality):
    """The caseworkers' rules, from a hold on."""

    def stay(
        self, pick: int, state: PlacementState, among: list[Placement] | None = None
    ) -> Placement:
        """Return a placement, mostly one that is where it has to be in its life."""
        every = list(self.plain.stays.values()) if among is None else among
        fit = [each for each in every if each.state is state]
        found: Placement = one_of(fit if fit and pick % 5 else every, pick)
        return found

    @_any_stay
    @rule(pick=PICK, retry=st.booleans())
    def confirm(self, *, pick: int, retry: bool) -> None:
        """Confirm a hold."""
        self._confirm(self.stay(pick, HELD), retry=retry)

    @precondition(lambda self: self.plain.cases)
    @rule(pick=PICK, drawn=PLACES)
    def live_there(self, *, pick: int, drawn: tuple[str, bool]) -> None:
        """Go the whole way as far as it goes: hold, confirm, move in."""
        before = set(self.plain.stays)
        case = one_of(self.plain.cases, pick)
        self.hold_place(case, self.place(drawn), self.window((0, None)))
        for key in set(self.plain.stays) - before:
            self._confirm(self.plain.stays[key])
            self._move_in(self.plain.stays[key])

    @_any_stay
    @rule(pick=PICK, drawn=PLACES)
    def move_on(self, *, pick: int, drawn: tuple[str, bool]) -> None:
        """Hold another place for a placed household, and move there."""
        left, before = self.stay(pick, ACTIVE), set(self.plain.stays)
        self.hold_place(left.case, self.place(drawn), self.window((0, None)))
        for key in set(self.plain.stays) - before:
            self._move(left, self.plain.stays[key])

    def _confirm(self, stay: Placement, *, retry: bool = False) -> None:
        request = placement.ConfirmHoldRequest(request_id=fresh(), hold_id=stay.id)
        got = self.live.call(self.worker(stay.case), "ConfirmHold", request)
        why = self.plain.no_confirm(stay.id)
        if why:
            assert got == why
            return
        if self._weighed(stay, got.answer):
            self.plain.change(stay.id, state=ACTIVE, expires_at=None)
        if retry:
            again = self.done("ConfirmHold", request, self.worker(stay.case))

            assert again.answer.state == got.answer.state
        self.at_rest(placing=True)

    def _weighed(self, stay: Placement, answer: placement.PlacementAnswer) -> bool:
        """Compare a verdict, and tell whether it let a placement go on."""
        window, place = self.plain.remaining(stay), place_of(stay)
        assert window is not None
        expected = self.plain.verdict(stay.case, place, window)
        may = self.plain.lets(stay.case, place, window, expected)
        went_on = answer.state == wire.PLACEMENT_STATE_ACTIVE

        assert Verdict(answer.verdict.verdict) == expected
        if stay.state is HELD:
            assert may is None or went_on == may
            if went_on and expected is not CLEAR:
                self.plain.permitted.add(stay.id)
        return went_on

    @_any_stay
    @rule(pick=PICK)
    def move_in(self, *, pick: int) -> None:
        """Say that a household moves in today."""
        self._move_in(self.stay(pick, ACTIVE))

    def _move_in(self, stay: Placement) -> None:
        request = placement.MoveInRequest(request_id=fresh(), placement_id=stay.id)
        got = self.live.call(self.worker(stay.case), "MoveIn", request)
        why = self.plain.no_move_in(stay.id)
        if why:
            assert got == why
            return
        assert self._weighed(stay, got.answer)
        window = self.plain.remaining(stay)
        assert window is not None
        verdict = Verdict(got.answer.verdict.verdict)
        may = self.plain.lets(stay.case, place_of(stay), window, verdict)

        assert may is None or got.moved_in == may
        if got.moved_in:
            self.plain.change(stay.id, moved_in_on=self.plain.today)
        self.at_rest(placing=True)

    @_any_stay
    @rule(pick=PICK, other=PICK)
    def move(self, *, pick: int, other: int) -> None:
        """Move a household from one place to another that is held for it."""
        left = self.stay(pick, ACTIVE)
        hold = self.stay(other, HELD, self.plain.of_case(left.case))
        if hold.id != left.id:
            self._move(left, hold)

    def _move(self, left: Placement, hold: Placement) -> None:
        request = placement.MovePlacementRequest(
            request_id=fresh(), placement_id=left.id, hold_id=hold.id
        )
        got = self.live.call(self.worker(left.case), "MovePlacement", request)
        why = self.plain.no_move(left.id, hold.id)
        if why:
            assert got == why
            return
        if self._weighed(hold, got.answer):
            self.plain.leave(left.id, ENDED, self.plain.today)
            today = self.plain.today
            self.plain.change(hold.id, state=ACTIVE, expires_at=None, moved_in_on=today)
        self.at_rest(placing=True)

    @_any_stay
    @rule(pick=PICK)
    def extend(self, *, pick: int) -> None:
        """Give a hold its whole time again."""
        stay = self.stay(pick, HELD)
        request = placement.ExtendHoldRequest(request_id=fresh(), hold_id=stay.id)
        got = self.live.call(self.worker(stay.case), "ExtendHold", request)
        why = self.plain.no_extension(stay.id)
        if why:
            assert got == why
            return
        assert got.expires_at == self.plain.hours(HOLD_HOURS)
        self.plain.change(stay.id, extended=True, expires_at=got.expires_at)
        self.at_rest()

    @_any_stay
    @rule(pick=PICK, how=st.sampled_from(["release", "abort", "out", "out"]), day=DAYS)
    def leave(self, *, pick: int, how: str, day: int) -> None:
        """Give a hold up; say that nobody moves in, or that a household moved out."""
        if how == "release":
            self._release(self.stay(pick, HELD))
        elif how == "abort":
            self._abort(self.stay(pick, ACTIVE))
        else:
            self._move_out(self.stay(pick, ACTIVE), day)

    def _release(self, stay: Placement) -> None:
        request = placement.ReleaseHoldRequest(request_id=fresh(), hold_id=stay.id)
        got = self.live.call(self.worker(stay.case), "ReleaseHold", request)
        if stay.state is not HELD:
            assert got == CONTRADICTION
            return
        assert not isinstance(got, str), got
        self.plain.leave(stay.id, ABORTED)
        self.at_rest()

    def _move_out(self, stay: Placement, day: int) -> None:
        request = placement.EndPlacementRequest(
            request_id=fresh(),
            placement_id=stay.id,
            valid_to_day=self.plain.today + day,
        )
        got = self.live.call(self.worker(stay.case), "EndPlacement", request)
        begun = stay.valid_from <= self.plain.today + day
        if stay.state is not ACTIVE:
            assert got == CONTRADICTION
        elif day > 0 or not begun:
            assert got == "INVALID_INPUT valid_to_day"
        else:
            assert not isinstance(got, str), got
            self.plain.leave(stay.id, ENDED, self.plain.today + day)
            self.at_rest()

    def _abort(self, stay: Placement) -> None:
        request = placement.AbortPlacementRequest(
            request_id=fresh(), placement_id=stay.id
        )
        got = self.live.call(self.worker(stay.case), "AbortPlacement", request)
        if stay.state is not ACTIVE or stay.moved_in_on is not None:
            assert got == CONTRADICTION
            return
        assert not isinstance(got, str), got
        self.plain.leave(stay.id, ABORTED)
        self.at_rest()
