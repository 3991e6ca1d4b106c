"""HTTP to servers of our own, none of which shows a certificate.

httpx reads every certificate authority there is for each call and each client: 50 ms of processor a time, and
a test that asks every 20 ms until a server is up would take the processor the server starts with.
"""

import ssl
from functools import partial

import httpx

_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, verify=_NO_AUTHORITIES)
post = partial(httpx.post, verify=_NO_AUTHORITIES)
client = partial(httpx.Client, verify=_NO_AUTHORITIES)
