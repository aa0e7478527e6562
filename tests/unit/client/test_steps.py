"""A step says how a look went, and why."""

import pytest
from placement_client.steps import Result, Step, tried

from placement.errors import TamperedError, UnavailableError


def refusing(error):
    def look():
        raise error

    return look


def test_a_look_that_goes_well_is_told():
    """In its own words."""
    assert tried("a", lambda: "Fine.", "Not.") == Step("a", Result.OK, "Fine.")


def test_a_failure_is_told_with_its_reason():
    """The reason of the error, if it has one."""
    assert tried("a", refusing(TamperedError()), "Not.").sentence == "Not."
    assert tried("a", refusing(TamperedError().because("Why.")), "Not.") == Step(
        "a", Result.FAILED, "Why."
    )


def test_what_is_no_failure_goes_on():
    """Nobody knows whether it verifies, so no step says so."""
    with pytest.raises(UnavailableError):
        tried("a", refusing(UnavailableError()), "Not.")
