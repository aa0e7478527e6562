"""What closing a case does, before it is done."""

from kit.asked import NOON
from kit.held import HOLD
from placement_client.commands.closing_words import closing_question

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState

ASKED = (
    "Case SN 1 takes no further questions then, and can't be opened again. Close the "
    "case?"
)


def test_what_is_over_is_not_mentioned():
    """A hold that lapsed, a placement that ended."""
    over = [
        check.OwnPlacement(
            placement_id=HOLD,
            state=PlacementState.PLACEMENT_STATE_HELD,
            expires_at=NOON,
        ),
        check.OwnPlacement(state=PlacementState.PLACEMENT_STATE_ENDED),
    ]
    case = check.ShowCaseResponse(reference="SN 1", placements=over)

    assert closing_question(case, NOON) == ASKED
