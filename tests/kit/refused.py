"""What a refusal of the server says."""

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status


def details(error: grpc.RpcError) -> tuple[str, list[str]]:
    """Return the reason and the named fields of a refusal."""
    reason, fields = "", []
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in Status.FromString(value).details:
                info, bad = ErrorInfo(), BadRequest()
                if packed.Unpack(info):
                    reason = info.reason
                elif packed.Unpack(bad):
                    fields = [one.field for one in bad.field_violations]
    return reason, fields
