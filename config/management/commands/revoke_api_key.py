from apikeys.management.commands.mailmetrics_revoke_api_key import Command

__all__ = ["Command"]
