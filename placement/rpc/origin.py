"""Whose request it is, and what every request that may come again has."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypedDict

from placement.access import Caller
from placement.domain.changeover import Named
from placement.domain.terms import SubjectId
from placement.rpc import forms
from placement.rpc.keyed import BARE, Keyed
from placement.service.bookmarks import Bookmarks


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from, and what its parsing needs of the service.

    Attributes:
        caller: whose request it is.
        subject_of: makes a pseudonym what the store keeps of it.
        bookmarks: say where a search goes on.
        keyed: reads pseudonyms with the ids of their keys.
    """

    caller: Caller
    subject_of: Callable[[bytes], SubjectId]
    bookmarks: Bookmarks
    keyed: Keyed = BARE

    def named(self, pseudonym: bytes, field: str) -> Named:
        """Return whom a pseudonym names, under which key; nobody is looked up yet."""
        read = self.keyed.read(pseudonym, field)
        return Named(field, tuple((key, self.subject_of(each)) for key, each in read))

    def resume(self, scope: bytes, token: bytes, field: str) -> tuple[int, ...]:
        """Return where the caller's own search of this scope goes on."""
        return self.bookmarks.open(self.caller, scope, token, field)


class Common(TypedDict):
    """What every repeatable request has."""

    caller: Caller
    request_id: bytes
    digest: bytes


def common(request: Any, origin: Origin) -> Common:  # noqa: ANN401 (any request)
    """Read the request id, and the content that it stands for."""
    content = request.SerializeToString(deterministic=True)
    name = request.DESCRIPTOR.full_name.encode()
    return {
        "caller": origin.caller,
        "request_id": forms.token(request.request_id, "request_id"),
        "digest": sha256(name + b"\0" + content).digest(),
    }


def fresh() -> bytes:
    """Draw a new token, handle or id; from the kernel each time (see ``drawn``)."""
    return secrets.token_bytes(forms.TOKEN_SIZE)


def several(count: int) -> tuple[bytes, ...]:
    """Draw new tokens as ``fresh`` does, all of them at once."""
    size = forms.TOKEN_SIZE
    drawn = secrets.token_bytes(count * size)
    return tuple(drawn[start : start + size] for start in range(0, count * size, size))
