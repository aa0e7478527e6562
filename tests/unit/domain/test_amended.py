"""An amendment changes what it says, and nothing else."""

from dataclasses import asdict
from functools import partial

import pytest
from kit.world import World, day

from placement.domain.amended import amended
from placement.domain.events import FactEnded, FactRegraded, FactRetracted
from placement.domain.life_events import FactRenewed
from placement.domain.terms import Grade, Reason, Scheme

GRADED = {"scheme": Scheme.THREE_FIVE_TWO, "given": "3E", "grade": Grade.WEAK}


@pytest.mark.parametrize(
    ("said", "given"),
    [
        (partial(FactEnded, valid_to=day(3)), {"valid_to": day(3)}),
        (FactRetracted, {"retracted": True}),
        (partial(FactRegraded, **GRADED), GRADED),
        (
            partial(FactRenewed, review_by=day(90), reason=Reason(1)),
            {"review_by": day(90)},
        ),
    ],
)
def test_only_what_it_says_is_another(said, given):
    """Whatever kind of fact it is."""
    world = World()
    for key in (world.affiliation("h", "A"), world.presence("A", "1480")):
        fact = world.state.facts[key]

        assert asdict(amended(fact, said(id=key))) == asdict(fact) | given
