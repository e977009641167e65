"""Who is calling: HTTP Basic, with what an account knows about itself."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import bounds, memory
from accounts.bounds import Bounds
from accounts.models import Account
from accounts.secrets import digest

REALM = "Restcomm realm"
PASSWORD_TRIES = 10
"""Wrong passwords that one address may offer for one account in a minute.

Each costs 0.4 s of CPU; without a bound a stranger could keep every core busy.
The auth token is not counted: it costs nothing to check and cannot be guessed.
"""


_FIELDS = (
    "id",
    "sid",
    "role",
    "status",
    "auth_token_digest",
    "old_token_digest",
    "old_token_until",
    "password",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The account that speaks, as far as a request needs it."""

    id: int
    sid: str
    role: str
    status: str
    requests: Bounds = ()
    messages: Bounds = ()
    has_old_token: bool = False
    """It came with a token that will end; what it may do is not told the new one."""

    @property
    def is_authenticated(self) -> bool:
        """Always: there is no anonymous caller."""
        return True

    @property
    def is_active(self) -> bool:
        """Say whether it may use the platform."""
        return self.status == Account.Status.ACTIVE

    @property
    def may_write(self) -> bool:
        """Say whether its role may do more than read."""
        return self.role != Account.Role.DEVELOPER


class AccountAuthentication(BaseAuthentication):
    """Account sid or e-mail address as user name; auth token or password as password."""

    def authenticate(self, request: Request) -> tuple[Caller, None]:
        """Return the caller.

        Raises NotAuthenticated, AuthenticationFailed. Source: RFC 7617; sms-api 4.2.
        """
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            raise exceptions.NotAuthenticated
        address = request.META.get("REMOTE_ADDR", "")
        # Only a yes is remembered, and its status with it.
        return memory.recall(_cache_key(header), lambda: _look_up(header, address)), None

    def authenticate_header(self, request: HttpRequest | Request) -> str:
        """Name the scheme and the realm."""
        return f'Basic realm="{REALM}"'


def _cache_key(header: str) -> str:
    """Digest credentials under our key, so that no password stays in memory."""
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return f"caller:{hashlib.blake2b(header.encode(), key=key).hexdigest()}"


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise exceptions.AuthenticationFailed("Only Basic authentication is offered.")
    try:
        octets = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise exceptions.AuthenticationFailed("The Authorization header is malformed.") from None
    name, _, secret = octets.decode("utf-8", "replace").partition(":")
    return name, secret


def _look_up(header: str, address: str) -> Caller:
    name, secret = _credentials(header)
    account = _find(name)
    # An unknown name answers sooner than a wrong password. Hiding that would cost 0.4 s
    # of CPU for every name that somebody makes up.
    if account is None or not _opens(account, secret, address):
        raise exceptions.AuthenticationFailed
    return Caller(
        id=account.pk,
        sid=account.sid,
        role=account.role,
        status=account.status,
        requests=bounds.requests_of(account),
        messages=bounds.messages_of(account),
        has_old_token=_is_old_token(account, secret),
    )


def _find(name: str) -> Account | None:
    if not name.isprintable():  # NUL is an error to PostgreSQL
        return None
    return bounds.read(Account.objects.named(name), *_FIELDS).first()


def _opens(account: Account, secret: str, address: str) -> bool:
    if hmac.compare_digest(account.auth_token_digest, digest(secret)):
        return True
    if _is_old_token(account, secret):
        return True
    if not account.password:
        return False
    tries = f"tries:{account.pk}:{address}"
    if cache.get(tries, 0) >= PASSWORD_TRIES:
        return False
    if check_password(secret, account.password):
        return True
    cache.add(tries, 0, timeout=60)
    cache.incr(tries)
    return False


def _is_old_token(account: Account, secret: str) -> bool:
    is_old = hmac.compare_digest(account.old_token_digest, digest(secret))
    return is_old and account.has_old_token()
