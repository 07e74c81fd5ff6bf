-- After postgresql_create.sql, where Citus distributes the tables by their workspace; the
-- campaigns and the workspaces are whole on every node.
--
-- A trigger fires on the shard that was written, and the shards of the other tables that hold the
-- same workspaces are beside it. These functions write to them by their own names: what goes by the
-- name of a table is planned for the whole cluster, and some of it Citus refuses within a trigger.

CREATE TYPE mailmetrics_shards AS (
    workspace text, campaign text, emailevent text,
    campaigntotals text, campaigndailytotals text, dailytotals text, prunedtotals text
);

-- Citus answers from what it keeps in memory of its metadata. No function of SQL, which would be
-- planned again in each transaction.
CREATE FUNCTION mailmetrics_shards(workspace bigint) RETURNS mailmetrics_shards
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(
        shard_name('mailmetrics_campaigns_workspace',
                   get_shard_id_for_distribution_column('mailmetrics_campaigns_workspace')),
        shard_name('mailmetrics_campaigns_campaign',
                   get_shard_id_for_distribution_column('mailmetrics_campaigns_campaign')),
        shard_name('mailmetrics_campaigns_emailevent', get_shard_id_for_distribution_column(
            'mailmetrics_campaigns_emailevent', workspace)),
        shard_name('mailmetrics_analytics_campaigntotals', get_shard_id_for_distribution_column(
            'mailmetrics_analytics_campaigntotals', workspace)),
        shard_name('mailmetrics_analytics_campaigndailytotals',
                   get_shard_id_for_distribution_column(
                       'mailmetrics_analytics_campaigndailytotals', workspace)),
        shard_name('mailmetrics_analytics_dailytotals', get_shard_id_for_distribution_column(
            'mailmetrics_analytics_dailytotals', workspace)),
        shard_name('mailmetrics_analytics_prunedtotals', get_shard_id_for_distribution_column(
            'mailmetrics_analytics_prunedtotals', workspace)))::mailmetrics_shards;
END $$;

-- Whether this node has the workspace's shards, for the triggers of the tables that each node has.
-- A shard that is on its way here is not meant.
CREATE FUNCTION mailmetrics_is_here(workspace bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_dist_placement JOIN pg_dist_local_group USING (groupid)
         WHERE shardid = get_shard_id_for_distribution_column(
                   'mailmetrics_campaigns_emailevent', workspace))
$$;

-- The statement with the shards in place of the tables.
CREATE FUNCTION mailmetrics_on(shards mailmetrics_shards, statement text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    statement := replace(statement, 'mailmetrics_campaigns_workspace', shards.workspace);
    statement := replace(statement, 'mailmetrics_campaigns_campaign', shards.campaign);
    statement := replace(statement, 'mailmetrics_campaigns_emailevent', shards.emailevent);
    statement := replace(
        statement, 'mailmetrics_analytics_campaigntotals', shards.campaigntotals);
    statement := replace(
        statement, 'mailmetrics_analytics_campaigndailytotals', shards.campaigndailytotals);
    statement := replace(statement, 'mailmetrics_analytics_dailytotals', shards.dailytotals);
    RETURN replace(statement, 'mailmetrics_analytics_prunedtotals', shards.prunedtotals);
END $$;

-- mailmetrics_add, mailmetrics_subtract and mailmetrics_recount once more, for shards: each of
-- their statements as it is, by EXECUTE.
DO $do$
DECLARE
    plain record;
BEGIN
    FOR plain IN
        SELECT proname AS name, proargnames[1] AS argument,
               pg_get_function_identity_arguments(oid) AS arguments, prosrc AS body
          FROM pg_proc
         WHERE oid IN ('mailmetrics_add(mailmetrics_counted[])'::regprocedure,
                       'mailmetrics_subtract(mailmetrics_counted[])'::regprocedure,
                       'mailmetrics_recount(bigint)'::regprocedure)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I(shards mailmetrics_shards, %s) RETURNS void '
            'LANGUAGE plpgsql AS %L',
            plain.name, plain.arguments,
            regexp_replace(
                regexp_replace(plain.body, '\m' || plain.argument || '\M', '$1', 'g'),
                '(INSERT|DELETE)[^;]*',
                'EXECUTE mailmetrics_on(shards, $sql$\&$sql$) USING ' || plain.argument, 'g'));
    END LOOP;
END $do$;

