"""A refusal says beside its text what helps."""

import pytest
from placement_client.commands.hints import OutdatedError, hinted

from placement.errors import ConflictError, NotFoundError, StaleError


def test_a_refusal_of_the_class_gets_the_sentence():
    """It stays the error that it was."""
    error = NotFoundError()
    with pytest.raises(NotFoundError) as caught, hinted({NotFoundError: "Look there."}):
        raise error

    assert caught.value is error
    assert error.notes == ["Look there."]


def test_what_somebody_saw_is_not_what_a_server_lacks():
    """Where a digest or a revision is named, the first line says what has changed."""
    with pytest.raises(OutdatedError) as caught, hinted({StaleError: "Look again."}):
        raise StaleError
    with pytest.raises(StaleError) as lagging, hinted({}):
        raise StaleError

    assert caught.value.text.startswith("What you saw is not what stands now")
    assert (caught.value.reason, caught.value.notes) == ("STALE", ["Look again."])
    assert lagging.type is StaleError


def test_another_refusal_gets_none():
    """Nobody is sent the wrong way."""
    with pytest.raises(ConflictError) as caught, hinted({NotFoundError: "Look there."}):
        raise ConflictError

    assert caught.value.notes == []
