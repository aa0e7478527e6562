"""A municipality's own case number: its one form, for whoever writes and whoever keeps.

The form has room for a case number, and for no name. What may be a national number, a
date (with 60 added to the day in a coordination number) and four digits, however
parted, must never be sent or stored.
"""

import re
from typing import Final

from placement.errors import InvalidInputError

_FORM: Final = re.compile(
    r"(?:[A-ZÅÄÖ]{1,4}[ ./:-]?)?[0-9]{1,6}(?:[ ./:-][0-9]{1,6}){0,2}"
)
_NATIONAL: Final = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])[0-36-9][0-9]{5}")


def require_reference(text: str, field: str = "reference") -> None:
    """Refuse what is no case number.

    Args:
        text: what was given.
        field: its name on the wire.

    Raises:
        InvalidInputError: not of the form, or it may hold a national number.
    """
    if not _FORM.fullmatch(text):
        phrase = "must be a case number such as SN 2026/1234, with at most 4 letters"
        raise InvalidInputError(field, phrase)
    if _NATIONAL.search("".join(filter(str.isdigit, text))):
        raise InvalidInputError(field, "must not hold a national number")
