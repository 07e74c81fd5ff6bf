"""A host's own app of the same label and the same model as ours."""

from django.db import models


class Campaign(models.Model):
    name = models.CharField(max_length=10)
