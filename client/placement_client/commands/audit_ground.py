"""Why the log is searched: two options that every search must have."""

from dataclasses import dataclass
from typing import Annotated

import typer

from placement.api.v1.audit_service_pb2 import AuditPurpose, Ground
from placement.errors import InvalidInputError
from placement.reference import require_reference
from placement_client.commands.options import choice, chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """Options of every search."""

    purpose: Annotated[str, choice(AuditPurpose, "Why the log is read")]
    matter: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Number of your own matter that it is for; the log keeps it.",
        ),
    ]


def ground(asked: Grounded) -> Ground:
    """Return the ground that options give.

    Raises:
        InvalidInputError: no such purpose, or the number has not the form of one.
    """
    purpose = chosen(AuditPurpose, asked.purpose, field="purpose")
    try:
        require_reference(asked.matter)
    except InvalidInputError as error:
        raise InvalidInputError("matter", error.description) from error
    return Ground(purpose=purpose, matter=asked.matter)
