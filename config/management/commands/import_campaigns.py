from campaigns.management.commands.mailmetrics_import_campaigns import Command

__all__ = ["Command"]
