"""Taking an address."""

import socket

import pytest

from placement.rpc.listening import require_free


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_an_address_that_is_taken_is_told_in_our_words(address, capfd):
    """And in nobody else's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address.strip("[]"), 0), family=family) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            require_free(f"{address}:{port}")
    require_free(f"{address}:{port}")

    assert capfd.readouterr() == ("", "")


def test_an_address_of_another_machine():
    """There is nothing to listen on."""
    with pytest.raises(OSError, match="assign"):
        require_free("192.0.2.1:8443")
