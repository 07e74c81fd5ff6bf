from analytics.management.commands.mailmetrics_verify_totals import Command

__all__ = ["Command"]
