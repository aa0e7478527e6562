"""The exception tree."""

from placement import errors


def classes() -> list[type[errors.PlacementError]]:
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PlacementError)
    ]


def test_each_class_has_its_own_reason():
    """No two errors share a reason."""
    reasons = [kind.reason for kind in classes()]

    assert len(set(reasons)) == len(reasons)


def test_invalid_input_names_the_field_only():
    """The text is constant; the field and the phrase stand apart."""
    error = errors.InvalidInputError("window", "is empty")

    assert str(error) == errors.InvalidInputError.text
    assert (error.field, error.description) == ("window", "is empty")


def test_why_is_said_at_this_machine_alone():
    """Behind the text, in order, and never in it."""
    error = errors.UnavailableError()

    assert error.notes == []
    assert error.because("One.", "Two.").because("Three.") is error
    assert error.notes == ["One.", "Two.", "Three."]
    assert str(error) == errors.UnavailableError.text
