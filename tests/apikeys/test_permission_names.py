"""A permission that a database has by an earlier name."""

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command

from apikeys.models import APIKey

pytestmark = pytest.mark.django_db


def test_migrate_renames_it_and_leaves_who_has_it(django_user_model):
    added = Permission.objects.get(codename="add_apikey")
    user = django_user_model.objects.create_user("staff")
    user.user_permissions.add(added)
    others = Permission.objects.exclude(pk=added.pk)
    before = list(others.values_list("pk", "name"))
    Permission.objects.filter(pk=added.pk).update(name="Can add API key")

    call_command("migrate", verbosity=0)

    added.refresh_from_db()
    assert [(added.codename, added.name)] == APIKey._meta.permissions
    assert list(user.user_permissions.all()) == [added]
    assert list(others.values_list("pk", "name")) == before
