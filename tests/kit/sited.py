"""What a server in production needs, in a folder: certificates, a token, settings."""

import os
from hashlib import sha256
from pathlib import Path

import grpc

from kit import tokens
from kit.asking import WITNESSED
from kit.certs import TRUST_DOMAIN, Pki
from placement.audit.note import Signer, render_key
from placement.config import Settings, load
from placement.crypto.signing import SigningKey
from placement.ops.main import main

APART = sha256(b"custodians apart").hexdigest()
OFFICERS = [
    render_key(Signer(name, SigningKey(name.encode().ljust(32, b"-"))).public)
    for name in ("kim", "robin")
]


class Site:
    """A folder with all that a server in production needs, and a token.

    Args:
        folder: empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = tokens.new_token(folder)
        self.pki = Pki(folder)
        self.pki.server()
        (folder / "pki").chmod(0o700)
        (folder / "pki" / "ca.key").rename(folder / "elsewhere.key")
        self.settings = folder / "placement.toml"
        self.write()

    def write(self, **changed: str) -> None:
        """Write the settings; values are TOML."""
        given = {
            "address": '"127.0.0.1:0"',
            "trust_domain": f'"{TRUST_DOMAIN}"',
            "profile": '"production"',
            "custody": '"token"',
            "token": f'"{self.token.label}"',
            "token_module": f'"{self.token.module}"',
            "unlock": '"credential:pin"',
            "witnesses": str(list(WITNESSED["witnesses"])),
            "officers": str(OFFICERS),
            "custodian_id": f'"{APART}"',
        } | changed
        text = "".join(f"{name} = {value}\n" for name, value in given.items())
        self.settings.write_text(text, "utf-8")
        self.settings.chmod(0o600)

    def run(self, *command: str) -> int:
        """Run an operator's command in this process."""
        return main([*command, "--settings", str(self.settings)])

    def make(self) -> None:
        """Make a key in the token, five shares of it, and an empty store."""
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "pin").write_bytes(self.token.pin + b"\n")
        before = os.umask(0o077)
        shares = str(self.folder / "shares")
        assert self.run("custody", "create", "--shares", shares) == 0
        assert self.run("init") == 0
        os.umask(before)

    def load(self) -> Settings:
        """Return the settings."""
        return load(self.settings)

    def connect(self, port: int) -> grpc.Channel:
        """Connect as a caseworker; the authority's key is there just as long."""
        (self.folder / "elsewhere.key").rename(self.folder / "pki" / "ca.key")
        pair = self.pki.client("caseworker", "1280", "cw-01")
        (self.folder / "pki" / "ca.key").rename(self.folder / "elsewhere.key")
        credentials = grpc.ssl_channel_credentials(
            self.pki.ca, pair.key, pair.certificate
        )
        return grpc.secure_channel(f"localhost:{port}", credentials)
