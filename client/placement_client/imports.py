"""Calls about imports: stage rows, approve them, see how far they have come."""

from collections.abc import Iterator, Sequence

import grpc

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1.import_service_pb2_grpc import ImportServiceStub
from placement.errors import TamperedError
from placement_client.calls import Writes


class ImportCalls:
    """The calls of ``ImportService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = ImportServiceStub(channel)
        self._writes = writes

    def try_rows(self, rows: Sequence[wire.ImportRow]) -> Sequence[wire.RefusedRow]:
        """Return which of some rows would be refused as things stand.

        Raises:
            TamperedError: the answer speaks of other rows.
            PlacementError: the call failed.
        """
        request = wire.TryRowsRequest(rows=rows)
        refused = self._writes.patience.call(self._stub.TryRows, request).refused
        if any(each.position >= len(rows) for each in refused):
            raise TamperedError
        return refused

    def begin(self, rows: int, request_id: bytes) -> bytes:
        """Begin to stage rows; return the import's id.

        Args:
            rows: how many are to come.
            request_id: 16 bytes; the same one begins the same import.
        """
        request = wire.BeginImportRequest(request_id=request_id, rows=rows)
        answer = self._writes.patience.call(self._stub.BeginImport, request)
        self._writes.reached(answer.revision)
        return answer.import_id

    def append(
        self, import_id: bytes, position: int, rows: Sequence[wire.ImportRow]
    ) -> int:
        """Stage rows; return where the next ones stand.

        Raises:
            TamperedError: that is elsewhere than behind these rows.
            PlacementError: the call failed.
        """
        request = wire.AppendRowsRequest(
            import_id=import_id, position=position, rows=rows
        )
        answer = self._writes.patience.call(self._stub.AppendRows, request)
        self._writes.reached(answer.revision)
        if answer.position != position + len(rows):
            raise TamperedError
        return answer.position

    def finish(self, import_id: bytes, digest: bytes) -> wire.FinishImportResponse:
        """Let an import wait for its second person."""
        request = wire.FinishImportRequest(import_id=import_id, digest=digest)
        answer = self._writes.patience.call(self._stub.FinishImport, request)
        self._writes.reached(answer.revision)
        return answer

    def show(self, import_id: bytes, after: int = 0) -> wire.ShowImportResponse:
        """Show how far an import has come, and refused rows behind some."""
        request = wire.ShowImportRequest(import_id=import_id, refused_after=after)
        return self._writes.patience.call(self._stub.ShowImport, request)

    def list_all(self) -> wire.ListImportsResponse:
        """List imports, the oldest first."""
        request = wire.ListImportsRequest()
        return self._writes.patience.call(self._stub.ListImports, request)

    def refused(self, import_id: bytes) -> Iterator[wire.RefusedRow]:
        """Yield every row that was not taken over, in order."""
        after = 0
        while page := self.show(import_id, after).refused:
            yield from page
            after += len(page)

    def rows(self, import_id: bytes, staged: int) -> Iterator[wire.ImportRow]:
        """Yield the staged rows of an import, in order.

        Args:
            import_id: which.
            staged: how many there are.

        Raises:
            TamperedError: the pages don't follow on one another.
        """
        position = 0
        while position < staged:
            request = wire.ReadRowsRequest(import_id=import_id, position=position)
            page = self._writes.patience.call(self._stub.ReadRows, request)
            if page.position != position or not page.rows:
                raise TamperedError
            yield from page.rows
            position += len(page.rows)

    def approve(self, import_id: bytes, digest: bytes) -> wire.ApproveImportResponse:
        """Stand behind another coordinator's import."""
        request = wire.ApproveImportRequest(import_id=import_id, digest=digest)
        return self._writes.make(self._stub.ApproveImport, request)

    def cancel(self, import_id: bytes) -> wire.CancelImportResponse:
        """End an import before it is approved."""
        request = wire.CancelImportRequest(import_id=import_id)
        return self._writes.make(self._stub.CancelImport, request)
