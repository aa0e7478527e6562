"""Random lives: what may happen to cases, places, permits and alerts, one after another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from kit import steps
from kit.commands import NATIONAL, approve, check, close_case, show_change
from kit.steps import Stage
from kit.world import token
from placement.domain.decide.command import Command, Outcome
from placement.domain.decide.table import decide
from placement.domain.questions import Candidate
from placement.domain.terms import MICROS_AN_HOUR

AREAS = ("2480", "1280", "0580")
STEPS = (
    *(steps.confirm, steps.confirm, steps.move_in, steps.extend, steps.release),
    *(steps.move_out, steps.abort),
)
ALERTED = (steps.acknowledge, steps.hand_over, steps.close_alert, steps.acknowledge)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that is done; a number chooses to what."""

    name: str
    number: int

    def commands(self, stage: Stage) -> Iterator[Command]:
        """Do it, or yield what is to be decided for it."""
        yield from getattr(self, f"_{self.name}")(stage)

    def _of(self, things: Iterable[Any]) -> Any:
        listed = list(things)
        return listed[self.number % len(listed)]

    def _work(self, stage: Stage) -> Iterator[Command]:
        stage.work()
        yield from ()

    def _wait(self, stage: Stage) -> Iterator[Command]:
        stage.court.later((self.number % 80) * MICROS_AN_HOUR)
        yield from ()

    def _fact(self, stage: Stage) -> Iterator[Command]:
        group, area = "AB"[self.number % 2], self._of(AREAS)
        stage.presence(group, area, approved=self.number % 3 > 0)
        yield from ()

    def _hold(self, stage: Stage) -> Iterator[Command]:
        area = self._of(AREAS)
        house = Candidate(area=area, facility=token("house"))
        yield steps.hold(
            self._of(stage.state.cases), house if area == AREAS[0] else area
        )

    def _step(self, stage: Stage) -> Iterator[Command]:
        if stage.state.placements:
            yield self._of(STEPS)(self._of(stage.state.placements))

    def _close(self, stage: Stage) -> Iterator[Command]:
        reason = ("DONE", "CONSENT_WITHDRAWN")[self.number % 2]
        yield close_case(self._of(stage.state.cases), reason=reason)

    def _stop(self, stage: Stage) -> Iterator[Command]:
        del stage
        yield steps.stop_provider(lift=self.number % 2 > 0)

    def _release(self, stage: Stage) -> Iterator[Command]:
        case, area = self._of(stage.state.cases), self._of(AREAS)
        yield check(case, area)
        explain = steps.explain(case, area=area, caller=NATIONAL)
        shown = decide(stage.state, explain, stage.court.moment).outcome
        if isinstance(shown, Outcome):
            yield steps.release_place(
                case, shown.reply.seen, area=area, caller=NATIONAL
            )

    def _override(self, stage: Stage) -> Iterator[Command]:
        case, area = self._of(stage.state.cases), self._of(AREAS)
        yield steps.propose_override(case, area=area, days=1 + self.number % 3)

    def _sign(self, stage: Stage) -> Iterator[Command]:
        for permit in tuple(stage.state.permits):
            show = steps.show_override(permit)
            shown = decide(stage.state, show, stage.court.moment).outcome
            if isinstance(shown, Outcome):
                yield steps.sign_override(permit, shown.reply.explained.seen)
        for waiting in tuple(stage.state.changes):
            shown = decide(
                stage.state, show_change(waiting), stage.court.moment
            ).outcome
            told = shown.reply.explained if isinstance(shown, Outcome) else None
            yield approve(waiting, seen=told.seen if told else b"")

    def _alert(self, stage: Stage) -> Iterator[Command]:
        alerts = [each.id for each in stage.state.alerts]
        if alerts:
            yield self._of(ALERTED)(self._of(alerts), caller=NATIONAL)


@dataclass(frozen=True, slots=True)
class Life:
    """What is done, in order."""

    deeds: tuple[Deed, ...]

    def lived(self) -> Stage:
        """Let it happen; what is refused does not."""
        stage = Stage()
        stage.facility("house", "firm", AREAS[0])
        stage.rivalry("A", "B")
        for who, group in zip("hr", "AB", strict=True):
            stage.affiliation(who, group)
        for who in ("h", "r", "i"):
            stage.case(who, "c", children=(1,) if who == "i" else ())
        for deed in self.deeds:
            for command in deed.commands(stage):
                stage.court.decide(command)
        return stage


_NAMES = (
    *("hold", "hold", "hold", "fact", "fact", "work", "work", "work", "step", "step"),
    *("wait", "release", "release", "override", "sign", "sign", "alert", "alert"),
    *("close", "stop"),
)
DEEDS = st.builds(Deed, st.sampled_from(_NAMES), st.integers(0, 500))
LIVES = st.builds(Life, st.lists(DEEDS, min_size=8, max_size=40).map(tuple))
