from apikeys.management.commands.mailmetrics_create_api_key import Command

__all__ = ["Command"]
