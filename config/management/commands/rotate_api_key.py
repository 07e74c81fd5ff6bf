from apikeys.management.commands.mailmetrics_rotate_api_key import Command

__all__ = ["Command"]