-- What EXECUTE runs is planned anew each time. Where there is nothing to sum and to sort, as for a
-- single event, that takes less than half as long.
CREATE FUNCTION mailmetrics_add_one(shards mailmetrics_shards, counted mailmetrics_counted)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE mailmetrics_on(shards, $sql$
        INSERT INTO mailmetrics_analytics_campaigntotals AS t
               (workspace_id, campaign_id, sent, opened, replied, bounced,
                clicked, unsubscribed, complained, machine_opened)
        VALUES ($1.workspace_id, $1.campaign_id, $1.sent, $1.opened, $1.replied, $1.bounced,
                $1.clicked, $1.unsubscribed, $1.complained, $1.machine_opened)
            ON CONFLICT (workspace_id, campaign_id) DO UPDATE
           SET sent = t.sent + excluded.sent,
               opened = t.opened + excluded.opened,
               replied = t.replied + excluded.replied,
               bounced = t.bounced + excluded.bounced,
               clicked = t.clicked + excluded.clicked,
               unsubscribed = t.unsubscribed + excluded.unsubscribed,
               complained = t.complained + excluded.complained,
               machine_opened = t.machine_opened + excluded.machine_opened $sql$)
      USING counted;
    EXECUTE mailmetrics_on(shards, $sql$
        INSERT INTO mailmetrics_analytics_campaigndailytotals AS t
               (workspace_id, campaign_id, day, sent, opened, replied, bounced,
                clicked, unsubscribed, complained, machine_opened)
        VALUES ($1.workspace_id, $1.campaign_id, $1.day, $1.sent, $1.opened, $1.replied, $1.bounced,
                $1.clicked, $1.unsubscribed, $1.complained, $1.machine_opened)
            ON CONFLICT (workspace_id, campaign_id, day) DO UPDATE
           SET sent = t.sent + excluded.sent,
               opened = t.opened + excluded.opened,
               replied = t.replied + excluded.replied,
               bounced = t.bounced + excluded.bounced,
               clicked = t.clicked + excluded.clicked,
               unsubscribed = t.unsubscribed + excluded.unsubscribed,
               complained = t.complained + excluded.complained,
               machine_opened = t.machine_opened + excluded.machine_opened $sql$)
      USING counted;
    EXECUTE mailmetrics_on(shards, $sql$
        INSERT INTO mailmetrics_analytics_dailytotals AS t
               (workspace_id, day, sent, opened, replied, bounced,
                clicked, unsubscribed, complained, machine_opened)
        VALUES ($1.workspace_id, $1.day, $1.sent, $1.opened, $1.replied, $1.bounced,
                $1.clicked, $1.unsubscribed, $1.complained, $1.machine_opened)
            ON CONFLICT (workspace_id, day) DO UPDATE
           SET sent = t.sent + excluded.sent,
               opened = t.opened + excluded.opened,
               replied = t.replied + excluded.replied,
               bounced = t.bounced + excluded.bounced,
               clicked = t.clicked + excluded.clicked,
               unsubscribed = t.unsubscribed + excluded.unsubscribed,
               complained = t.complained + excluded.complained,
               machine_opened = t.machine_opened + excluded.machine_opened $sql$)
      USING counted;
END $$;

-- Whether the triggers fire, for an INSERT of values, in which Citus refuses a subquery; so this is
-- no function of SQL, which would become one. Whoever records events calls it.
CREATE FUNCTION mailmetrics_events_are_counted() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(*) = 5 FROM pg_trigger
             WHERE starts_with(tgname, 'mailmetrics_events_') AND tgenabled IN ('O', 'A')
               AND tgrelid = to_regclass('mailmetrics_campaigns_emailevent'));
END $$;

-- Every row is of one shard, so that any of its workspaces finds it. A plan that is kept may have been
-- made for one event, and then has to do for a hundred thousand of many workspaces: without a
-- nested loop it does.
CREATE OR REPLACE FUNCTION mailmetrics_count_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET enable_nestloop = off AS $$
DECLARE
    workspaces bigint[];
    shards mailmetrics_shards;
    ids bigint[];
    zones text[];
    horizons timestamptz[];
    counted mailmetrics_counted[];
    too_early boolean;
