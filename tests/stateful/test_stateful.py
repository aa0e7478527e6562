"""Random lives of placements: a live server and a plain model agree at every step.

``make stateful E=300`` plays more of them, and longer ones.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from placement.domain.terms import MICROS_AN_HOUR
from tests.stateful.base import PLACES, WORKERS
from tests.stateful.moves import Moves
from tests.stateful.police import Police
from tests.stateful.statements import PEOPLE

HOUSEHOLD = st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=2, unique=True)
EXAMPLES = int(os.environ.get("EXAMPLES", "0"))


class Lives(Police, Moves):
    """Everybody's rules, and those of time."""

    @initialize(
        households=st.lists(HOUSEHOLD, min_size=2, max_size=3),
        at_war=st.sampled_from([None, (0, 1), (1, 2)]),
        home=PLACES,
    )
    def begin(
        self,
        *,
        households: list[list[int]],
        at_war: tuple[int, int] | None,
        home: tuple[str, bool],
    ) -> None:
        """Let there be groups with members, who live as near as they may, and a war."""
        for number, people in enumerate(households):
            organisation = sorted(WORKERS)[number % len(WORKERS)]
            self.open(organisation, people, assessed=True, child=False)
        facts = [("affiliation", who, who % 3) for who in range(PEOPLE)]
        wars = [] if at_war is None else [("rivalry", at_war, 3)]
        for said in (*facts, *wars):
            self.learn(said=said)
        for number in range(len(households)):
            self.live_there(pick=number, drawn=home)

    @rule(hours=st.sampled_from([1, 5, 24, 71, 72, 72 * 3]))
    def wait(self, *, hours: int) -> None:
        """Let hours pass; what was held may lapse."""
        self._pass(hours)

    @rule(days=st.sampled_from([1, 1, 2, 5, 10, 30, 91, 181]))
    def wait_days(self, *, days: int) -> None:
        """Let days pass; facts begin, end, cool down; coverage grows old."""
        self._pass(24 * days)

    def _pass(self, hours: int) -> None:
        self.live.clock.now += hours * MICROS_AN_HOUR
        self.plain.now = self.live.clock.now
        self.at_rest()

    @rule(snapshot=st.booleans(), hours=st.sampled_from([0, 0, 1, 73, 24 * 3]))
    def restart(self, *, snapshot: bool, hours: int) -> None:
        """Restart the server; hours may pass while it is down."""
        self.live.stop(snapshot=snapshot)
        self.live.clock.now += hours * MICROS_AN_HOUR
        self.plain.now = self.live.clock.now
        self.live.start()
        self.at_rest(keep=not hours)


Lives.TestCase.settings = settings(
    max_examples=EXAMPLES or 8,
    stateful_step_count=50 if EXAMPLES else 25,
    deadline=None,
    # A short run shows what failed; making that small takes minutes.
    phases=[each for each in Phase if EXAMPLES or each is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.mark.slow
class TestLives(Lives.TestCase):
    """Played by pytest."""
