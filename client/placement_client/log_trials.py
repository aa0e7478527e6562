"""What only the log can tell: whether it is the one seen before, and who cosigned it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from placement.errors import NotFoundError, PlacementError, TamperedError
from placement_client.failures import condemned
from placement_client.findings import Finding, bad, doubtful, good
from placement_client.log_steps import Log
from placement_client.trust import LogView, Policy

_HISTORY: Final = "history"
_WITNESSES: Final = "witnesses"
_STOP: Final = "stop, and phone the operator and the auditors."
_SHRUNK: Final = (
    f"The log says that it has no entry, and this context has seen some: {_STOP}"
)
_OTHER: Final = f"The log shows another history than this context has seen: {_STOP}"
_UNSIGNED: Final = f"The pinned key did not sign the log's newest checkpoint: {_STOP}"
_FORGED: Final = f"What a pinned witness is said to have signed, it did not: {_STOP}"
_DAMAGED: Final = (
    "What this context has seen of the log is damaged: keep the folder `log` as it is, "
    "and phone the auditors."
)


def try_log(log: Log, view: LogView) -> Iterator[Finding]:
    """Hold the log against what was seen of it, and count witnesses; keep nothing."""
    looks: dict[str, Callable[[], Finding]] = {
        _HISTORY: lambda: good(_HISTORY, _compared(log, view))
    }
    if view.policy.witnesses:
        looks[_WITNESSES] = lambda: _counted(log, view.policy)
    for step, look in looks.items():
        try:
            yield look()
        except TamperedError as error:
            yield bad(step, " ".join(error.notes) or error.text)
        except PlacementError as error:
            yield bad(step, f"The log was asked in vain. {error.text}")


def _compared(log: Log, view: LogView) -> str:
    """Hold the newest checkpoint against the one seen before.

    Raises:
        TamperedError: with what to do as its note.
    """
    with _or(_DAMAGED):
        seen = view.newest()
    try:
        with _or(_UNSIGNED):
            found = view.policy.signed(log.checkpoint())
    except NotFoundError as error:
        if seen is not None:
            raise TamperedError().because(_SHRUNK) from error
        return "The log has no entry yet; there is nothing to compare."
    with _or(_OTHER):
        view.require(found, log.consistency)
    if seen is None:
        return "This context has seen nothing of the log before."
    return "The log continues what this context has seen of it."


@contextmanager
def _or(sentence: str) -> Iterator[None]:
    """Say what it means that something within does not verify."""
    try:
        yield
    except TamperedError as error:
        own = condemned(error)
        told = f"{own} Stop, and phone the operator." if own else sentence
        raise TamperedError().because(told) from error


def _counted(log: Log, policy: Policy) -> Finding:
    """Count the pinned witnesses of the newest checkpoint that has cosignatures.

    Raises:
        TamperedError: with what to do as its note.
    """
    try:
        with _or(_FORGED):
            content = _cosigned(log, policy)
            size = policy.signed(content).size
            number = len(policy.cosigners(content))
    except NotFoundError:
        return doubtful(
            _WITNESSES,
            "No witness has cosigned the log yet: if it lasts, ask the operator.",
        )
    sentence = (
        f"{number} of {len(policy.witnesses)} pinned witnesses cosigned the newest "
        f"cosigned checkpoint, of size {size}"
    )
    if number < policy.quorum:
        sentence += f"; {policy.quorum} must have: receipts stay pending until they do."
        return doubtful(_WITNESSES, sentence)
    return good(_WITNESSES, f"{sentence}.")


def _cosigned(log: Log, policy: Policy) -> bytes:
    """Return the newest checkpoint with enough cosignatures, else the newest with any."""
    if policy.quorum > 1:
        with suppress(NotFoundError):
            return log.checkpoint(cosignatures=policy.quorum)
    return log.checkpoint(cosignatures=1)