BEGIN
    SELECT array_agg(DISTINCT workspace_id ORDER BY workspace_id) INTO workspaces
      FROM changed_rows;
    IF workspaces IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mailmetrics_lock(workspaces, alone => TG_OP = 'UPDATE');
    shards := mailmetrics_shards(workspaces[1]);
    -- A short statement, for it is planned each time; the plan of the long one is kept.
    EXECUTE mailmetrics_on(shards, $sql$
        SELECT array_agg(id), array_agg(time_zone), array_agg(events_pruned_before)
          FROM mailmetrics_campaigns_workspace WHERE id = ANY ($1)
    $sql$) INTO ids, zones, horizons USING workspaces;
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
              LEFT JOIN unnest(ids, zones, horizons) AS w (id, time_zone, events_pruned_before)
                     ON w.id = e.workspace_id
             GROUP BY 1, 2, 3) changed;
    IF TG_ARGV[0] = 'add' AND too_early THEN
        RAISE check_violation USING
            CONSTRAINT = 'mailmetrics_event_after_horizon',
            TABLE = 'mailmetrics_campaigns_emailevent',
            MESSAGE = 'an event is from before its workspace was pruned '
                      '(mailmetrics_event_after_horizon)';
    END IF;
    IF TG_ARGV[0] = 'add' AND cardinality(counted) = 1 THEN
        PERFORM mailmetrics_add_one(shards, counted[1]);
    ELSIF TG_ARGV[0] = 'add' THEN
        PERFORM mailmetrics_add(shards, counted);
    ELSE
        PERFORM mailmetrics_subtract(shards, counted);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION mailmetrics_count_pruned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    workspaces bigint[];
    shards mailmetrics_shards;
    counted mailmetrics_counted[];
BEGIN
    SELECT array_agg((workspace_id, campaign_id, day, sent, opened, replied, bounced,
                      clicked, unsubscribed, complained, machine_opened)::mailmetrics_counted),
           array_agg(DISTINCT workspace_id ORDER BY workspace_id)
      INTO counted, workspaces FROM changed_rows;
    IF counted IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM mailmetrics_lock(workspaces, alone => false);
    shards := mailmetrics_shards(workspaces[1]);
    IF TG_ARGV[0] = 'add' THEN
        PERFORM mailmetrics_add(shards, counted);
    ELSE
        PERFORM mailmetrics_subtract(shards, counted);
    END IF;
    RETURN NULL;
END $$;

-- Of a table's own triggers only this kind fires on a coordinator, and before the shards are
-- emptied: what will go is deleted first, so that it is taken off the totals.
CREATE OR REPLACE FUNCTION mailmetrics_recount_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_TABLE_NAME = 'mailmetrics_campaigns_emailevent' THEN
        DELETE FROM mailmetrics_campaigns_emailevent;
    ELSE
        DELETE FROM mailmetrics_analytics_prunedtotals;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION mailmetrics_campaigns_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    shards mailmetrics_shards;
BEGIN
    FOR shards IN
        SELECT (mailmetrics_shards(workspace_id)).*
          FROM (SELECT DISTINCT workspace_id FROM deleted_rows) c
         WHERE mailmetrics_is_here(workspace_id)
    LOOP
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_analytics_campaigndailytotals t USING deleted_rows c
             WHERE t.workspace_id = c.workspace_id AND t.campaign_id = c.id $sql$);
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_analytics_prunedtotals p USING deleted_rows c
             WHERE p.workspace_id = c.workspace_id AND p.campaign_id = c.id $sql$);
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_campaigns_emailevent e USING deleted_rows c
             WHERE e.workspace_id = c.workspace_id AND e.campaign_id = c.id $sql$);
    END LOOP;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION mailmetrics_workspaces_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    shards mailmetrics_shards;
BEGIN
    FOR shards IN
        SELECT (mailmetrics_shards(id)).* FROM deleted_rows WHERE mailmetrics_is_here(id)
    LOOP
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_analytics_campaigndailytotals t USING deleted_rows w
             WHERE t.workspace_id = w.id $sql$);
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_analytics_prunedtotals p USING deleted_rows w
             WHERE p.workspace_id = w.id $sql$);
        EXECUTE mailmetrics_on(shards, $sql$
            DELETE FROM mailmetrics_campaigns_emailevent e USING deleted_rows w
             WHERE e.workspace_id = w.id $sql$);
    END LOOP;
    RETURN NULL;
END $$;

-- On the node that has the workspace's events; the others have no days of it.
CREATE OR REPLACE FUNCTION mailmetrics_cut_days_anew() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF mailmetrics_is_here(NEW.id) THEN
        PERFORM mailmetrics_lock(ARRAY[NEW.id], alone => true);
        PERFORM mailmetrics_recount(mailmetrics_shards(NEW.id), NEW.id);
    END IF;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION
    mailmetrics_shards(bigint), mailmetrics_is_here(bigint),
    mailmetrics_on(mailmetrics_shards, text),
    mailmetrics_add(mailmetrics_shards, mailmetrics_counted[]),
    mailmetrics_add_one(mailmetrics_shards, mailmetrics_counted),
    mailmetrics_subtract(mailmetrics_shards, mailmetrics_counted[]),
    mailmetrics_recount(mailmetrics_shards, bigint)
    FROM PUBLIC;
