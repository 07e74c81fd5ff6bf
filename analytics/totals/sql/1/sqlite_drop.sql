-- Undoes sqlite_create.sql.

DROP TRIGGER IF EXISTS mailmetrics_events_inserted;

DROP TRIGGER IF EXISTS mailmetrics_batch_closed;

DROP TRIGGER IF EXISTS mailmetrics_events_updated;

DROP TRIGGER IF EXISTS mailmetrics_events_deleted;

DROP TRIGGER IF EXISTS mailmetrics_pruned_inserted;

DROP TRIGGER IF EXISTS mailmetrics_pruned_updated;

DROP TRIGGER IF EXISTS mailmetrics_pruned_deleted;

DROP TRIGGER IF EXISTS mailmetrics_campaign_deleting;

DROP TRIGGER IF EXISTS mailmetrics_campaign_moving;

DROP TRIGGER IF EXISTS mailmetrics_workspace_deleting;

DROP TABLE mailmetrics_analytics_openbatch;
