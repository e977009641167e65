"""What Django and its audit log do not keep of staff."""

from django.db import models


class Given(models.Model):
    """A right that a group was given by us, once: what people take from it stays taken."""

    group = models.CharField(max_length=150)
    right = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "right"], name="given_once")]

    def __str__(self) -> str:
        return f"{self.group}: {self.right}"
