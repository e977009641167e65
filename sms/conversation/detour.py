"""Past hosts that do not answer: messages for one go to their fallback URLs at once."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from sms.models import Callback, CallbackHost, Event, Hook

AT_ONCE = 100


def detour(hosts: Sequence[str]) -> int:
    """Have the fallback URLs asked of messages that wait for hosts whose circuit is open.

    A host that is being tried keeps its messages until it has answered: perhaps it is well.
    Those stay, too, whose other host does not answer either. Returns how many went.
    """
    with transaction.atomic():
        callbacks = {callback.message_id: callback for callback in _waiting(hosts)}
        hooks = list(Hook.objects.filter(pk__in=callbacks))
        for hook in hooks:
            _turn(callbacks[hook.pk], hook)
        Callback.objects.bulk_update(
            callbacks.values(), ["url", "method", "host", "spare_host", "attempts"]
        )
        Hook.objects.bulk_update(hooks, ["is_fallback", "hops", "replies", "reply"])
        Event.objects.bulk_create(
            Event(message_id=hook.pk, kind=Event.Kind.ANSWER, raw=_NOTE)
            for hook in hooks
            if not hook.rounds  # one note is enough
        )
    return len(hooks)


_NOTE = "11200 its host has not answered others; the fallback is asked"


def _waiting(hosts: Sequence[str]) -> QuerySet[Callback]:
    tried = Callback.objects.filter(locked_until__isnull=False).values("host")
    silent = CallbackHost.objects.filter(opened_at__isnull=False).values("host")
    return (
        Callback.objects.waiting()
        .select_for_update(of=("self",), skip_locked=True)
        .filter(host__in=hosts, due_at__lte=Now())
        .exclude(spare_host="")
        .exclude(host__in=tried)
        .exclude(spare_host__in=silent)
        .order_by("host", "id")[:AT_ONCE]
    )


def _turn(callback: Callback, hook: Hook) -> None:
    callback.url, callback.method = hook.fallback_url, hook.fallback_method
    callback.host, callback.spare_host = callback.spare_host, ""
    callback.attempts = 0
    hook.begin_again()
    hook.is_fallback = True
