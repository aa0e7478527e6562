"""``placement audit``: what audit staff do. Every search is itself an entry."""

from placement_client.commands import (
    audit_anomalies,
    audit_list,
    audit_proofs,
    audit_replay,
    audit_show,
    audit_tail,
    bundle,
)
from placement_client.commands.verb import nouns

app = nouns("Audit staff: read the access log. Every search is itself an entry.")

for _each in (
    audit_list,
    audit_show,
    audit_tail,
    audit_proofs,
    audit_replay,
    audit_anomalies,
    bundle,
):
    _each.register(app)
