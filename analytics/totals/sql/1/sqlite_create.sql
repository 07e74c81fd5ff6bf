-- The triggers of migration 0002, as released: never edited. Two totals, four kinds, days in UTC.

CREATE TABLE mailmetrics_analytics_openbatch (
    only_one integer PRIMARY KEY DEFAULT 1 CHECK (only_one = 1),
    after_rowid integer NOT NULL,
    closed integer NOT NULL DEFAULT 0
        REFERENCES mailmetrics_campaigns_workspace (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TRIGGER mailmetrics_events_inserted AFTER INSERT ON mailmetrics_campaigns_emailevent
    WHEN NOT EXISTS (SELECT 1 FROM mailmetrics_analytics_openbatch) BEGIN
SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
 WHERE NOT EXISTS (SELECT 1 FROM mailmetrics_campaigns_campaign
                    WHERE id = NEW.campaign_id AND workspace_id = NEW.workspace_id);
SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
 WHERE date(substr(NEW.occurred_at, 1, 16), '+0 days') IS NOT substr(NEW.occurred_at, 1, 10)
    OR length(NEW.occurred_at) < 16
    OR coalesce(date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at, 20),
        '.0123456789')), '') < '0001-01-01';
SELECT RAISE(ABORT, 'mailmetrics_event_after_horizon') FROM mailmetrics_campaigns_workspace
 WHERE id = NEW.workspace_id
   AND date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at, 20), '.0123456789'))
       < events_pruned_before;
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
VALUES (NEW.workspace_id, NEW.campaign_id, (NEW.kind = 1), (NEW.kind = 2), (NEW.kind = 3),
    (NEW.kind = 4))
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = sent + excluded.sent, opened =
        opened + excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
VALUES (NEW.workspace_id, date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at,
    20), '.0123456789')), (NEW.kind = 1), (NEW.kind = 2), (NEW.kind = 3), (NEW.kind = 4))
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = sent + excluded.sent, opened = opened +
        excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced; END;

CREATE TRIGGER mailmetrics_batch_closed AFTER DELETE ON mailmetrics_analytics_openbatch BEGIN
SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
 WHERE EXISTS (SELECT 1 FROM mailmetrics_campaigns_emailevent WHERE rowid > OLD.after_rowid AND
     (occurred_at NOT GLOB
     '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]*' OR
     substr(occurred_at, 20) GLOB '*[^.0-9]*'));
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
SELECT workspace_id,
CASE WHEN EXISTS (SELECT 1 FROM mailmetrics_campaigns_campaign c
                   WHERE c.id = e.campaign_id AND c.workspace_id = e.workspace_id)
     THEN campaign_id ELSE RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace') END, sum(kind
         = 1), sum(kind = 2), sum(kind = 3), sum(kind = 4) FROM mailmetrics_campaigns_emailevent
         e
 WHERE rowid > OLD.after_rowid GROUP BY workspace_id, campaign_id
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = sent + excluded.sent, opened =
        opened + excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
SELECT workspace_id,
CASE WHEN date(substr(max(occurred_at), 1, 16), '+0 days') IS NOT substr(occurred_at, 1, 10)
       OR substr(occurred_at, 1, 10) < '0001-01-01'
     THEN RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHEN EXISTS (SELECT 1 FROM mailmetrics_campaigns_workspace w
                   WHERE w.id = e.workspace_id AND substr(occurred_at, 1, 10) <
                       w.events_pruned_before)
     THEN RAISE(ABORT, 'mailmetrics_event_after_horizon')
     ELSE substr(occurred_at, 1, 10) END, sum(kind = 1), sum(kind = 2), sum(kind = 3), sum(kind
         = 4) FROM mailmetrics_campaigns_emailevent e
 WHERE rowid > OLD.after_rowid GROUP BY workspace_id, substr(occurred_at, 1, 10)
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = sent + excluded.sent, opened = opened +
        excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced; END;

CREATE TRIGGER mailmetrics_events_updated AFTER UPDATE ON mailmetrics_campaigns_emailevent BEGIN
SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted')
 WHERE EXISTS (SELECT 1 FROM mailmetrics_analytics_openbatch WHERE OLD.rowid > after_rowid);
SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
 WHERE NOT EXISTS (SELECT 1 FROM mailmetrics_campaigns_campaign
                    WHERE id = NEW.campaign_id AND workspace_id = NEW.workspace_id);
SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
 WHERE date(substr(NEW.occurred_at, 1, 16), '+0 days') IS NOT substr(NEW.occurred_at, 1, 10)
    OR length(NEW.occurred_at) < 16
    OR coalesce(date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at, 20),
        '.0123456789')), '') < '0001-01-01';
SELECT RAISE(ABORT, 'mailmetrics_event_after_horizon') FROM mailmetrics_campaigns_workspace
 WHERE id = NEW.workspace_id
   AND date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at, 20), '.0123456789'))
       < events_pruned_before;
UPDATE mailmetrics_analytics_campaigntotals SET sent = sent - (OLD.kind = 1), opened = opened -
    (OLD.kind = 2), replied = replied - (OLD.kind = 3), bounced = bounced - (OLD.kind = 4)
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.campaign_id;
UPDATE mailmetrics_analytics_dailytotals SET sent = sent - (OLD.kind = 1), opened = opened -
    (OLD.kind = 2), replied = replied - (OLD.kind = 3), bounced = bounced - (OLD.kind = 4)
 WHERE workspace_id = OLD.workspace_id AND day = date(substr(OLD.occurred_at, 1, 19) ||
     ltrim(substr(OLD.occurred_at, 20), '.0123456789'));
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
VALUES (NEW.workspace_id, NEW.campaign_id, (NEW.kind = 1), (NEW.kind = 2), (NEW.kind = 3),
    (NEW.kind = 4))
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = sent + excluded.sent, opened =
        opened + excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
