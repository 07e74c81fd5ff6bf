from campaigns.management.commands.mailmetrics_erase_messages import Command

__all__ = ["Command"]
