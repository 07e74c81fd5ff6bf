-- The triggers that keep the totals equal to a recount of the events, at every commit.
--
-- Whatever writes events passes here: the ORM, raw SQL, COPY, a cascade. The grain of the totals
-- is (workspace, campaign, day), the day in the workspace's time zone; campaigntotals and
-- dailytotals are its sums. Events that were pruned are counted by prunedtotals, which has
-- triggers alike.
--
-- They also do what a foreign key of the events would: an event whose campaign is not in its
-- workspace is refused, and deleting a campaign or a workspace takes its events and totals with it.
--
-- Rows are locked in one order, so that two writers never wait for each other crosswise: totals of
-- campaigns, then of campaigns by day, then of days, each in the order of its key. The workspace's
-- present day, which every writer wants, so comes last and is held shortest.
--
-- Functions run as their owner, so that a writer of events needs no right to write totals, and
-- with the schema of the tables and then pg_temp as their search path, so that no table of the
-- session's takes a row of ours. Nobody else may make a trigger of his own with them.

-- The target of every event's count, and with it what refuses an event whose campaign is in
-- another workspace, within the statement that writes it. Deferrable for fixtures alone, which may
-- have pruned totals before their campaigns.
ALTER TABLE mailmetrics_analytics_campaigntotals
    ADD CONSTRAINT mailmetrics_event_campaign_in_workspace
    FOREIGN KEY (workspace_id, campaign_id)
    REFERENCES mailmetrics_campaigns_campaign (workspace_id, id) ON DELETE CASCADE DEFERRABLE;
ALTER TABLE mailmetrics_analytics_dailytotals
    ADD CONSTRAINT mailmetrics_dailytotals_workspace
    FOREIGN KEY (workspace_id) REFERENCES mailmetrics_campaigns_workspace (id) ON DELETE CASCADE
    DEFERRABLE;

-- What events or pruned rows count, by the grain. Arrays of it go from the transition tables to
-- the totals, for on Citus a transition table can't itself feed an INSERT.
CREATE TYPE mailmetrics_counted AS (
    workspace_id bigint, campaign_id uuid, day date,
    sent bigint, opened bigint, replied bigint, bounced bigint,
    clicked bigint, unsubscribed bigint, complained bigint, machine_opened bigint
);