VALUES (NEW.workspace_id, date(substr(NEW.occurred_at, 1, 19) || ltrim(substr(NEW.occurred_at,
    20), '.0123456789')), (NEW.kind = 1), (NEW.kind = 2), (NEW.kind = 3), (NEW.kind = 4))
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = sent + excluded.sent, opened = opened +
        excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced; END;

CREATE TRIGGER mailmetrics_events_deleted AFTER DELETE ON mailmetrics_campaigns_emailevent BEGIN
SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted')
 WHERE EXISTS (SELECT 1 FROM mailmetrics_analytics_openbatch WHERE OLD.rowid > after_rowid);
UPDATE mailmetrics_analytics_campaigntotals SET sent = sent - (OLD.kind = 1), opened = opened -
    (OLD.kind = 2), replied = replied - (OLD.kind = 3), bounced = bounced - (OLD.kind = 4)
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.campaign_id;
UPDATE mailmetrics_analytics_dailytotals SET sent = sent - (OLD.kind = 1), opened = opened -
    (OLD.kind = 2), replied = replied - (OLD.kind = 3), bounced = bounced - (OLD.kind = 4)
 WHERE workspace_id = OLD.workspace_id AND day = date(substr(OLD.occurred_at, 1, 19) ||
     ltrim(substr(OLD.occurred_at, 20), '.0123456789')); END;

CREATE TRIGGER mailmetrics_pruned_inserted AFTER INSERT ON mailmetrics_analytics_prunedtotals BEGIN
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
VALUES (NEW.workspace_id, NEW.campaign_id, NEW.sent, NEW.opened, NEW.replied, NEW.bounced)
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = sent + excluded.sent, opened =
        opened + excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
VALUES (NEW.workspace_id, NEW.day, NEW.sent, NEW.opened, NEW.replied, NEW.bounced)
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = sent + excluded.sent, opened = opened +
        excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced; END;

CREATE TRIGGER mailmetrics_pruned_updated AFTER UPDATE ON mailmetrics_analytics_prunedtotals BEGIN
UPDATE mailmetrics_analytics_campaigntotals SET sent = sent - OLD.sent, opened = opened -
    OLD.opened, replied = replied - OLD.replied, bounced = bounced - OLD.bounced
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.campaign_id;
UPDATE mailmetrics_analytics_dailytotals SET sent = sent - OLD.sent, opened = opened -
    OLD.opened, replied = replied - OLD.replied, bounced = bounced - OLD.bounced
 WHERE workspace_id = OLD.workspace_id AND day = OLD.day;
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
VALUES (NEW.workspace_id, NEW.campaign_id, NEW.sent, NEW.opened, NEW.replied, NEW.bounced)
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = sent + excluded.sent, opened =
        opened + excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
VALUES (NEW.workspace_id, NEW.day, NEW.sent, NEW.opened, NEW.replied, NEW.bounced)
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = sent + excluded.sent, opened = opened +
        excluded.opened, replied = replied + excluded.replied, bounced = bounced +
        excluded.bounced; END;

CREATE TRIGGER mailmetrics_pruned_deleted AFTER DELETE ON mailmetrics_analytics_prunedtotals BEGIN
UPDATE mailmetrics_analytics_campaigntotals SET sent = sent - OLD.sent, opened = opened -
    OLD.opened, replied = replied - OLD.replied, bounced = bounced - OLD.bounced
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.campaign_id;
UPDATE mailmetrics_analytics_dailytotals SET sent = sent - OLD.sent, opened = opened -
    OLD.opened, replied = replied - OLD.replied, bounced = bounced - OLD.bounced
 WHERE workspace_id = OLD.workspace_id AND day = OLD.day; END;

CREATE TRIGGER mailmetrics_campaign_deleting BEFORE DELETE ON mailmetrics_campaigns_campaign BEGIN
DELETE FROM mailmetrics_campaigns_emailevent WHERE workspace_id = OLD.workspace_id AND
    campaign_id = OLD.id;
DELETE FROM mailmetrics_analytics_prunedtotals
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
DELETE FROM mailmetrics_analytics_campaigntotals
 WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
END;

CREATE TRIGGER mailmetrics_campaign_moving BEFORE UPDATE OF workspace_id, id ON
    mailmetrics_campaigns_campaign
WHEN (NEW.workspace_id, NEW.id) IS NOT (OLD.workspace_id, OLD.id) BEGIN
SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
 WHERE EXISTS (SELECT 1 FROM mailmetrics_analytics_campaigntotals
                WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id);
END;

CREATE TRIGGER mailmetrics_workspace_deleting BEFORE DELETE ON mailmetrics_campaigns_workspace BEGIN
DELETE FROM mailmetrics_campaigns_emailevent WHERE workspace_id = OLD.id;
DELETE FROM mailmetrics_analytics_prunedtotals WHERE workspace_id = OLD.id;
DELETE FROM mailmetrics_analytics_dailytotals WHERE workspace_id = OLD.id;
END;
