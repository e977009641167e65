"""What a newcomer finds: an account with a number and a client, a carrier, and a log-in."""

import os
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from accounts import numbers
from accounts.models import Account, Client, PhoneNumber
from cpaas.env import envbool, envsecret, envstr
from sms.models import Link, Route
from sms.supervisor.processes import EDGE, SIMULATOR, reachable

NUMBER = "15005550006"
RECIPIENT = "15551230000"
LOGIN = "admin"
CLIENT = "alice"
EDGE_WINDOW = 200
LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True, slots=True)
class Demo:
    """What the journey and its summary need to know."""

    account: Account
    link: Link
    password: str
    """Of the admin's log-in; "" when somebody has changed it."""
    client: Client | None
    """A softphone's log-in; None when somebody has removed it."""

    @property
    def address(self) -> str:
        """The root of API and admin."""
        host = reachable(settings.HTTP_HOST)
        return f"http://{_host_and_port(host, settings.HTTP_PORT)}"

    @property
    def messages_url(self) -> str:
        """Where the account posts messages."""
        return f"{self.address}/2012-04-24/Accounts/{self.account.sid}/SMS/Messages.json"

    def _softphone(self) -> list[str]:
        if self.client is None or not Link.objects.enabled().filter(name=EDGE).exists():
            return []
        host = settings.SIP_DOMAIN
        user = f"{self.client.login}@{_in_address(host)}"
        server = _host_and_port(host, settings.SIP_PORT)
        return [
            f"SIP client    {user}, password {self.client.password}",
            f"SIP server    {server}, UDP or TCP;"
            f" ws://{_host_and_port(host, settings.SIP_WS_PORT)} for browsers",
            *self._page(),
        ]

    def _page(self) -> list[str]:
        shown = envbool("SIP_CLIENT_PAGE", False)
        return [f"              or in a browser at {self.address}/sip-client/"] if shown else []

    def summary(self) -> list[str]:
        """List what a person needs to go on."""
        sid, token = self.account.sid, self.account.auth_token
        return [
            f"API           {self.address}/2012-04-24/",
            f"Account sid   {sid}",
            f"Auth token    {token}",
            f"Admin         {self.address}/admin/",
            f"Log-in        {LOGIN} / {self.password or 'the password you have set'}",
            *self._softphone(),
            "",
            "Send a message yourself:",
            "",
            f"  curl -u {sid}:{token} {self.messages_url}"
            f" -d From={NUMBER} -d To={RECIPIENT} --data-urlencode 'Body=Hello again'",
        ]


def _host_and_port(host: str, port: int) -> str:
    return f"{_in_address(host)}:{port}"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def allow_loopback_callbacks() -> None:
    """Let the processes to be started post callbacks to this machine."""
    networks = [*settings.CALLBACK_ALLOWED_NETWORKS, LOOPBACK]
    os.environ["CALLBACK_ALLOWED_NETWORKS"] = ",".join(dict.fromkeys(networks))


def show_sip_client() -> None:
    """Have the web process serve the SIP client's page, unless somebody has decided already."""
    os.environ["SIP_CLIENT_PAGE"] = envstr("SIP_CLIENT_PAGE", "1")


@transaction.atomic
def seed() -> Demo:
    """Create what is missing; leave alone what is there, whatever became of it."""
    account = _account()
    follow_edge(or_create=True)
    return Demo(account=account, link=_link(), password=_admin_password(), client=_client(account))


def follow_edge(*, or_create: bool = False) -> None:
    """Have the SIP edge of this instance listen at the ports of this start."""
    edge = Link.objects.filter(name=EDGE).first()
    if edge is None and or_create:
        edge = Link(name=EDGE, kind=Link.Kind.SIP, window_size=EDGE_WINDOW)
    if edge is None or edge.kind != Link.Kind.SIP:
        return
    where = {
        "host": settings.SIP_HOST,
        "port": settings.SIP_PORT,
        "ws_port": settings.SIP_WS_PORT,
    }
    if any(getattr(edge, column) != value for column, value in where.items()):
        for column, value in where.items():
            setattr(edge, column, value)
        edge.save()


def _client(account: Account) -> Client:
    client = Client.objects.with_login(CLIENT).first()
    if client is None:
        password = envsecret("ALICE_PASSWORD", generate=_new_password)
        client = Client.objects.create(account=account, login=CLIENT, password=password)
    return client


def _account() -> Account:
    owned = PhoneNumber.objects.filter(key=numbers.key(NUMBER)).select_related("account").first()
    if owned:
        return owned.account
    account = Account.objects.create(friendly_name="Demo")
    PhoneNumber.objects.create(account=account, number=NUMBER)
    return account


def _link() -> Link:
    """Return the link to the simulator, at the port of this start."""
    link = Link.objects.filter(name=SIMULATOR).first()
    if link is None:
        link = Link(name=SIMULATOR, host="127.0.0.1", port=settings.SMPP_PORT, system_id="cpaas")
        link.save()
        Route.objects.create(prefix="", link=link)
    elif link.port != settings.SMPP_PORT:
        link.port = settings.SMPP_PORT
        link.save()
    return link


def _admin_password() -> str:
    password = envsecret("ADMIN_PASSWORD", generate=_new_password)
    admin = User.objects.filter(username=LOGIN).first()
    if admin is None:
        User.objects.create_superuser(LOGIN, password=password)
        return password
    return password if admin.check_password(password) else ""


def _new_password() -> str:
    return secrets.token_urlsafe(12)
