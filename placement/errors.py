"""The one exception tree; each class names its ErrorReason.

Texts are constant: no pseudonym, case, area or name ever stands in one.
``InvalidInputError`` alone carries two words of its own, the name of a field and a
description chosen by the programmer; neither ever repeats what the caller sent.

Invariants:
    * every concrete class has a ``reason`` of its own, equal to a value of the wire's
      ``ErrorReason`` without its prefix;
    * "absent" and "not yours" are the same class, hence the same answer;
    * notes are for whoever sits at the machine that raises: they may name a file, never a
      secret, and never cross the wire.
"""

from typing import ClassVar, Self


class PlacementError(Exception):
    """Everything this project raises deliberately.

    Attributes:
        reason: stable machine-readable reason, UPPER_SNAKE_CASE.
        text: the constant sentence shown to the caller.
        notes: sentences for whoever sits at this machine.
    """

    reason: ClassVar[str] = "INTERNAL"
    text: ClassVar[str] = "No verdict was made. Do not place on this; phone instead."

    def __init__(self) -> None:
        super().__init__(self.text)

    def because(self, *why: str) -> Self:
        """Note sentences for whoever sits at this machine.

        Returns:
            Itself.
        """
        for sentence in why:
            self.add_note(sentence)
        return self

    @property
    def notes(self) -> list[str]:
        """Return what was noted."""
        return list(getattr(self, "__notes__", ()))


class InvalidInputError(PlacementError):
    """A request that can't be what it claims to be.

    Attributes:
        field: the wire's name of the field, for example ``candidates[1].area``.
        description: why, in a constant phrase.
        others: further phrases about the same field.
    """

    reason = "INVALID_INPUT"
    text = "The request is not valid; nothing was stored."

    def __init__(self, field: str, description: str, *others: str) -> None:
        super().__init__()
        self.field = field
        self.description = description
        self.others = others


class AccessDeniedError(PlacementError):
    """The caller's role does not grant this action."""

    reason = "ACCESS_DENIED"
    text = "This certificate does not grant this action."


class CertificateError(PlacementError):
    """The caller's certificate is revoked, expired, or names no known role."""

    reason = "CERTIFICATE_REFUSED"
    text = "This certificate is not accepted. Ask the operator for a new one."


class NotFoundError(PlacementError):
    """Absent, or not yours: deliberately indistinguishable."""

    reason = "NOT_FOUND"
    text = "There is nothing under this handle that you may use."


class ClosedError(PlacementError):
    """The case is closed or consent was withdrawn; which of them is not told."""

    reason = "CASE_CLOSED"
    text = "This case takes no further questions."


class ConflictError(PlacementError):
    """The change contradicts what stands: a duplicate, or something already ended."""

    reason = "CONTRADICTION"
    text = "The change contradicts what is already recorded; nothing was stored."


class RequestReusedError(PlacementError):
    """A request id came back with other content."""

    reason = "REQUEST_ID_REUSED"
    text = "This request id was used for another request; nothing was stored."


class StaleError(PlacementError):
    """The server can't reach the revision that the caller asked for."""

    reason = "STALE"
    text = "This server has not reached the revision asked for. Try again."


class BudgetError(PlacementError):
    """The budget of questions or evaluations is spent."""

    reason = "BUDGET_SPENT"
    text = "The budget for this is spent. Phone the coordinator."


class TamperedError(PlacementError):
    """A seal, proof, chain or signature does not verify."""

    reason = "TAMPERED"
    text = "Stored or received data does not verify. The incident is logged."


class UnavailableError(PlacementError):
    """The service can't answer now; nothing is known to have been stored."""

    reason = "UNAVAILABLE"
    text = "No verdict was made. Do not place on this; try again or phone."


class OverloadedError(UnavailableError):
    """More is asked at this moment than can wait; nothing was stored."""

    reason = "OVERLOADED"
    text = "Too much is asked at this moment; nothing was stored. Try again soon."
