"""The end of a month: its part of each table, with what refers to it from elsewhere.

In two steps. The parts are taken out of their tables under a lock, for which everybody waits;
that is a matter of the catalog. Then they are removed. Their files may be large, which concerns
nobody any more; but their foreign keys are triggers of accounts and links, which are locked.
"""

from django.db import models, transaction

from sms.models import Callback, Message
from sms.partitions.catalog import GONE, Part, detached, parts
from sms.partitions.making import be_brief, execute
from sms.partitions.tables import TABLES, references


def detach_part(part: Part) -> bool:
    """Take out a part of the messages and all that belongs to them; False if any is unfinished.

    Unfinished is what waits or is claimed, and what its account is still owed a callback for.
    Looked up under the lock: an operator may have had callbacks repeated this moment. Raises
    OperationalError where the lock was not to be had in time.
    """
    with transaction.atomic():
        be_brief()
        execute(f"LOCK TABLE ONLY {', ONLY '.join(table.name for table in TABLES)}")
        if _has_unfinished(part):
            return False
        _let_go(part)
        for table in TABLES:
            for each in parts(table):
                if each.end_id == part.end_id:
                    execute(
                        f"ALTER TABLE {table.name} DETACH PARTITION {each.name}",
                        f"ALTER TABLE {each.name} RENAME TO {each.name}_{GONE}",
                    )
    return True


def remove_detached() -> None:
    """Remove the tables that `detach_part` took out.

    Raises OperationalError where a lock was not to be had in time: who reads accounts for long,
    as pg_dump does, must not have every new message wait behind us.
    """
    for name in detached({table.name for table in TABLES}):
        with transaction.atomic():
            be_brief()
            execute(f"DROP TABLE {name}")


def _has_unfinished(part: Part) -> bool:
    messages = Message.objects.filter(id__gte=part.first_id, id__lt=part.end_id)
    owed = Callback.objects.filter(
        message_id__gte=part.first_id, message_id__lt=part.end_id, state=Callback.State.PENDING
    )
    # One question for each, so that each is answered by its own index.
    return (
        messages.waiting().exists()
        or messages.filter(locked_until__isnull=False).exists()
        or owed.filter(locked_until__isnull=True).exists()
        or owed.filter(locked_until__isnull=False).exists()
    )


def _let_go(part: Part) -> None:
    """Do to rows of other tables what deleting each message would."""
    gone = {table.model for table in TABLES}
    for field in references():
        names = {f"{field.attname}__gte": part.first_id, f"{field.attname}__lt": part.end_id}
        rows = field.model._default_manager.filter(**names)
        if field.remote_field.on_delete is models.SET_NULL:
            rows.update(**{field.name: None})
        elif field.model not in gone:
            rows.delete()
