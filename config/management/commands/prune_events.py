from analytics.management.commands.mailmetrics_prune_events import Command

__all__ = ["Command"]
