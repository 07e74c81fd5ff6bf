from analytics.management.commands.mailmetrics_distribute_tables import Command

__all__ = ["Command"]
