from campaigns.management.commands.mailmetrics_import_events import Command

__all__ = ["Command"]
