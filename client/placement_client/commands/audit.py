"""``placement audit``: read the access log, and have it prove itself."""

from placement_client.commands import (
    audit_anomalies,
    audit_list,
    audit_permits,
    audit_proofs,
    audit_replay,
    audit_show,
    audit_tail,
    bundle,
)
from placement_client.commands.verb import nouns

app = nouns(
    "The access log. Everybody: verify, checkpoints, prove, consistency. Audit staff: "
    "the others; every search is itself an entry."
)

for _each in (
    audit_list,
    audit_show,
    audit_tail,
    audit_proofs,
    audit_replay,
    audit_anomalies,
    audit_permits,
    bundle,
):
    _each.register(app)
