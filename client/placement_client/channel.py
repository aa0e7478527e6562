"""The connection: mutual TLS with the files that a profile names.

The server is whoever holds a certificate for the profile's host (or ``server_name``)
that the profile's authority signed; the client is whoever its own certificate says.
"""

import grpc

from placement_client.credentials import read_credentials
from placement_client.profile import Profile
from placement_client.refusals import evened


def open_channel(profile: Profile) -> grpc.Channel:
    """Open a channel over mutual TLS; nothing is sent before the first call.

    Raises:
        InvalidInputError: a file of the profile can't be used.
    """
    files = read_credentials(profile)
    credentials = grpc.ssl_channel_credentials(files.ca, files.key, files.certificate)
    options: list[tuple[str, str | int]] = [
        ("grpc.use_local_subchannel_pool", 1),
        # Or the second try would fail on the first one's broken connection.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.enable_retries", 0),  # tries are counted in `calls`
    ]
    if profile.server_name:
        options.append(("grpc.ssl_target_name_override", profile.server_name))
    return evened(grpc.secure_channel(profile.server, credentials, options))
