"""Taking an address to listen on."""

import socket


def require_free(address: str) -> None:
    """Refuse an address that can't be listened on, before gRPC tells it in its own words.

    Raises:
        OSError: it is taken, or none of this machine; it is named as the file is of
            other errors.
    """
    try:
        _bind(address)
    except OSError as error:
        raise OSError(error.errno, error.strerror, address) from error


def _bind(address: str) -> None:
    host, _, port = address.rpartition(":")
    (family, kind, protocol, _, where), *_ = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    with socket.socket(family, kind, protocol) as trial:
        # As gRPC does, or a server that was just stopped would be in its own way.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(where)
