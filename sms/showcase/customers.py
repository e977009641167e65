"""Accounts, their numbers and clients, and who gets nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Account, Client, PhoneNumber
from sms.models import Binding, Block, CallbackHost, Link, OptOut


@dataclass(frozen=True, slots=True)
class Shop:
    """A customer, and what it writes to people."""

    name: str
    number: str
    sender: str
    texts: tuple[str, ...]
    host: str
    parent: str = ""
    takes_callbacks: bool = True


SHOPS = (
    Shop(
        *("Parcel & Post", "4930901820", "ParcelPost"),
        (
            "Your parcel 48-2210 is with our driver and will be there between 14:10 and 15:00.",
            "We missed you. Your parcel waits at Kiosk Sonnenallee 12 until Friday.",
            "Thank you! How did we do? Reply with 1 (bad) to 5 (great).",
        ),
        "hooks.parcelpost.example",
    ),
    Shop(
        *("City Clinic", "4930901821", "CityClinic"),
        (
            "Reminder: your appointment with Dr. Yılmaz is tomorrow at 9:30. Reply C to cancel.",
            "Ihre Befunde sind da. Bitte rufen Sie uns unter 030 901821 an.",
        ),
        "api.cityclinic.example",
    ),
    Shop(
        *("Harbour Bank", "447700900123", "HarbourBank"),
        (
            "482 913 is your code. It is valid for 5 minutes. Never tell it to anybody.",
            "A payment of 74.20 EUR at GRÜNER MARKT was made with your card.",
        ),
        "events.harbourbank.example",
        takes_callbacks=False,
    ),
    Shop(
        *("Harbour Bank Cards", "447700900124", "HB Cards"),
        ("Your new card is on its way.", "Your card was blocked as you asked."),
        "events.harbourbank.example",
        parent="Harbour Bank",
        takes_callbacks=False,
    ),
)


def make(now: datetime, links: dict[str, Link]) -> list[tuple[Shop, Account]]:
    """Make the accounts and what they have; return them."""
    accounts: dict[str, Account] = {}
    for shop in SHOPS:
        account = accounts[shop.name] = Account.objects.create(
            friendly_name=shop.name,
            email=f"{shop.sender.lower().replace(' ', '')}@example.org",
            parent=accounts.get(shop.parent),
        )
        sms_url = f"https://{shop.host}/inbound"
        PhoneNumber.objects.create(account=account, number=shop.number, sms_url=sms_url)
        PhoneNumber.objects.create(account=account, number=shop.sender)
    _clients(accounts["City Clinic"], links["lobby"], now)
    Block.objects.create(digits="4919", is_prefix=True, note="Premium numbers", added_by="ines")
    Block.objects.create(digits="491522345678", note="Court order of 3 November", added_by="ines")
    clinic = accounts["City Clinic"]
    OptOut.objects.create(account=clinic, number="4930901821", person="4915200998", word="STOP")
    CallbackHost.objects.create(
        host="events.harbourbank.example:443",
        failures=10,
        opened_at=now - timedelta(minutes=52),
        probes=11,
        probe_at=now + timedelta(minutes=4),
        last_answer="answered 503",
    )
    return [(shop, accounts[shop.name]) for shop in SHOPS]


def _clients(account: Account, edge: Link, now: datetime) -> None:
    for number, login in enumerate(("reception", "dr-yilmaz", "pharmacy"), start=1):
        client = Client.objects.create(account=account, login=login, password=f"showcase-{login}")
        if login == "pharmacy":
            continue  # is away
        Binding.objects.create(
            client=client,
            link=edge,
            key=f"showcase-{login}",
            contact=f"<sip:{login}@192.0.2.{20 + number}:5060>",
            call_id=f"showcase-{login}",
            cseq=number,
            transport="udp",
            source_host=f"192.0.2.{20 + number}",
            source_port=5060,
            user_agent="Linphone/5.2",
            registered_at=now - timedelta(minutes=20),
            expires_at=now + timedelta(hours=12),
        )
