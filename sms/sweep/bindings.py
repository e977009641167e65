"""Where SIP clients were: an edge forgets by itself, its rows do not."""

from django.db.models.functions import Now

from sms.models import Binding
from sms.sweep.batch import BATCH


def forget_bindings() -> int:
    """Remove where clients could be reached until a while ago."""
    over = Binding.objects.filter(expires_at__lt=Now())
    ids = list(over.values_list("pk", flat=True)[:BATCH])
    # Not those that were registered anew in between.
    return over.filter(pk__in=ids).delete()[0] if ids else 0
