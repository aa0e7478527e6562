"""What PostgreSQL's word is worth when another machine has to confirm each commit.

With synchronous replication a commit returns when a standby has it on its disk, so that
the standby can take over. PostgreSQL itself makes two exceptions:

* whoever waits for the standby may be cancelled: by an administrator, or by a program that
  thinks it helps. Then the commit *succeeds*, with a warning, on this machine alone;
* such a commit, and one that waited when the server was killed and started again, is seen
  by everybody from then on, and is gone if the standby takes over.

Invariants:
    * a commit that came with a warning was not one: nobody is answered, and the connection
      is closed. Whoever asks again finds it if it stands, as after any commit in doubt;
    * what is only seen may still go. What somebody carries away, a server remembers
      against the database, or nobody does since it seems to be done, is read by
      ``prove``: it ends when all that it saw is confirmed;
    * nor is what is read damaged, put back or missing before that is confirmed: a primary
      that slept shows what it had.
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from placement.errors import UnavailableError

_WARNED: Final = "placement_warned"
# It writes one record that nobody reads; the commit waits as any other does. Everything
# that this transaction could see stands before it.
PROVE: Final = ("SELECT pg_logical_emit_message(true, 'placement', '')", ())


def heed(engine: Engine) -> None:
    """Listen to what an engine of PostgreSQL is told besides answers."""
    event.listen(engine, "connect", _on_connect)


def begin(connection: Connection) -> None:
    """Forget what was said until now; the next thing is the commit."""
    connection.info.pop(_WARNED, None)


def require(connection: Connection) -> None:
    """Refuse a commit that returned with a warning.

    Raises:
        UnavailableError: it may stand on one machine alone.
    """
    if _WARNED in connection.info:
        connection.invalidate()
        raise UnavailableError().because(
            "A commit was not confirmed by another machine."
        )


def prove(connection: Connection) -> None:
    """Have the end of a reading transaction wait until what it saw is confirmed."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(PROVE[0])


def _on_connect(connection: Any, record: Any) -> None:  # noqa: ANN401 (the driver's own)
    """Write down warnings; never their text, which may quote what is stored."""

    def heard(notice: Any) -> None:  # noqa: ANN401 (the driver's own)
        if notice.severity_nonlocalized == "WARNING":
            record.info[_WARNED] = True

    connection.add_notice_handler(heard)