CREATE FUNCTION mailmetrics_add(counted mailmetrics_counted[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mailmetrics_analytics_campaigntotals AS t
           (workspace_id, campaign_id, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, campaign_id, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM unnest(counted) GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (workspace_id, campaign_id) DO UPDATE
       SET sent = t.sent + excluded.sent,
           opened = t.opened + excluded.opened,
           replied = t.replied + excluded.replied,
           bounced = t.bounced + excluded.bounced,
           clicked = t.clicked + excluded.clicked,
           unsubscribed = t.unsubscribed + excluded.unsubscribed,
           complained = t.complained + excluded.complained,
           machine_opened = t.machine_opened + excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_campaigndailytotals AS t
           (workspace_id, campaign_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, campaign_id, day, sent, opened, replied, bounced,
           clicked, unsubscribed, complained, machine_opened
      FROM unnest(counted) ORDER BY 1, 2, 3
        ON CONFLICT (workspace_id, campaign_id, day) DO UPDATE
       SET sent = t.sent + excluded.sent,
           opened = t.opened + excluded.opened,
           replied = t.replied + excluded.replied,
           bounced = t.bounced + excluded.bounced,
           clicked = t.clicked + excluded.clicked,
           unsubscribed = t.unsubscribed + excluded.unsubscribed,
           complained = t.complained + excluded.complained,
           machine_opened = t.machine_opened + excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_dailytotals AS t
           (workspace_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, day, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM unnest(counted) GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (workspace_id, day) DO UPDATE
       SET sent = t.sent + excluded.sent,
           opened = t.opened + excluded.opened,
           replied = t.replied + excluded.replied,
           bounced = t.bounced + excluded.bounced,
           clicked = t.clicked + excluded.clicked,
           unsubscribed = t.unsubscribed + excluded.unsubscribed,
           complained = t.complained + excluded.complained,
           machine_opened = t.machine_opened + excluded.machine_opened;
END $$;

-- From the rows that there are: those of a deleted campaign or workspace have gone with it. Each is
-- looked up by its key, after the sums: of a join with an array, which has no statistics, the
-- planner may make a nested loop over all of both. An upsert, too, because it locks in the order in
-- which it is fed.
CREATE FUNCTION mailmetrics_subtract(counted mailmetrics_counted[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mailmetrics_analytics_campaigntotals AS t
           (workspace_id, campaign_id, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, campaign_id, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM unnest(counted) u GROUP BY 1, 2
    HAVING (SELECT true FROM mailmetrics_analytics_campaigntotals c
             WHERE c.workspace_id = u.workspace_id AND c.campaign_id = u.campaign_id)
     ORDER BY 1, 2
        ON CONFLICT (workspace_id, campaign_id) DO UPDATE
       SET sent = t.sent - excluded.sent,
           opened = t.opened - excluded.opened,
           replied = t.replied - excluded.replied,
           bounced = t.bounced - excluded.bounced,
           clicked = t.clicked - excluded.clicked,
           unsubscribed = t.unsubscribed - excluded.unsubscribed,
           complained = t.complained - excluded.complained,
           machine_opened = t.machine_opened - excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_campaigndailytotals AS t
           (workspace_id, campaign_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, campaign_id, day, sent, opened, replied, bounced,
           clicked, unsubscribed, complained, machine_opened
      FROM unnest(counted) u
     WHERE (SELECT true FROM mailmetrics_analytics_campaigndailytotals c
             WHERE c.workspace_id = u.workspace_id AND c.campaign_id = u.campaign_id
               AND c.day = u.day)
     ORDER BY 1, 2, 3
        ON CONFLICT (workspace_id, campaign_id, day) DO UPDATE
       SET sent = t.sent - excluded.sent,
           opened = t.opened - excluded.opened,
           replied = t.replied - excluded.replied,
           bounced = t.bounced - excluded.bounced,
           clicked = t.clicked - excluded.clicked,
           unsubscribed = t.unsubscribed - excluded.unsubscribed,
           complained = t.complained - excluded.complained,
           machine_opened = t.machine_opened - excluded.machine_opened;
    INSERT INTO mailmetrics_analytics_dailytotals AS t
           (workspace_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace_id, day, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM unnest(counted) u GROUP BY 1, 2
    HAVING (SELECT true FROM mailmetrics_analytics_dailytotals d
             WHERE d.workspace_id = u.workspace_id AND d.day = u.day)
     ORDER BY 1, 2
        ON CONFLICT (workspace_id, day) DO UPDATE
       SET sent = t.sent - excluded.sent,
           opened = t.opened - excluded.opened,
           replied = t.replied - excluded.replied,
           bounced = t.bounced - excluded.bounced,
           clicked = t.clicked - excluded.clicked,
           unsubscribed = t.unsubscribed - excluded.unsubscribed,
           complained = t.complained - excluded.complained,
           machine_opened = t.machine_opened - excluded.machine_opened;
END $$;

-- A writer shares its workspaces until it commits; an update of events and a change of the time
-- zone have the workspace alone. A transaction whose snapshot is older than a change of the zone
-- would not see that: it locks the row, which fails then, to be tried again.
CREATE FUNCTION mailmetrics_lock(workspaces bigint[], alone boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM mailmetrics_campaigns_workspace
          WHERE id = ANY (workspaces) ORDER BY id FOR SHARE;
    END IF;
    IF alone THEN
        PERFORM pg_advisory_xact_lock(1835889784, (id % 2147483647)::int)
           FROM unnest(workspaces) id;
    ELSE
        PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int)
           FROM unnest(workspaces) id;
    END IF;
END $$;

-- All totals of a workspace anew, from its events and from what of them was pruned.
CREATE FUNCTION mailmetrics_recount(workspace bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM mailmetrics_analytics_campaigntotals WHERE workspace_id = workspace;
    DELETE FROM mailmetrics_analytics_campaigndailytotals WHERE workspace_id = workspace;
    DELETE FROM mailmetrics_analytics_dailytotals WHERE workspace_id = workspace;
    INSERT INTO mailmetrics_analytics_campaigndailytotals
           (workspace_id, campaign_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace, campaign_id, day, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM (SELECT campaign_id, day, sent, opened, replied, bounced,
                   clicked, unsubscribed, complained, machine_opened
              FROM mailmetrics_analytics_prunedtotals WHERE workspace_id = workspace
            UNION ALL
            SELECT e.campaign_id, (e.occurred_at AT TIME ZONE w.time_zone)::date,
                   count(*) FILTER (WHERE kind = 1), count(*) FILTER (WHERE kind = 2),
                   count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 4),
                   count(*) FILTER (WHERE kind = 5), count(*) FILTER (WHERE kind = 6),
                   count(*) FILTER (WHERE kind = 7), count(*) FILTER (WHERE kind = 8)
              FROM mailmetrics_campaigns_emailevent e
              JOIN mailmetrics_campaigns_workspace w ON w.id = e.workspace_id
             WHERE e.workspace_id = workspace GROUP BY 1, 2) counted
     GROUP BY 1, 2, 3;
    INSERT INTO mailmetrics_analytics_campaigntotals
           (workspace_id, campaign_id, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace, campaign_id, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM mailmetrics_analytics_campaigndailytotals WHERE workspace_id = workspace
     GROUP BY 1, 2;
    INSERT INTO mailmetrics_analytics_dailytotals
           (workspace_id, day, sent, opened, replied, bounced,
            clicked, unsubscribed, complained, machine_opened)
    SELECT workspace, day, sum(sent), sum(opened), sum(replied), sum(bounced),
           sum(clicked), sum(unsubscribed), sum(complained), sum(machine_opened)
      FROM mailmetrics_analytics_campaigndailytotals WHERE workspace_id = workspace
     GROUP BY 1, 2;
END $$;

-- Adds or subtracts, as its trigger says, what the rows of one statement count. The horizon and
-- the zone are read after the lock, with a snapshot of their own: a pruning or a change of the zone
-- that was committed meanwhile is seen.
CREATE FUNCTION mailmetrics_count_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    workspaces bigint[];
    counted mailmetrics_counted[];
    too_early boolean;
BEGIN
    SELECT array_agg(workspace_id) INTO workspaces
      FROM (SELECT DISTINCT workspace_id FROM changed_rows ORDER BY 1) changed;
    IF workspaces IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mailmetrics_lock(workspaces, alone => TG_OP = 'UPDATE');
    -- A left join: an event whose workspace does not exist is refused with its campaign.
    SELECT array_agg((workspace_id, campaign_id, day, sent, opened, replied, bounced,
                      clicked, unsubscribed, complained, machine_opened)::mailmetrics_counted),
           bool_or(changed.too_early)
      INTO counted, too_early
      FROM (SELECT e.workspace_id, e.campaign_id,
                   (e.occurred_at AT TIME ZONE w.time_zone)::date AS day,
                   bool_or(e.occurred_at < w.events_pruned_before) AS too_early,
                   count(*) FILTER (WHERE kind = 1) AS sent,
                   count(*) FILTER (WHERE kind = 2) AS opened,
                   count(*) FILTER (WHERE kind = 3) AS replied,
                   count(*) FILTER (WHERE kind = 4) AS bounced,
                   count(*) FILTER (WHERE kind = 5) AS clicked,
                   count(*) FILTER (WHERE kind = 6) AS unsubscribed,
                   count(*) FILTER (WHERE kind = 7) AS complained,
                   count(*) FILTER (WHERE kind = 8) AS machine_opened
              FROM changed_rows e
              LEFT JOIN mailmetrics_campaigns_workspace w ON w.id = e.workspace_id
             GROUP BY 1, 2, 3) changed;
    IF TG_ARGV[0] = 'add' AND too_early THEN
        RAISE check_violation USING
            CONSTRAINT = 'mailmetrics_event_after_horizon',
            TABLE = 'mailmetrics_campaigns_emailevent',
            MESSAGE = 'an event is from before its workspace was pruned '
                      '(mailmetrics_event_after_horizon)';
    END IF;
    IF TG_ARGV[0] = 'add' THEN
        PERFORM mailmetrics_add(counted);
    ELSE
        PERFORM mailmetrics_subtract(counted);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_events_inserted AFTER INSERT ON mailmetrics_campaigns_emailevent
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_events('add');
-- In the order of their names: what is added comes first, so that no count is negative between.
CREATE TRIGGER mailmetrics_events_updated AFTER UPDATE ON mailmetrics_campaigns_emailevent
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_events('add');
CREATE TRIGGER mailmetrics_events_updated_from AFTER UPDATE ON mailmetrics_campaigns_emailevent
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_events('subtract');
CREATE TRIGGER mailmetrics_events_deleted AFTER DELETE ON mailmetrics_campaigns_emailevent
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_events('subtract');

-- The same for what was pruned. Shared for an update, too: what prunes has deleted events, and so
-- has it shared already.
CREATE FUNCTION mailmetrics_count_pruned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    counted mailmetrics_counted[];
BEGIN
    SELECT array_agg((workspace_id, campaign_id, day, sent, opened, replied, bounced,
                      clicked, unsubscribed, complained, machine_opened)::mailmetrics_counted)
      INTO counted FROM changed_rows;
    IF counted IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mailmetrics_lock(
        ARRAY(SELECT DISTINCT workspace_id FROM changed_rows ORDER BY 1), alone => false);
    IF TG_ARGV[0] = 'add' THEN
        PERFORM mailmetrics_add(counted);
    ELSE
        PERFORM mailmetrics_subtract(counted);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_pruned_inserted AFTER INSERT ON mailmetrics_analytics_prunedtotals
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_pruned('add');
CREATE TRIGGER mailmetrics_pruned_updated AFTER UPDATE ON mailmetrics_analytics_prunedtotals
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_pruned('add');
CREATE TRIGGER mailmetrics_pruned_updated_from AFTER UPDATE ON mailmetrics_analytics_prunedtotals
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_pruned('subtract');
CREATE TRIGGER mailmetrics_pruned_deleted AFTER DELETE ON mailmetrics_analytics_prunedtotals
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_count_pruned('subtract');

-- TRUNCATE has no transition tables: what is left is counted anew.
CREATE FUNCTION mailmetrics_recount_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM mailmetrics_analytics_campaigntotals;
    DELETE FROM mailmetrics_analytics_campaigndailytotals;
    DELETE FROM mailmetrics_analytics_dailytotals;
    PERFORM mailmetrics_recount(id) FROM mailmetrics_campaigns_workspace;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_events_truncated AFTER TRUNCATE ON mailmetrics_campaigns_emailevent
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_recount_all();
CREATE TRIGGER mailmetrics_pruned_truncated AFTER TRUNCATE ON mailmetrics_analytics_prunedtotals
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_recount_all();

-- The campaign's totals went by their foreign key's cascade, which waited for any writer that held
-- them: its events are committed and seen here. A later writer finds no campaign. What was pruned
-- goes before the events: its days are before theirs, and days are locked in their order. EXECUTE
-- plans for as many campaigns as there are: the plan for one, kept, would read all events for each.
CREATE FUNCTION mailmetrics_campaigns_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    EXECUTE $sql$
        DELETE FROM mailmetrics_analytics_campaigndailytotals t USING deleted_rows c
         WHERE t.workspace_id = c.workspace_id AND t.campaign_id = c.id $sql$;
    EXECUTE $sql$
        DELETE FROM mailmetrics_analytics_prunedtotals p USING deleted_rows c
         WHERE p.workspace_id = c.workspace_id AND p.campaign_id = c.id $sql$;
    EXECUTE $sql$
        DELETE FROM mailmetrics_campaigns_emailevent e USING deleted_rows c
         WHERE e.workspace_id = c.workspace_id AND e.campaign_id = c.id $sql$;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_campaigns_deleted AFTER DELETE ON mailmetrics_campaigns_campaign
    REFERENCING OLD TABLE AS deleted_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_campaigns_deleted();

CREATE FUNCTION mailmetrics_campaigns_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM mailmetrics_analytics_campaigndailytotals;
    DELETE FROM mailmetrics_analytics_prunedtotals;
    DELETE FROM mailmetrics_campaigns_emailevent;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_campaigns_truncated AFTER TRUNCATE ON mailmetrics_campaigns_campaign
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_campaigns_truncated();

-- Its campaigns may be there until the commit, when their foreign key is checked.
CREATE FUNCTION mailmetrics_workspaces_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM mailmetrics_analytics_campaigndailytotals t USING deleted_rows w
     WHERE t.workspace_id = w.id;
    DELETE FROM mailmetrics_analytics_prunedtotals p USING deleted_rows w
     WHERE p.workspace_id = w.id;
    DELETE FROM mailmetrics_campaigns_emailevent e USING deleted_rows w
     WHERE e.workspace_id = w.id;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_workspaces_deleted AFTER DELETE ON mailmetrics_campaigns_workspace
    REFERENCING OLD TABLE AS deleted_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_workspaces_deleted();

-- Zones by their IANA names: PostgreSQL itself would take abbreviations and "nowhere+3", too. To list
-- the names takes it many milliseconds, so that is done once for all workspaces that a statement
-- adds, and not for a zone that a workspace has already.
CREATE FUNCTION mailmetrics_know_time_zones(zones text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    unknown text;
BEGIN
    SELECT zone INTO unknown FROM unnest(zones) zone
     WHERE zone NOT IN (SELECT name FROM pg_timezone_names) LIMIT 1;
    IF FOUND THEN
        RAISE check_violation USING
            CONSTRAINT = 'mailmetrics_workspace_time_zone_known',
            TABLE = 'mailmetrics_campaigns_workspace',
            MESSAGE = format('%L is no time zone that PostgreSQL knows '
                             '(mailmetrics_workspace_time_zone_known)', unknown);
    END IF;
END $$;

CREATE FUNCTION mailmetrics_workspaces_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    zones text[] := ARRAY(SELECT DISTINCT time_zone FROM added_rows WHERE time_zone <> 'UTC');
BEGIN
    IF cardinality(zones) > 0 THEN
        PERFORM mailmetrics_know_time_zones(zones);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_workspaces_added AFTER INSERT ON mailmetrics_campaigns_workspace
    REFERENCING NEW TABLE AS added_rows
    FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_workspaces_added();

-- It sees the rows that the same statement has changed before.
CREATE FUNCTION mailmetrics_workspace_changing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mailmetrics_campaigns_workspace WHERE time_zone = NEW.time_zone) THEN
        PERFORM mailmetrics_know_time_zones(ARRAY[NEW.time_zone]::text[]);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER mailmetrics_workspace_changing
    BEFORE UPDATE OF time_zone ON mailmetrics_campaigns_workspace
    FOR EACH ROW WHEN (NEW.time_zone <> 'UTC' AND NEW.time_zone <> OLD.time_zone)
    EXECUTE FUNCTION mailmetrics_workspace_changing();

-- The recorded days are cut anew while readers see the old ones. What this transaction can't see
-- would keep its old cut, so its snapshots have to be as new as the lock.
CREATE FUNCTION mailmetrics_cut_days_anew() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE invalid_transaction_state USING
            MESSAGE = 'a time zone is changed in a READ COMMITTED transaction only';
    END IF;
    PERFORM mailmetrics_lock(ARRAY[NEW.id], alone => true);
    PERFORM mailmetrics_recount(NEW.id);
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_workspace_changed
    AFTER UPDATE OF time_zone ON mailmetrics_campaigns_workspace
    FOR EACH ROW WHEN (NEW.time_zone <> OLD.time_zone)
    EXECUTE FUNCTION mailmetrics_cut_days_anew();

REVOKE ALL ON FUNCTION
    mailmetrics_add(mailmetrics_counted[]), mailmetrics_subtract(mailmetrics_counted[]),
    mailmetrics_lock(bigint[], boolean), mailmetrics_recount(bigint),
    mailmetrics_count_events(), mailmetrics_count_pruned(), mailmetrics_recount_all(),
    mailmetrics_campaigns_deleted(), mailmetrics_campaigns_truncated(),
    mailmetrics_workspaces_deleted(), mailmetrics_know_time_zones(text[]),
    mailmetrics_workspaces_added(), mailmetrics_workspace_changing(), mailmetrics_cut_days_anew()
    FROM PUBLIC;
