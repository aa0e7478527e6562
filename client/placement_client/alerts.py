"""Calls about alerts: watch and list them, see what one rests on, work it off.

A stream brings alerts as they change, and between them signs of life. One that has been
silent for ``QUIET`` seconds is lost, whatever the network says: an alarm that nobody
hears is the worst of all.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import grpc

from placement.api.v1 import alert_service_pb2 as wire
from placement.api.v1.alert_service_pb2_grpc import AlertServiceStub
from placement_client.calls import Patience, RequestIds
from placement_client.failures import translate

MAX_STREAM: Final = 600.0
"""Seconds that one stream may take; then the client comes again."""
QUIET: Final = 60.0
"""Seconds without a sign of life after which a stream is given up."""


class AlertCalls:
    """The calls of ``AlertService``.

    Args:
        channel: over it.
        patience: deadline and tries of each call that is no stream.
        request_ids: where the ids of writes come from.
    """

    def __init__(
        self, channel: grpc.Channel, patience: Patience, request_ids: RequestIds
    ) -> None:
        self._stub = AlertServiceStub(channel)
        self._patience = patience
        self._request_ids = request_ids

    def watch(
        self, resume_token: bytes, *, quiet: float = QUIET
    ) -> Iterator[wire.WatchAlertsResponse]:
        """Follow the caller's alerts for a while.

        Nothing is fetched before it is asked for, so that whoever reads slowly makes
        nobody hold what comes.

        Args:
            resume_token: of the last answer, or empty for all that is open.
            quiet: seconds of silence after which the stream is given up.

        Raises:
            PlacementError: the class that the refusal names; ``UnavailableError`` when
                the stream broke or fell silent.
        """
        request = wire.WatchAlertsRequest(resume_token=resume_token)
        call = self._stub.WatchAlerts(request, timeout=MAX_STREAM)
        try:
            while True:
                with _given_up_after(quiet, call):
                    answer = next(call, None)
                if answer is None:
                    return
                yield answer
        finally:
            call.cancel()

    def list(self) -> wire.ListAlertsResponse:
        """List the caller's alerts that are not closed, the oldest first."""
        return self._patience.call(self._stub.ListAlerts, wire.ListAlertsRequest())

    def show(self, alert_id: bytes) -> wire.ShowAlertResponse:
        """Show what an alert rests on."""
        request = wire.ShowAlertRequest(alert_id=alert_id)
        return self._patience.call(self._stub.ShowAlert, request)

    def acknowledge(
        self, alert_id: bytes, revision: int
    ) -> wire.AcknowledgeAlertResponse:
        """Say that somebody has seen an alert, as it was shown at a revision."""
        request = wire.AcknowledgeAlertRequest(
            request_id=self._request_ids.draw(), alert_id=alert_id, revision=revision
        )
        return self._patience.call(self._stub.AcknowledgeAlert, request)

    def hand_over(
        self, alert_id: bytes, region: str, revision: int
    ) -> wire.HandOverAlertResponse:
        """Hand an alert, as it was shown, to a police region or to ``national``."""
        request = wire.HandOverAlertRequest(
            request_id=self._request_ids.draw(),
            alert_id=alert_id,
            region=region,
            revision=revision,
        )
        return self._patience.call(self._stub.HandOverAlert, request)

    def close(
        self, alert_id: bytes, closing: "wire.AlertClosing.ValueType", revision: int
    ) -> wire.CloseAlertResponse:
        """Close an alert, as it was shown at a revision."""
        request = wire.CloseAlertRequest(
            request_id=self._request_ids.draw(),
            alert_id=alert_id,
            closing=closing,
            revision=revision,
        )
        return self._patience.call(self._stub.CloseAlert, request)


class _Cancellable(Protocol):
    """A call that can be ended from outside."""

    def cancel(self) -> object:
        """End it."""


@contextmanager
def _given_up_after(seconds: float, call: _Cancellable) -> Iterator[None]:
    """Cancel a call that answers nothing for so long while it is waited for.

    Raises:
        PlacementError: as ``watch``.
    """
    timer = threading.Timer(seconds, call.cancel)
    timer.daemon = True
    timer.start()
    try:
        yield
    except grpc.RpcError as error:
        raise translate(error) from error
    finally:
        timer.cancel()
