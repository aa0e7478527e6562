"""What a process of its own says of what it could not do."""

import os

import pytest

from placement.errors import UnavailableError
from placement.ops import forked


@pytest.mark.parametrize("why", ["It is not there.", ""])
def test_why_a_custody_does_not_open_is_never_nothing(monkeypatch, why):
    """Whoever reads nothing takes it that all anchors hold."""
    error = UnavailableError()
    if why:
        error.because(why)

    def refuse(*_):
        raise error

    monkeypatch.setattr(forked, "open_custody", refuse)
    told, telling = os.pipe()
    forked.require_anchors(None, None, telling)
    os.close(telling)
    with os.fdopen(told) as file:
        said = file.read()

    assert said == (why or "The custody does not open.")
