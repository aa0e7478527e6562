"""The exception tree."""

from placement import errors


def classes() -> list[type[errors.PlacementError]]:
    found = [errors.PlacementError]
    for known in found:
        found.extend(known.__subclasses__())
    return found


def test_each_class_has_its_own_reason():
    """No two errors share a reason."""
    reasons = [kind.reason for kind in classes()]

    assert len(set(reasons)) == len(reasons)


def test_invalid_input_names_the_field_only():
    """The text is constant; the field and the phrase stand apart."""
    error = errors.InvalidInputError("window", "is empty")

    assert str(error) == errors.InvalidInputError.text
    assert (error.field, error.description) == ("window", "is empty")
