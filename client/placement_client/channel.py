"""The connection: mutual TLS with the files that a profile names.

The server is whoever holds a certificate for the profile's host (or ``server_name``)
that the profile's authority signed; the client is whoever its own certificate says. A
custodian who stands apart is whoever holds one for its own host.
"""

import grpc

from placement_client.credentials import (
    Credentials,
    content,
    read_chain,
    read_credentials,
)
from placement_client.profile import Profile
from placement_client.refusals import evened


def open_channel(profile: Profile) -> grpc.Channel:
    """Open a channel over mutual TLS; nothing is sent before the first call.

    Raises:
        InvalidInputError: a file of the profile can't be used.
    """
    files = read_credentials(profile)
    return _open(profile.server, files, files.ca, profile.server_name)


def open_custodian(profile: Profile, address: str) -> grpc.Channel:
    """Open a channel to a custodian who stands apart, as the same person.

    Raises:
        InvalidInputError: a file of the profile can't be used.
    """
    files = read_credentials(profile)
    ca = files.ca
    if profile.custodian_ca:
        ca = content(profile.custodian_ca, "custodian_ca")
        read_chain(ca, "custodian_ca")
    return _open(address, files, ca, "")


def _open(address: str, files: Credentials, ca: bytes, name: str) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(ca, files.key, files.certificate)
    options: list[tuple[str, str | int]] = [
        ("grpc.use_local_subchannel_pool", 1),
        # Or the second try would fail on the first one's broken connection.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.enable_retries", 0),  # tries are counted in `calls`
    ]
    if name:
        options.append(("grpc.ssl_target_name_override", name))
    return evened(grpc.secure_channel(address, credentials, options))
