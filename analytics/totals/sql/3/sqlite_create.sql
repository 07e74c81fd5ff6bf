-- The triggers that keep the totals equal to a recount of the events, at every commit: what
-- postgresql_create.sql says of them is true here, too.
--
-- What must not be is refused by RAISE(ABORT): that stops an INSERT OR IGNORE as well, which would
-- pass over a totals row that breaks a constraint and keep the event.
--
-- The day of an instant is what mailmetrics_day(instant, time zone) says, a function that each of
-- our connections brings. A writer without it is refused: "no such function".
-- Its instant is "2024-01-15 10:00:00" in UTC, which datetime() makes of what raw SQL may have
-- written with an offset. datetime() rounds to milliseconds: the fraction goes first, or the
-- day's last instant would be the next day's.

-- SQLite has no procedures, but the triggers of a view may stand for one. This one adds to the
-- totals what events or pruned rows count.
CREATE VIEW mailmetrics_added AS
SELECT 0 AS workspace_id, '' AS campaign_id, '' AS day,
       0 AS sent, 0 AS opened, 0 AS replied, 0 AS bounced,
       0 AS clicked, 0 AS unsubscribed, 0 AS complained, 0 AS machine_opened
 WHERE 0;

CREATE TRIGGER mailmetrics_added_inserted INSTEAD OF INSERT ON mailmetrics_added BEGIN
    INSERT INTO mailmetrics_analytics_campaigntotals
           (workspace_id, campaign_id, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    VALUES (NEW.workspace_id, NEW.campaign_id,
            NEW.sent, NEW.opened, NEW.replied, NEW.bounced,
            NEW.clicked, NEW.unsubscribed, NEW.complained, NEW.machine_opened)
        ON CONFLICT (workspace_id, campaign_id) DO UPDATE
       SET sent = sent + excluded.sent,
           opened = opened + excluded.opened,
           replied = replied + excluded.replied,
           bounced = bounced + excluded.bounced,
           clicked = clicked + excluded.clicked,
           unsubscribed = unsubscribed + excluded.unsubscribed,
           complained = complained + excluded.complained,
           machine_opened = machine_opened + excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_campaigndailytotals
           (workspace_id, campaign_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    VALUES (NEW.workspace_id, NEW.campaign_id, NEW.day,
            NEW.sent, NEW.opened, NEW.replied, NEW.bounced,
            NEW.clicked, NEW.unsubscribed, NEW.complained, NEW.machine_opened)
        ON CONFLICT (workspace_id, campaign_id, day) DO UPDATE
       SET sent = sent + excluded.sent,
           opened = opened + excluded.opened,
           replied = replied + excluded.replied,
           bounced = bounced + excluded.bounced,
           clicked = clicked + excluded.clicked,
           unsubscribed = unsubscribed + excluded.unsubscribed,
           complained = complained + excluded.complained,
           machine_opened = machine_opened + excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_dailytotals
           (workspace_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    VALUES (NEW.workspace_id, NEW.day,
            NEW.sent, NEW.opened, NEW.replied, NEW.bounced,
            NEW.clicked, NEW.unsubscribed, NEW.complained, NEW.machine_opened)
        ON CONFLICT (workspace_id, day) DO UPDATE
       SET sent = sent + excluded.sent,
           opened = opened + excluded.opened,
           replied = replied + excluded.replied,
           bounced = bounced + excluded.bounced,
           clicked = clicked + excluded.clicked,
           unsubscribed = unsubscribed + excluded.unsubscribed,
           complained = complained + excluded.complained,
           machine_opened = machine_opened + excluded.machine_opened;
END;

-- And this one subtracts it from the totals that there are: those of a deleted campaign or
-- workspace have gone with it.
CREATE VIEW mailmetrics_subtracted AS
SELECT 0 AS workspace_id, '' AS campaign_id, '' AS day,
       0 AS sent, 0 AS opened, 0 AS replied, 0 AS bounced,
       0 AS clicked, 0 AS unsubscribed, 0 AS complained, 0 AS machine_opened
 WHERE 0;

CREATE TRIGGER mailmetrics_subtracted_inserted INSTEAD OF INSERT ON mailmetrics_subtracted BEGIN
    UPDATE mailmetrics_analytics_campaigntotals
       SET sent = sent - NEW.sent,
           opened = opened - NEW.opened,
           replied = replied - NEW.replied,
           bounced = bounced - NEW.bounced,
           clicked = clicked - NEW.clicked,
           unsubscribed = unsubscribed - NEW.unsubscribed,
           complained = complained - NEW.complained,
           machine_opened = machine_opened - NEW.machine_opened
     WHERE workspace_id = NEW.workspace_id AND campaign_id = NEW.campaign_id;
    UPDATE mailmetrics_analytics_campaigndailytotals
       SET sent = sent - NEW.sent,
           opened = opened - NEW.opened,
           replied = replied - NEW.replied,
           bounced = bounced - NEW.bounced,
           clicked = clicked - NEW.clicked,
           unsubscribed = unsubscribed - NEW.unsubscribed,
           complained = complained - NEW.complained,
           machine_opened = machine_opened - NEW.machine_opened
     WHERE workspace_id = NEW.workspace_id AND campaign_id = NEW.campaign_id AND day = NEW.day;
    UPDATE mailmetrics_analytics_dailytotals
       SET sent = sent - NEW.sent,
           opened = opened - NEW.opened,
           replied = replied - NEW.replied,
           bounced = bounced - NEW.bounced,
           clicked = clicked - NEW.clicked,
           unsubscribed = unsubscribed - NEW.unsubscribed,
           complained = complained - NEW.complained,
           machine_opened = machine_opened - NEW.machine_opened
     WHERE workspace_id = NEW.workspace_id AND day = NEW.day;
END;

-- What every event that is added has to be. The instant is in one of the forms that SQLite reads.
CREATE VIEW mailmetrics_checked AS
SELECT 0 AS workspace_id, '' AS campaign_id, '' AS occurred_at WHERE 0;

CREATE TRIGGER mailmetrics_checked_inserted INSTEAD OF INSERT ON mailmetrics_checked BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
     WHERE NOT EXISTS (SELECT 1 FROM mailmetrics_campaigns_campaign
                        WHERE id = NEW.campaign_id AND workspace_id = NEW.workspace_id);
    SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHERE date(substr(NEW.occurred_at, 1, 16), '+0 days') IS NOT substr(NEW.occurred_at, 1, 10)
        OR length(NEW.occurred_at) < 16
        OR coalesce(datetime(substr(NEW.occurred_at, 1, 19)
                             || ltrim(substr(NEW.occurred_at, 20), '.0123456789')), '')
           < '0001-01-01';
    SELECT RAISE(ABORT, 'mailmetrics_dailytotals_day_in_range')
      FROM mailmetrics_campaigns_workspace
     WHERE id = NEW.workspace_id
       AND mailmetrics_day(datetime(substr(NEW.occurred_at, 1, 19)
                                    || ltrim(substr(NEW.occurred_at, 20), '.0123456789')),
                           time_zone) IS NULL;
    SELECT RAISE(ABORT, 'mailmetrics_event_after_horizon')
      FROM mailmetrics_campaigns_workspace
     WHERE id = NEW.workspace_id
       AND datetime(substr(NEW.occurred_at, 1, 19)
                    || ltrim(substr(NEW.occurred_at, 20), '.0123456789')) < events_pruned_before;
END;

CREATE TRIGGER mailmetrics_events_inserted AFTER INSERT ON mailmetrics_campaigns_emailevent
WHEN NOT EXISTS (SELECT 1 FROM mailmetrics_campaigns_openbatch) BEGIN
    INSERT INTO mailmetrics_checked VALUES (NEW.workspace_id, NEW.campaign_id, NEW.occurred_at);
    INSERT INTO mailmetrics_added
    SELECT NEW.workspace_id, NEW.campaign_id,
           mailmetrics_day(datetime(substr(NEW.occurred_at, 1, 19)
                                    || ltrim(substr(NEW.occurred_at, 20), '.0123456789')),
                           time_zone),
           NEW.kind = 1, NEW.kind = 2, NEW.kind = 3, NEW.kind = 4,
           NEW.kind = 5, NEW.kind = 6, NEW.kind = 7, NEW.kind = 8
      FROM mailmetrics_campaigns_workspace WHERE id = NEW.workspace_id;
END;

CREATE TRIGGER mailmetrics_events_updated AFTER UPDATE ON mailmetrics_campaigns_emailevent BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted')
      FROM mailmetrics_campaigns_openbatch WHERE OLD.rowid > after_rowid;
    INSERT INTO mailmetrics_checked VALUES (NEW.workspace_id, NEW.campaign_id, NEW.occurred_at);
    INSERT INTO mailmetrics_added
    SELECT NEW.workspace_id, NEW.campaign_id,
           mailmetrics_day(datetime(substr(NEW.occurred_at, 1, 19)
                                    || ltrim(substr(NEW.occurred_at, 20), '.0123456789')),
                           time_zone),
           NEW.kind = 1, NEW.kind = 2, NEW.kind = 3, NEW.kind = 4,
           NEW.kind = 5, NEW.kind = 6, NEW.kind = 7, NEW.kind = 8
      FROM mailmetrics_campaigns_workspace WHERE id = NEW.workspace_id;
    INSERT INTO mailmetrics_subtracted
    SELECT OLD.workspace_id, OLD.campaign_id,
           mailmetrics_day(datetime(substr(OLD.occurred_at, 1, 19)
                                    || ltrim(substr(OLD.occurred_at, 20), '.0123456789')),
                           time_zone),
           OLD.kind = 1, OLD.kind = 2, OLD.kind = 3, OLD.kind = 4,
           OLD.kind = 5, OLD.kind = 6, OLD.kind = 7, OLD.kind = 8
      FROM mailmetrics_campaigns_workspace WHERE id = OLD.workspace_id;
END;

CREATE TRIGGER mailmetrics_events_deleted AFTER DELETE ON mailmetrics_campaigns_emailevent BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted')
      FROM mailmetrics_campaigns_openbatch WHERE OLD.rowid > after_rowid;
    INSERT INTO mailmetrics_subtracted
    SELECT OLD.workspace_id, OLD.campaign_id,
           mailmetrics_day(datetime(substr(OLD.occurred_at, 1, 19)
                                    || ltrim(substr(OLD.occurred_at, 20), '.0123456789')),
                           time_zone),
           OLD.kind = 1, OLD.kind = 2, OLD.kind = 3, OLD.kind = 4,
           OLD.kind = 5, OLD.kind = 6, OLD.kind = 7, OLD.kind = 8
      FROM mailmetrics_campaigns_workspace WHERE id = OLD.workspace_id;
END;

-- While a batch is open, inserted events are not counted one by one but all at once, when its row
-- is deleted: SQLite then looks each total up once instead of once for each event. Events that are
-- inserted have a higher rowid than any before. In a batch, instants are written as Django does:
-- "2024-01-15 10:00:00" with or without a fraction.
CREATE TRIGGER mailmetrics_batch_closed AFTER DELETE ON mailmetrics_campaigns_openbatch BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHERE EXISTS (SELECT 1 FROM mailmetrics_campaigns_emailevent
                    WHERE rowid > OLD.after_rowid
                      AND (occurred_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] '
                                                || '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*'
                           OR substr(occurred_at, 20) GLOB '*[^.0-9]*'
                           OR occurred_at < '0001-01-01'));
    INSERT INTO mailmetrics_added
    SELECT e.workspace_id,
           CASE WHEN EXISTS (SELECT 1 FROM mailmetrics_campaigns_campaign c
                              WHERE c.id = e.campaign_id AND c.workspace_id = e.workspace_id)
                THEN campaign_id ELSE RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace') END,
           CASE WHEN date(substr(latest, 1, 16), '+0 days') IS NOT substr(latest, 1, 10)
                THEN RAISE(ABORT, 'mailmetrics_event_has_instant')
                WHEN substr(earliest, 1, 19) < w.events_pruned_before
                THEN RAISE(ABORT, 'mailmetrics_event_after_horizon')
                WHEN day IS NULL
                THEN RAISE(ABORT, 'mailmetrics_dailytotals_day_in_range')
                ELSE day END,
           sent, opened, replied, bounced, clicked, unsubscribed, complained, machine_opened
      FROM (SELECT workspace_id, campaign_id,
                   CASE (SELECT time_zone FROM mailmetrics_campaigns_workspace
                          WHERE id = workspace_id)
                   WHEN 'UTC' THEN substr(occurred_at, 1, 10)
                   ELSE mailmetrics_day(substr(occurred_at, 1, 19),
                                        (SELECT time_zone FROM mailmetrics_campaigns_workspace
                                          WHERE id = workspace_id)) END AS day,
                   min(occurred_at) AS earliest, max(occurred_at) AS latest,
                   count(*) FILTER (WHERE kind = 1) AS sent,
                   count(*) FILTER (WHERE kind = 2) AS opened,
                   count(*) FILTER (WHERE kind = 3) AS replied,
                   count(*) FILTER (WHERE kind = 4) AS bounced,
                   count(*) FILTER (WHERE kind = 5) AS clicked,
                   count(*) FILTER (WHERE kind = 6) AS unsubscribed,
                   count(*) FILTER (WHERE kind = 7) AS complained,
                   count(*) FILTER (WHERE kind = 8) AS machine_opened
              FROM mailmetrics_campaigns_emailevent
             WHERE rowid > OLD.after_rowid GROUP BY 1, 2, 3) e
      LEFT JOIN mailmetrics_campaigns_workspace w ON w.id = e.workspace_id;
END;

CREATE TRIGGER mailmetrics_pruned_inserted AFTER INSERT ON mailmetrics_analytics_prunedtotals BEGIN
    INSERT INTO mailmetrics_added VALUES (
        NEW.workspace_id, NEW.campaign_id, NEW.day,
        NEW.sent, NEW.opened, NEW.replied, NEW.bounced,
        NEW.clicked, NEW.unsubscribed, NEW.complained, NEW.machine_opened);
END;

CREATE TRIGGER mailmetrics_pruned_updated AFTER UPDATE ON mailmetrics_analytics_prunedtotals BEGIN
    INSERT INTO mailmetrics_added VALUES (
        NEW.workspace_id, NEW.campaign_id, NEW.day,
        NEW.sent, NEW.opened, NEW.replied, NEW.bounced,
        NEW.clicked, NEW.unsubscribed, NEW.complained, NEW.machine_opened);
    INSERT INTO mailmetrics_subtracted VALUES (
        OLD.workspace_id, OLD.campaign_id, OLD.day,
        OLD.sent, OLD.opened, OLD.replied, OLD.bounced,
        OLD.clicked, OLD.unsubscribed, OLD.complained, OLD.machine_opened);
END;

CREATE TRIGGER mailmetrics_pruned_deleted AFTER DELETE ON mailmetrics_analytics_prunedtotals BEGIN
    INSERT INTO mailmetrics_subtracted VALUES (
        OLD.workspace_id, OLD.campaign_id, OLD.day,
        OLD.sent, OLD.opened, OLD.replied, OLD.bounced,
        OLD.clicked, OLD.unsubscribed, OLD.complained, OLD.machine_opened);
END;

-- All totals of a workspace anew, from its events and from what of them was pruned.
CREATE VIEW mailmetrics_recounted AS SELECT 0 AS workspace_id WHERE 0;

CREATE TRIGGER mailmetrics_recounted_inserted INSTEAD OF INSERT ON mailmetrics_recounted BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted') FROM mailmetrics_campaigns_openbatch;
    DELETE FROM mailmetrics_analytics_campaigntotals WHERE workspace_id = NEW.workspace_id;
    DELETE FROM mailmetrics_analytics_campaigndailytotals WHERE workspace_id = NEW.workspace_id;
    DELETE FROM mailmetrics_analytics_dailytotals WHERE workspace_id = NEW.workspace_id;
    INSERT INTO mailmetrics_added
    SELECT workspace_id, campaign_id,
           coalesce(day, RAISE(ABORT, 'mailmetrics_dailytotals_day_in_range')),
           sent, opened, replied, bounced, clicked, unsubscribed, complained, machine_opened
      FROM (SELECT e.workspace_id, e.campaign_id,
                   mailmetrics_day(datetime(substr(e.occurred_at, 1, 19)
                                            || ltrim(substr(e.occurred_at, 20), '.0123456789')),
                                   w.time_zone) AS day,
                   count(*) FILTER (WHERE kind = 1) AS sent,
                   count(*) FILTER (WHERE kind = 2) AS opened,
                   count(*) FILTER (WHERE kind = 3) AS replied,
                   count(*) FILTER (WHERE kind = 4) AS bounced,
                   count(*) FILTER (WHERE kind = 5) AS clicked,
                   count(*) FILTER (WHERE kind = 6) AS unsubscribed,
                   count(*) FILTER (WHERE kind = 7) AS complained,
                   count(*) FILTER (WHERE kind = 8) AS machine_opened
              FROM mailmetrics_campaigns_emailevent e
              JOIN mailmetrics_campaigns_workspace w ON w.id = e.workspace_id
             WHERE e.workspace_id = NEW.workspace_id GROUP BY 1, 2, 3);
    INSERT INTO mailmetrics_added
    SELECT workspace_id, campaign_id, day,
           sent, opened, replied, bounced, clicked, unsubscribed, complained, machine_opened
      FROM mailmetrics_analytics_prunedtotals WHERE workspace_id = NEW.workspace_id;
END;

CREATE TRIGGER mailmetrics_workspace_added AFTER INSERT ON mailmetrics_campaigns_workspace
WHEN NEW.time_zone <> 'UTC' BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_workspace_time_zone_known')
     WHERE mailmetrics_day('2024-01-15 12:00:00', NEW.time_zone) IS NULL;
END;

CREATE TRIGGER mailmetrics_workspace_changed
AFTER UPDATE OF time_zone ON mailmetrics_campaigns_workspace
WHEN NEW.time_zone <> OLD.time_zone BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_workspace_time_zone_known')
     WHERE mailmetrics_day('2024-01-15 12:00:00', NEW.time_zone) IS NULL;
    INSERT INTO mailmetrics_recounted VALUES (NEW.id);
END;

-- Totals first: what has none is not subtracted from again, event by event.
CREATE TRIGGER mailmetrics_campaign_deleting BEFORE DELETE ON mailmetrics_campaigns_campaign BEGIN
    DELETE FROM mailmetrics_analytics_campaigntotals
     WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
    DELETE FROM mailmetrics_analytics_campaigndailytotals
     WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
    DELETE FROM mailmetrics_analytics_prunedtotals
     WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
    DELETE FROM mailmetrics_campaigns_emailevent
     WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
END;

CREATE TRIGGER mailmetrics_campaign_moving
BEFORE UPDATE OF workspace_id, id ON mailmetrics_campaigns_campaign
WHEN (NEW.workspace_id, NEW.id) IS NOT (OLD.workspace_id, OLD.id) BEGIN
    SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
      FROM mailmetrics_analytics_campaigntotals
     WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
END;

CREATE TRIGGER mailmetrics_workspace_deleting BEFORE DELETE ON mailmetrics_campaigns_workspace BEGIN
    DELETE FROM mailmetrics_analytics_dailytotals WHERE workspace_id = OLD.id;
    DELETE FROM mailmetrics_analytics_campaigndailytotals WHERE workspace_id = OLD.id;
    DELETE FROM mailmetrics_analytics_prunedtotals WHERE workspace_id = OLD.id;
    DELETE FROM mailmetrics_campaigns_emailevent WHERE workspace_id = OLD.id;
END;
