"""Look at what is held and placed, to say what a step came to or why it was refused.

A look is one call more, of the municipality's own case. Where it fails, less is said:
nothing that was answered depends on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from placement.api.v1.check_service_pb2 import ShowCaseResponse
from placement.errors import ConflictError, PlacementError
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.refusal_words import Stand, Why
from placement_client.commands.verb import Run
from placement_client.days import day_number, now


def case_seen(run: Run, case_handle: bytes) -> ShowCaseResponse | None:
    """Return a case as it stands; ``None`` where it can't be seen."""
    try:
        return run.session().show_case(case_handle)
    except PlacementError:
        return None


@contextmanager
def reasoned(run: Run, hints: Hints, placement: bytes, why: Why) -> Iterator[None]:
    """Add to a refusal that leaves the block the likely reason, or its hint.

    Args:
        run: of the command.
        hints: a sentence for each class, ``ConflictError`` among them.
        placement: id of what the step is about, 16 bytes.
        why: says the reason by what is seen.
    """
    others = {kind: said for kind, said in hints.items() if kind is not ConflictError}
    try:
        with hinted(others):
            yield
    except ConflictError as error:
        error.because(_reason(run, placement, why) or hints[ConflictError])
        raise


def _reason(run: Run, placement: bytes, why: Why) -> str:
    try:
        seen = run.session().case_with(placement)
        stand = Stand(
            placements=seen.placements,
            at=now(run.clock),
            today=day_number(run.today),
        )
        return why(stand)
    except PlacementError:
        return ""
