"""What a municipality, the police or audit staff install; no server code.

Rooms: ``session`` (typed connection: mutual TLS, deadlines, blinding, retries by
request id), ``identifiers`` (national numbers, in memory only), ``labels`` (police
label book), ``profile`` (contexts), ``doctor`` (says what is wrong before the call
does), ``commands`` (one module a noun; prints, exits).
"""
