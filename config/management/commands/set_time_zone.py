from campaigns.management.commands.mailmetrics_set_time_zone import Command

__all__ = ["Command"]
