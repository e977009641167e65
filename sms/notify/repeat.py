"""Have callbacks made again, because somebody asks for it."""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from sms import outbox, wake
from sms.models import Callback, Event, Hook, Message
from sms.webhook import host_if_usable, host_of
from staff import audit

BATCH = 500


def repeat(callbacks: QuerySet[Callback], *, by: str) -> int:
    """Have callbacks begin anew: due at once, with a whole day of retries; count them.

    Those that wait for a retry come at once, too; those under way are left alone. The
    request's `webhook-id` stays what it was: it names the event, not the attempt, so that a
    receiver which did take it the first time can tell. Source: Standard Webhooks 1.0.0.

    The telling of an inbound message begins at its number's URL, wherever its answers had led:
    only from there are the replies that it made before known again, and not made twice.
    """
    ids = list(callbacks.order_by("id").values_list("id", flat=True))
    count = sum(_begin_anew(ids[at : at + BATCH], by) for at in range(0, len(ids), BATCH))
    if count:
        wake.notify()
    return count


def at_host(host: str) -> Q:
    """Choose the callbacks of a host, `name:port`; a name alone stands for 80 and 443."""
    bare = ":" not in host.rpartition("]")[2]
    host = host.lower().replace("[", "").replace("]", "")  # as `webhook.host_of` writes IPv6
    return Q(host__in=[f"{host}:80", f"{host}:443"]) if bare else Q(host=host)


def _begin_anew(ids: list[int], by: str) -> int:
    with transaction.atomic():
        rows = list(
            Callback.objects.select_for_update(of=("self",))
            .filter(id__in=ids, locked_until__isnull=True)
            .order_by("id")
            .values_list("id", "message_id", "host")
        )
        hosts = {row[2] for row in rows} | _from_the_top([row[0] for row in rows])
        Callback.objects.filter(id__in=[row[0] for row in rows]).update(
            state=Callback.State.PENDING,
            due_at=Now(),
            repeated_at=Now(),
            finished_at=None,
            attempts=0,
        )
        raw = f"by {by}"[:255]
        messages = sorted({row[1] for row in rows})
        Event.objects.bulk_create(
            Event(message_id=id_, kind=Event.Kind.REPEATED, raw=raw) for id_ in messages
        )
        told = Message.objects.filter(id__in=messages).only("sid").order_by("id")
        audit.record_many(told, "given its callbacks again")
    outbox.probe_now(sorted(hosts))
    return len(rows)


def _from_the_top(ids: list[int]) -> set[str]:
    """Send callbacks of inbound messages back to their numbers' URLs; return those hosts."""
    hosts = set()
    for hook in Hook.objects.filter(message__callbacks__in=ids):
        hook.begin_again()
        hook.is_fallback, hook.rounds = False, 0
        hook.save()
        hosts.add(host_of(hook.url))
        Callback.objects.filter(message=hook.pk, event=Callback.Event.INBOUND).update(
            url=hook.url,
            method=hook.method,
            host=host_of(hook.url),
            spare_host=host_if_usable(hook.fallback_url),
        )
    return hosts
