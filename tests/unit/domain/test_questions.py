"""What a finding gives in the end."""

import pytest

from placement.domain.questions import Assessment, Finding
from placement.domain.terms import Verdict


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("at_most", Verdict)
def test_a_finding_gives_no_more_than_it_may(verdict, at_most):
    """The cap comes last."""
    got = Finding(rule="R1", verdict=verdict, facts=(), at_most=at_most).outcome

    assert got is min(verdict, at_most)


def test_an_assessment_without_findings():
    """Nothing was found, and nothing was missing."""
    got = Assessment(verdict=Verdict.CLEAR)

    assert (got.findings, got.floor) == ((), Verdict.CLEAR)
