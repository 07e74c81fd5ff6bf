"""The names of permissions in a database that has them from an earlier version."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db import router


def rename_permissions(
    app_config: AppConfig, using: str, apps: Any = installed, **kwargs: Any
) -> None:
    """After ``migrate``, give the app's permissions the names that its models declare: Django adds
    those that are missing, and leaves those that are there as they are."""
    try:
        permissions = apps.get_model("auth", "Permission")
    except LookupError:
        return
    if not router.allow_migrate_model(using, permissions):
        return
    for model in app_config.get_models():
        of_model = permissions.objects.using(using).filter(
            content_type__app_label=app_config.label, content_type__model=model._meta.model_name
        )
        for codename, name in model._meta.permissions:
            of_model.filter(codename=codename).exclude(name=name).update(name=name)
