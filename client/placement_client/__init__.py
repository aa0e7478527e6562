"""What a municipality, the police or audit staff install; no server code.

Rooms: ``session`` (typed connection: mutual TLS, deadlines, blinding, retries by
request id), ``commands`` (one module a noun; prints, exits), ``doctor`` (says what is
wrong before the call does), ``labels`` (police label book).
"""
