"""A refusal says beside its text what helps."""

import pytest
from placement_client.commands.hints import hinted

from placement.errors import ConflictError, NotFoundError


def test_a_refusal_of_the_class_gets_the_sentence():
    """It stays the error that it was."""
    error = NotFoundError()
    with pytest.raises(NotFoundError) as caught, hinted({NotFoundError: "Look there."}):
        raise error

    assert caught.value is error
    assert error.__notes__ == ["Look there."]


def test_another_refusal_gets_none():
    """Nobody is sent the wrong way."""
    with pytest.raises(ConflictError) as caught, hinted({NotFoundError: "Look there."}):
        raise ConflictError

    assert not hasattr(caught.value, "__notes__")
