"""What the triggers of 0002 call the tables, and a constraint that they hold."""

EVENT = "mailmetrics_campaigns_emailevent"
CAMPAIGN = "mailmetrics_campaigns_campaign"
WORKSPACE = "mailmetrics_campaigns_workspace"
CAMPAIGN_TOTALS = "mailmetrics_analytics_campaigntotals"
DAILY_TOTALS = "mailmetrics_analytics_dailytotals"
PRUNED_TOTALS = "mailmetrics_analytics_prunedtotals"

COUNTS = ("sent", "opened", "replied", "bounced")  # kinds 1 to 4, in this order

# An event is not from before the day up to which its workspace was pruned.
HORIZON = "mailmetrics_event_after_horizon"
