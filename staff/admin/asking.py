"""A page for questions: what will happen, a form where one is needed, and a button."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked before it happens."""

    title: str
    says: tuple[str, ...]
    """What will happen, a sentence each."""
    button: str
    is_grave: bool = False
    """Shown in red: it cannot be undone, or stops something."""
    facts: tuple[str, ...] = ()
    """How things stand that it is about, a line each."""
    no: str = "Cancel"


def ask(
    request: HttpRequest,
    page: "admin.ModelAdmin[Any]",
    question: Question,
    *,
    form: Form | None = None,
    about: Model | None = None,
    hidden: Iterable[tuple[str, str]] = (),
) -> HttpResponse:
    """Show a question; its button posts the form, and what is hidden, to the same address."""
    kind = page.opts
    base = f"admin:{kind.app_label}_{kind.model_name}"
    back = reverse(f"{base}_change", args=[about.pk]) if about else reverse(f"{base}_changelist")
    context = {
        **page.admin_site.each_context(request),
        "title": question.title,
        "question": question,
        "form": form or Form(),
        "hidden": hidden,
        "opts": kind,
        "original": about,
        "back": back,
    }
    return render(request, "staff/question.html", context)
