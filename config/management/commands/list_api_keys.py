from apikeys.management.commands.mailmetrics_list_api_keys import Command

__all__ = ["Command"]
