-- Undoes postgresql_create.sql.

DROP TRIGGER IF EXISTS mailmetrics_events_inserted ON mailmetrics_campaigns_emailevent;

DROP TRIGGER IF EXISTS mailmetrics_events_updated ON mailmetrics_campaigns_emailevent;

DROP TRIGGER IF EXISTS mailmetrics_events_deleted ON mailmetrics_campaigns_emailevent;

DROP TRIGGER IF EXISTS mailmetrics_events_truncated ON mailmetrics_campaigns_emailevent;

DROP TRIGGER IF EXISTS mailmetrics_pruned_inserted ON mailmetrics_analytics_prunedtotals;

DROP TRIGGER IF EXISTS mailmetrics_pruned_updated ON mailmetrics_analytics_prunedtotals;

DROP TRIGGER IF EXISTS mailmetrics_pruned_deleted ON mailmetrics_analytics_prunedtotals;

DROP TRIGGER IF EXISTS mailmetrics_pruned_truncated ON mailmetrics_analytics_prunedtotals;

DROP TRIGGER IF EXISTS mailmetrics_campaigns_deleted ON mailmetrics_campaigns_campaign;

DROP TRIGGER IF EXISTS mailmetrics_campaigns_truncated ON mailmetrics_campaigns_campaign;

DROP TRIGGER IF EXISTS mailmetrics_workspaces_deleted ON mailmetrics_campaigns_workspace;

DROP FUNCTION IF EXISTS mailmetrics_events_inserted();

DROP FUNCTION IF EXISTS mailmetrics_events_updated();

DROP FUNCTION IF EXISTS mailmetrics_events_deleted();

DROP FUNCTION IF EXISTS mailmetrics_events_truncated();

DROP FUNCTION IF EXISTS mailmetrics_pruned_inserted();

DROP FUNCTION IF EXISTS mailmetrics_pruned_updated();

DROP FUNCTION IF EXISTS mailmetrics_pruned_deleted();

DROP FUNCTION IF EXISTS mailmetrics_pruned_truncated();

DROP FUNCTION IF EXISTS mailmetrics_campaigns_deleted();

DROP FUNCTION IF EXISTS mailmetrics_campaigns_truncated();

DROP FUNCTION IF EXISTS mailmetrics_workspaces_deleted();

ALTER TABLE mailmetrics_analytics_campaigntotals DROP CONSTRAINT
    mailmetrics_event_campaign_in_workspace;

ALTER TABLE mailmetrics_analytics_dailytotals DROP CONSTRAINT mailmetrics_dailytotals_workspace;
