"""Is this municipality a safe place for a person who leaves a gang?

The rooms, from the wire inwards; each opens only the rooms below it:

    ops       what operators type: serve, pki, init, verify, snapshot
    app       the composition root: builds every object once (app_custodian: another's)
    rpc       gRPC: identity, conversion, status; the only room that knows the wire
    service   the engine (the one writer), the custodian
    store     the sealed, chained log in SQLite or PostgreSQL
    audit     what an access-log entry is
    domain    the whole meaning: facts, state, rules, decisions; pure
    access    who may do what
    crypto    pseudonyms (RFC 9497), sealing, keys, certificates
    errors    the one exception tree
"""

__version__ = "0.1.0"
