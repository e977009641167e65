"""What follows from an application's answer to an inbound message. Source: sms-api 7.3, 7.5."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urljoin

from django.conf import settings
from django.db.models.functions import Now

from sms import webhook
from sms.conversation.replies import make_replies
from sms.models import Callback, Event, Hook
from sms.notify import Verdict, done, failed, retry_in_s
from sms.outbox import ClaimedCallback
from sms.rcml import Note, Redirect, Reply, Step, Unusable, read_answer
from sms.webhook.sender import Answer

MAX_HOPS = 10
"""Source: sms-api 7.3."""


@dataclass(slots=True)
class _Plan:
    """What an answer comes to."""

    replies: list[Reply] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    goes_on_at: Redirect | None = None


def decide(callback: ClaimedCallback, answer: Answer) -> Verdict:
    """Say what follows from an answer: replies and the end, another URL, or a later try."""
    hook = Hook.objects.select_related("message__account").get(message_id=callback.message_id)
    if not answer.ok:
        return _not_heard(hook, callback, answer, f"11200 {answer.error}")
    try:
        steps = read_answer(answer.content_type, answer.body, is_whole=answer.is_whole)
    except Unusable as error:
        return _not_heard(hook, callback, answer, str(error))
    return _follow(hook, callback, _plan(steps, hook, callback.url))


def _plan(steps: Sequence[Step], hook: Hook, base: str) -> _Plan:
    plan = _Plan()
    for step in steps:
        match step:
            case Note():
                plan.notes.append(step.text)
            case Reply():
                plan.replies.append(_absolute(step, base))
                if step.action:
                    plan.goes_on_at = Redirect(urljoin(base, step.action), step.method)
            case Redirect():
                plan.goes_on_at = Redirect(urljoin(base, step.url), step.method)
    if plan.goes_on_at and (fault := _fault(plan.goes_on_at.url, hook)):
        plan.notes.append(fault)
        plan.goes_on_at = None
    return plan


def _absolute(reply: Reply, base: str) -> Reply:
    if not reply.status_callback:
        return reply
    return replace(reply, status_callback=urljoin(base, reply.status_callback))


def _fault(url: str, hook: Hook) -> str:
    """Say why the conversation cannot go on at a URL; "" where it can."""
    if reason := webhook.check_url(url):
        return f"11100 invalid URL: {reason}"
    return f"11100 more than {MAX_HOPS} redirects" if hook.hops >= MAX_HOPS else ""


def _follow(hook: Hook, callback: ClaimedCallback, plan: _Plan) -> Verdict:
    """Do what was asked for, in the transaction that records the answer."""
    further = plan.goes_on_at
    effect = partial(_take_effect, callback.id, hook.pk, plan)
    if further is None:
        return done(effect if plan.replies or plan.notes else None)
    return Verdict(Callback.State.PENDING, url=further.url, method=further.method, then=effect)


def _take_effect(callback_id: int, hook_id: int, plan: _Plan) -> None:
    hook = Hook.objects.select_related("message__account").get(pk=hook_id)
    made = make_replies(hook, plan.replies)
    asks_about_reply = bool(plan.replies and plan.replies[-1].action)
    hook.replies += len(plan.replies)
    hook.hops += plan.goes_on_at is not None
    hook.reply = made.last if asks_about_reply else None
    hook.save()
    _note(hook, [*plan.notes, *made.notes])
    if made.is_cut_short:
        # Known only now that it was tried: there is no reply for its action to be told of.
        Callback.objects.filter(id=callback_id, state=Callback.State.PENDING).update(
            state=Callback.State.DELIVERED, finished_at=Now()
        )


def _not_heard(hook: Hook, callback: ClaimedCallback, answer: Answer, reason: str) -> Verdict:
    """Ask the fallback, or all of it again later: nobody has heard of the message yet."""
    if not hook.is_fallback and webhook.host_if_usable(hook.fallback_url):
        return Verdict(
            Callback.State.PENDING,
            url=hook.fallback_url,
            method=hook.fallback_method,
            then=partial(_turn, hook, f"{reason}; the fallback is asked", is_fallback=True),
        )
    delay_s = answer.retry_after_s or retry_in_s(hook.rounds + 1)
    if answer.is_final or callback.age_s + delay_s > settings.CALLBACK_GIVE_UP_S:
        return failed(partial(_turn, hook, f"{reason}; given up", is_fallback=False))
    return Verdict(
        Callback.State.PENDING,
        delay_s,
        url=hook.url,
        method=hook.method,
        # One note is enough: the log of attempts has the others.
        then=partial(_turn, hook, f"{reason}; tried again", is_fallback=False),
    )


def _turn(hook: Hook, note: str, *, is_fallback: bool) -> None:
    """Begin again at the number's URL, or at its fallback."""
    hook.begin_again()
    hook.is_fallback = is_fallback
    hook.rounds = min(hook.rounds + (not is_fallback), 1000)
    hook.save()
    spare = "" if is_fallback else webhook.host_if_usable(hook.fallback_url)
    hook.message.callbacks.filter(event=Callback.Event.INBOUND).update(spare_host=spare)
    if hook.rounds <= 1 or "given up" in note:
        _note(hook, [note])


def _note(hook: Hook, notes: Sequence[str]) -> None:
    Event.objects.bulk_create(
        Event(message_id=hook.pk, kind=Event.Kind.ANSWER, raw=note[:255]) for note in notes
    )
