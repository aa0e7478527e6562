"""What is wrong with a request, as it is parsed."""

from collections.abc import Callable
from typing import Any

import pytest

from placement.errors import InvalidInputError


def violation(form: Callable[..., object], *args: Any, **given: Any) -> str:
    """Return the field that a request is refused for."""
    with pytest.raises(InvalidInputError) as refused:
        form(*args, **given)
    return refused.value.field
