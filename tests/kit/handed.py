"""A folder whose store changes hands: settings for each custody, and the command."""

from contextlib import closing

from kit import tokens
from placement.config import load
from placement.crypto.keyfile import open_signing
from placement.errors import TamperedError, UnavailableError
from placement.ops.custodies import open_custody
from placement.ops.main import main
from placement.service.custodian import Custodian, next_path
from placement.store.log import Store

WORDS = "credential:words"


class Place:
    """A folder with settings for each custody; the store begins in a plain file."""

    def __init__(self, folder, **given):
        self.folder = folder
        self.given = given
        credentials = folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "words").write_text("åtta hästar står stilla\n", "utf-8")
        (credentials / "pin").write_bytes(tokens.PIN + b"\n")
        self.write("file", custody="file")
        self.write("words", custody="passphrase", unlock=WORDS, store_key="words.key")
        assert self.run("file", "init") == 0

    def write(self, name, **given):
        text = "".join(
            f'{key} = "{value}"\n' for key, value in (self.given | given).items()
        )
        (self.folder / f"{name}.toml").write_text(text, "utf-8")

    def token(self, name):
        made = tokens.new_token(self.folder)
        where = {"token": made.label, "token_module": made.module}
        self.write(name, custody="token", unlock="credential:pin", **where)
        assert self.create(name) == 0

    def create(self, name):
        shares = str(self.folder / f"shares of {name}")
        return self.run(name, "custody", "create", "--shares", shares)

    def run(self, name, *command):
        return main([*command, "--settings", str(self.folder / f"{name}.toml")])

    def change(self, old, new, *more):
        before = str(self.folder / f"{old}.toml")
        return self.run(new, "custody", "change", "--from", before, *more)

    def begin_changeover(self, name):
        """Make the next key; return its public key."""
        assert self.run(name, "changeover", "next") == 0
        return self.next_key(name)

    def next_key(self, name):
        settings = self.load(name)
        with closing(open_custody(settings)) as custody:
            return Custodian.open(next_path(settings.custodian_key), custody).public_key

    def load(self, name):
        return load(self.folder / f"{name}.toml")

    def opens(self, name):
        """Tell whether everything opens by one custody alone."""
        settings = self.load(name)
        with closing(open_custody(settings)) as custody:
            try:
                Store.open(settings.database, custody, settings.keys).close()
                open_signing(settings.log_key, custody).sign(b"")
                Custodian.open(settings.custodian_key, custody)
                beside = next_path(settings.custodian_key)
                if beside.exists():
                    Custodian.open(beside, custody)
            except (TamperedError, UnavailableError):
                return False
        return True
