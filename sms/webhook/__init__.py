"""Everything the platform says to other people's web servers.

    url.py         what a callback URL must look like
    signature.py   Standard Webhooks: sign, and verify as a receiver does
    request.py     one callback as bytes, the same bytes at every try
    guard.py       where a connection may lead: the SSRF guard
    sender.py      aiohttp behind that guard; the only outbound HTTP

What the web process needs can be imported from here. The sender cannot, so that only
the process that posts callbacks loads aiohttp: `from sms.webhook.sender import Sender`.
"""

from sms.webhook.request import Request
from sms.webhook.signature import sign, signature_headers, verify
from sms.webhook.url import check_url, host_if_usable, host_of

__all__ = [
    "Request",
    "check_url",
    "host_if_usable",
    "host_of",
    "sign",
    "signature_headers",
    "verify",
]
