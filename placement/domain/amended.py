"""A fact as an amendment leaves it."""

from dataclasses import replace
from typing import assert_never

from placement.domain.events import (
    FactAmendment,
    FactEnded,
    FactRegraded,
    FactRetracted,
)
from placement.domain.facts import AnyFact
from placement.domain.life_events import FactRenewed


def amended(fact: AnyFact, amendment: FactAmendment) -> AnyFact:
    """Return a fact as it stands once it is amended."""
    match amendment:
        case FactEnded(valid_to=valid_to):
            return replace(fact, valid_to=valid_to)
        case FactRetracted():
            return replace(fact, retracted=True)
        case FactRegraded(scheme=scheme, given=given, grade=grade):
            return replace(fact, scheme=scheme, given=given, grade=grade)
        case FactRenewed(review_by=review_by):
            return replace(fact, review_by=review_by)
        case _ as never:
            assert_never(never)
