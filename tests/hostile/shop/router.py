"""Our three apps in the database ``mail``, everything else in ``default``."""

from typing import Any


class MailRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str:
        return _home(model._meta.app_label)

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return _home(one._meta.app_label) == _home(other._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == _home(app_label)


def _home(app_label: str) -> str:
    return "mail" if app_label.startswith("mailmetrics_") else "default"
