-- Undoes postgresql_create.sql, and citus_create.sql wherever it has come from, of version 2 as well.
-- A trigger that somebody has dropped already is no reason to stop.
DROP TRIGGER IF EXISTS mailmetrics_events_inserted ON mailmetrics_campaigns_emailevent;
DROP TRIGGER IF EXISTS mailmetrics_events_updated ON mailmetrics_campaigns_emailevent;
DROP TRIGGER IF EXISTS mailmetrics_events_updated_from ON mailmetrics_campaigns_emailevent;
DROP TRIGGER IF EXISTS mailmetrics_events_deleted ON mailmetrics_campaigns_emailevent;
DROP TRIGGER IF EXISTS mailmetrics_events_truncated ON mailmetrics_campaigns_emailevent;
DROP TRIGGER IF EXISTS mailmetrics_pruned_inserted ON mailmetrics_analytics_prunedtotals;
DROP TRIGGER IF EXISTS mailmetrics_pruned_updated ON mailmetrics_analytics_prunedtotals;
DROP TRIGGER IF EXISTS mailmetrics_pruned_updated_from ON mailmetrics_analytics_prunedtotals;
DROP TRIGGER IF EXISTS mailmetrics_pruned_deleted ON mailmetrics_analytics_prunedtotals;
DROP TRIGGER IF EXISTS mailmetrics_pruned_truncated ON mailmetrics_analytics_prunedtotals;
DROP TRIGGER IF EXISTS mailmetrics_campaigns_deleted ON mailmetrics_campaigns_campaign;
DROP TRIGGER IF EXISTS mailmetrics_campaigns_truncated ON mailmetrics_campaigns_campaign;
DROP TRIGGER IF EXISTS mailmetrics_workspaces_deleted ON mailmetrics_campaigns_workspace;
DROP TRIGGER IF EXISTS mailmetrics_workspace_added ON mailmetrics_campaigns_workspace;
DROP TRIGGER IF EXISTS mailmetrics_workspaces_added ON mailmetrics_campaigns_workspace;
DROP TRIGGER IF EXISTS mailmetrics_workspace_changing ON mailmetrics_campaigns_workspace;
DROP TRIGGER IF EXISTS mailmetrics_workspace_changed ON mailmetrics_campaigns_workspace;

DROP FUNCTION IF EXISTS mailmetrics_count_events();
DROP FUNCTION IF EXISTS mailmetrics_count_pruned();
DROP FUNCTION IF EXISTS mailmetrics_recount_all();
DROP FUNCTION IF EXISTS mailmetrics_campaigns_deleted();
DROP FUNCTION IF EXISTS mailmetrics_campaigns_truncated();
DROP FUNCTION IF EXISTS mailmetrics_workspaces_deleted();
DROP FUNCTION IF EXISTS mailmetrics_know_time_zone();
DROP FUNCTION IF EXISTS mailmetrics_workspaces_added();
DROP FUNCTION IF EXISTS mailmetrics_workspace_changing();
DROP FUNCTION IF EXISTS mailmetrics_know_time_zones(text[]);
DROP FUNCTION IF EXISTS mailmetrics_cut_days_anew();
DROP FUNCTION IF EXISTS mailmetrics_lock(bigint[], boolean);
DROP FUNCTION IF EXISTS mailmetrics_is_here(bigint);
DROP FUNCTION IF EXISTS mailmetrics_events_are_counted();
-- The others take types of ours, which take them along.
DROP FUNCTION IF EXISTS mailmetrics_recount(bigint);
DROP TYPE IF EXISTS mailmetrics_shards CASCADE;
DROP TYPE IF EXISTS mailmetrics_counted CASCADE;

ALTER TABLE mailmetrics_analytics_campaigntotals
    DROP CONSTRAINT IF EXISTS mailmetrics_event_campaign_in_workspace;
ALTER TABLE mailmetrics_analytics_dailytotals
    DROP CONSTRAINT IF EXISTS mailmetrics_dailytotals_workspace;
