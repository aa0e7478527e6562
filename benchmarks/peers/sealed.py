"""The same query on columns that pgcrypto encrypts.

People and groups are HMACs, so that they can be looked up; kinds and severities are AES
without a nonce, and nobody would notice another value there; areas are plain. The key
stands in the database's functions: whoever runs the database can open everything, which is
why it is no answer for the service. PostgreSQL is the machine's own, since the wheel's has
no pgcrypto.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.nation import Nation
from benchmarks.peers.sql import Postgresql

_PATIENCE: Final = 30.0  # seconds
_FUNCTIONS: Final = """
CREATE EXTENSION pgcrypto;
CREATE FUNCTION tag(integer) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT hmac($1::text, 'a key', 'sha256') $$;
CREATE FUNCTION closed(integer) RETURNS bytea LANGUAGE sql
    AS $$ SELECT encrypt($1::text::bytea, 'sixteen bytes 16', 'aes') $$;
CREATE FUNCTION opened(bytea) RETURNS integer LANGUAGE sql IMMUTABLE
    AS $$ SELECT convert_from(decrypt($1, 'sixteen bytes 16', 'aes'), 'utf8')::integer $$;
"""
_CLOSED: Final = {
    "affiliation": {"person": "tag", "grp": "tag"},
    "rivalry": {"one": "tag", "other": "tag", "severity": "closed"},
    "presence": {"grp": "tag", "kind": "closed"},
    "placement": {"person": "tag"},
}
_ASKED: Final = {
    "severity = 3": "opened(severity) = 3",
    "kind = 2": "opened(kind) = 2",
    "kind <> 2": "opened(kind) <> 2",
    "person = ?": "person = tag(?)",
    "person <> ?": "person <> tag(?)",
}


class Pgcrypto(Postgresql):
    """PostgreSQL over its socket, with encrypted columns."""

    def __init__(self, nation: Nation) -> None:
        for plain, closed in _ASKED.items():
            self.query = self.query.replace(plain, closed)
        super().__init__(nation)

    def _connect(self) -> "psycopg.Connection[Any]":
        programs = sorted(
            Path("/usr/lib/postgresql").glob("*/bin"),
            key=lambda path: float(path.parent.name),
        )
        if not programs:
            raise ModuleNotFoundError(name="PostgreSQL with pgcrypto")
        user = "postgres" if os.geteuid() == 0 else None  # it refuses to be root
        if user:
            shutil.chown(self._folder, user)
        data = self._folder / "data"
        initdb = (programs[-1] / "initdb", "--auth=trust", "--username=peer", data)
        subprocess.run(initdb, check=True, capture_output=True, user=user, cwd="/")
        options = ("-k", self._folder, "-c", "listen_addresses=")
        self._running = subprocess.Popen(
            (programs[-1] / "postgres", "-D", data, *options),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd="/",
        )
        self._where = f"host={self._folder} user=peer dbname=postgres"
        try:
            db = self._reached()
            db.execute(_FUNCTIONS)
        except BaseException:
            self._stop()
            raise
        self.pid = db.info.backend_pid
        return db

    def _reached(self) -> "psycopg.Connection[Any]":
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return psycopg.connect(self._where)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _finish(self) -> None:
        for table, columns in _CLOSED.items():
            changes = ", ".join(
                f"ALTER {column} TYPE bytea USING {how}({column})"
                for column, how in columns.items()
            )
            self._db.execute(f"ALTER TABLE {table} {changes}")
        super()._finish()

    def close(self) -> None:
        """Stop the database, and forget what it holds."""
        self._db.close()
        self._stop()

    def _stop(self) -> None:
        self._running.send_signal(signal.SIGINT)  # with SIGTERM it waits for us
        self._running.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
