"""A bundle of a small access log: examined step by step, and made anew with changes."""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from placement_client.archive import Packing, assemble
from placement_client.bundle import LAYOUT, Listed, Manifest
from placement_client.bundle_steps import STEPS, Examination, Trusted
from placement_client.steps import Result, Step

from kit.access_log import AccessLog
from kit.certs import Pair
from kit.exported import SIZE, policy
from placement.crypto.documents import sign

LOG = AccessLog(SIZE)
PART = {"first_index": "3", "end_index": "10"}
"""What the filter of a bundle selects, as its manifest has it."""


def examined(
    content: bytes,
    trusted: Trusted | None = None,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[str, Step]:
    """Return the steps, by name."""
    trusted = trusted or Trusted(policy(LOG))
    found = list(Examination(io.BytesIO(content), trusted, told=told).steps())

    assert tuple(each.name for each in found) == STEPS
    return {each.name: each for each in found}


def results(content: bytes, trusted: Trusted | None = None) -> dict[str, str]:
    """Return the names of steps by how they went, those that went well left out."""
    found = {name: each.result for name, each in examined(content, trusted).items()}
    return {name: each.name for name, each in found.items() if each is not Result.OK}


def remade(
    bundle: bytes,
    auditor: Pair | None = None,
    manifest: Mapping[str, Any] | None = None,
    **changes: bytes,
) -> bytes:
    """Return a bundle with other members, its manifest made and signed anew.

    Without an auditor it stays as it was.
    """
    original = zipfile.ZipFile(io.BytesIO(bundle))
    contents = {name: original.read(name) for name in LAYOUT}
    contents |= {name.replace("_", "."): each for name, each in changes.items()}

    def packed(name: str) -> Any:
        packing = Packing(name, io.BytesIO(), deflated=LAYOUT[name])
        packing.write(contents[name])
        return packing.finish(), packing.file

    if auditor is not None:
        was = Manifest.parse(contents["manifest.json"])
        fields = {name: getattr(was, name) for name in Manifest.__slots__}
        fields["members"] = {name: Listed.of(packed(name)[0]) for name in was.members}
        made = Manifest(**{**fields, **(manifest or {})})
        contents["manifest.json"] = made.render()
        contents["manifest.sig"] = sign(
            contents["manifest.json"], auditor.certificate, auditor.key
        )
    out = io.BytesIO()
    assemble(out, dict(map(packed, LAYOUT)))
    return out.getvalue()
