from analytics.management.commands.mailmetrics_rebuild_totals import Command

__all__ = ["Command"]
