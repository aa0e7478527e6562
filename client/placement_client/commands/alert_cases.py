"""What an alert does not hold: the own case number, and whom to phone.

An alert has one size whatever happened, and names the case by its handle alone. The
rest a municipality's own case tells. It is fetched once for each case, whatever the
alert is, and no alert waits long for it: where it can't be had, less is said.
"""

from collections.abc import Callable
from typing import Final

from placement.api.v1.alert_service_pb2 import CaseAlert, PoliceAlert
from placement.api.v1.check_service_pb2 import ShowCaseResponse
from placement.errors import PlacementError
from placement_client.calls import Patience
from placement_client.session import Session

_BRIEF: Final = Patience(deadline=2.0, pauses=())


class OwnCases:
    """The cases that alerts are about, as far as they can be seen.

    Args:
        session: returns the one that is in use.
    """

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session
        self._known: dict[bytes, ShowCaseResponse] = {}

    def of(self, alert: CaseAlert | PoliceAlert) -> ShowCaseResponse | None:
        """Return the case of a caseworker's alert; ``None`` where it can't be had."""
        if not isinstance(alert, CaseAlert):
            return None
        handle = alert.case_handle
        if handle not in self._known:
            try:
                seen = self._session().show_case(handle, patience=_BRIEF)
            except (PlacementError, ValueError):  # the latter of a closed connection
                return None
            self._known[handle] = seen
        return self._known[handle]
