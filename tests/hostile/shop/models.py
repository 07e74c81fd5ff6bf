"""The host's own users, with another kind of key and another name, and no groups or superusers."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(max_length=300, unique=True)

    USERNAME_FIELD = "email"
    is_staff = True

    def has_perm(self, permission: str, of: object = None) -> bool:
        return True

    def has_module_perms(self, label: str) -> bool:
        return True
