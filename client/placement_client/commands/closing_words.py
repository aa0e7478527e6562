"""What becomes of what a case holds and has placed when it is closed."""

from collections.abc import Iterator

from placement.api.v1.check_service_pb2 import OwnPlacement, ShowCaseResponse
from placement_client.areas import areas
from placement_client.stays import has_lapsed, is_confirmed, is_held


def closing_question(case: ShowCaseResponse, at: int) -> str:
    """Ask whether a case shall be closed, with what that does.

    Args:
        case: as it stands.
        at: what time it is, in microseconds.
    """
    return " ".join(_said(case, at))


def still_placed(placement: OwnPlacement) -> str:
    """Say that a household counts on, and how to end that."""
    key = placement.placement_id.hex()
    return (
        f"The household still counts as placed in {_area(placement)}. When it moves out: "
        f"placement placement end {key} --on DATE"
    )


def _said(case: ShowCaseResponse, at: int) -> Iterator[str]:
    yield (
        f"Case {case.reference} takes no further questions then, and can't be opened "
        "again."
    )
    for each in case.placements:
        if is_held(each) and not has_lapsed(each, at):
            yield f"The place held in {_area(each)} is given up."
        if is_confirmed(each):
            yield still_placed(each) + "."
    yield "Close the case?"


def _area(placement: OwnPlacement) -> str:
    code = placement.place.area
    return f"{code} {areas().name(code)}"
