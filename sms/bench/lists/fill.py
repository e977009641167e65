"""Fill a PostgreSQL database with messages as a year leaves them behind, and remove them.

Every choice is a hash of the row's number, so two fills of one size are the same.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import Account
from sms.models import Message

MARK = "@bench.invalid"
"""How the e-mail address of the bench's own accounts ends."""

ACCOUNTS = 200
YEAR = timedelta(days=365)
BATCH = 500_000


class NotFillable(Exception):
    """The database is none that the bench may fill; says why."""


def accounts() -> list[Account]:
    """List the bench's accounts; the first owns half of the messages."""
    return list(Account.objects.filter(email__endswith=MARK).order_by("email"))


def check_fillable(*, beside_others: bool) -> None:
    """Look before writing. Raises NotFillable."""
    if connection.vendor != "postgresql":
        raise NotFillable("The bench fills PostgreSQL; DATABASE_URL names another engine.")
    if accounts():
        raise NotFillable("The database is filled already; remove the messages with --drop.")
    if Message.objects.exists() and not beside_others:
        raise NotFillable("The database holds messages of others; --beside-others fills anyway.")


def fill(rows: int, *, now: datetime | None = None) -> None:
    """Insert that many messages, a year long up to now, and gather statistics."""
    start = (now or datetime.now(UTC)) - YEAR
    with transaction.atomic(), connection.cursor() as cursor:
        others = Message.objects.exists()
        owners = [account.pk for account in _make_accounts()]
        # Built after filling, an index takes a fraction of the time; beside messages of
        # others that would lock them out.
        insert, values = _insert()
        values |= {"owners": owners, "count": ACCOUNTS, "start": start, "step": YEAR / rows}
        later = [] if others else _take_indexes_down()
        for first in range(0, rows, BATCH):
            last = min(first + BATCH, rows) - 1
            cursor.execute(insert, {**values, "first": first, "last": last})
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in later:
            cursor.execute(statement)
    with connection.cursor() as cursor:
        # Also sets the visibility map, without which no total is read from an index alone.
        cursor.execute("VACUUM (ANALYZE) sms_message")


def drop() -> int:
    """Remove the bench's accounts and messages; return how many messages there were."""
    own = Account.objects.filter(email__endswith=MARK)
    messages = Message.objects.filter(account__in=list(own))
    with transaction.atomic(), connection.cursor() as cursor:
        # Nobody's message may come between looking and emptying.
        cursor.execute("LOCK TABLE sms_message IN ACCESS EXCLUSIVE MODE")
        count = messages.count()
        if count == Message.objects.count():
            cursor.execute("TRUNCATE sms_message CASCADE")
        else:
            messages.delete()
        own.filter(parent__isnull=False).delete()
        own.delete()
    return count


def _make_accounts() -> list[Account]:
    """Make the accounts: the first has nine sub-accounts."""
    made: list[Account] = []
    for n in range(ACCOUNTS):
        parent = made[0] if 0 < n < 10 else None
        name = f"Bench {n:03}"
        made.append(
            Account.objects.create(friendly_name=name, email=f"{n:03}{MARK}", parent=parent)
        )
    return made


def _take_indexes_down() -> list[str]:
    """Drop the indexes that are no constraint's; return the statements that make them."""
    names = [index.name for index in Message._meta.indexes]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [names])
        # Of a partitioned table's index it says that it is of that table alone, without its parts.
        statements = [sql.replace(" ON ONLY ", " ON ", 1) for (sql,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    return statements


# u(n) in the comments: the n-th independent fraction of a row, from 0 to 1.
_FRACTION = "((hashint8extended(i, {n}) & 1048575) / 1048576.0)"
_FRACTIONS = ", ".join(f"{_FRACTION.format(n=n)} AS u{n}" for n in range(1, 9))

_INSERT = f"""
WITH drawn AS (
    SELECT i, %(start)s::timestamptz + i * %(step)s::interval AS at, {_FRACTIONS}
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
), placed AS (
    SELECT *, CASE WHEN u1 < 0.5 THEN 0 ELSE 1 + floor(u2 * (%(count)s::int - 1))::int END AS k,
        CASE WHEN u3 < 0.72 THEN 'outbound-api' WHEN u3 < 0.75 THEN 'outbound-reply'
             WHEN u3 < 0.76 THEN 'outbound-call' ELSE 'inbound' END AS direction
    FROM drawn
), numbered AS (
    -- A few numbers and subscribers have most of the traffic, as everywhere.
    SELECT *, floor(u4 * u4 * CASE k WHEN 0 THEN 200 ELSE 5 END)::int AS n,
        floor(power(u5, 3) * CASE k WHEN 0 THEN 400000 ELSE 2000 END)::int AS subscriber
    FROM placed
), named AS (
    SELECT *, CASE WHEN n %% 10 = 3 THEN 'Brand ' || n ELSE
            CASE n %% 2 WHEN 0 THEN '+' ELSE '' END || (19000000000 + k * 1000 + n) END AS own,
        CASE WHEN u6 < 0.5 THEN '+' ELSE '' END || (491500000000 + k * 1000000 + subscriber)
            AS handset,
        CASE WHEN direction = 'inbound' THEN 'received' WHEN u7 < 0.86 THEN 'delivered'
             WHEN u7 < 0.92 THEN 'sent' WHEN u7 < 0.96 THEN 'failed' ELSE 'undelivered'
        END AS status
    FROM numbered
), parties AS (
    SELECT *, CASE direction WHEN 'inbound' THEN handset ELSE own END AS sender,
        CASE direction WHEN 'inbound' THEN own ELSE handset END AS recipient
    FROM named
)
INSERT INTO sms_message (
    sid, account_id, direction, status, sender, sender_key, recipient, recipient_key,
    body, encoding, num_segments, error_code, date_created, date_updated, date_sent, due_at,
    {{rest}}
)
SELECT
    'SM' || lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(i::text), 1, 19),
    (%(owners)s::bigint[])[k + 1], direction, status,
    sender, ltrim(lower(sender), '+'), recipient, ltrim(lower(recipient), '+'),
    'Your code is ' || (100000 + floor(u8 * 900000)::int) || '. '
        || left('Do not tell it to anybody; we never ask for it. It is good for ten minutes.',
                (u8 * 76)::int),
    'gsm', 1,
    CASE status WHEN 'failed' THEN 30008 WHEN 'undelivered' THEN 30003 END,
    at, at + interval '4 s',
    CASE WHEN status IN ('sent', 'delivered', 'undelivered') THEN at + interval '1 s' END,
    NULL, {{defaults}}
FROM parties
"""  # noqa: S608  # our own names
_GIVEN = set(re.findall(r"\w+", _INSERT[_INSERT.index("INSERT INTO") : _INSERT.index("{rest}")]))


def _insert() -> tuple[str, dict[str, Any]]:
    """Complete the statement by the columns that must have a value, and their defaults."""
    blank = Message()
    rest: dict[str, Any] = {
        str(field.column): field.get_db_prep_save(field.value_from_object(blank), connection)
        for field in Message._meta.concrete_fields
        if not (field.null or field.primary_key or field.column in _GIVEN)
    }
    names, values = ", ".join(rest), ", ".join(f"%({column})s" for column in rest)
    return _INSERT.format(rest=names, defaults=values), rest
