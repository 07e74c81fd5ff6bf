-- The triggers of migration 0002, as released: never edited. Two totals, four kinds, days in UTC.

ALTER TABLE mailmetrics_analytics_campaigntotals ADD CONSTRAINT
    mailmetrics_event_campaign_in_workspace
FOREIGN KEY (workspace_id, campaign_id) REFERENCES mailmetrics_campaigns_campaign (workspace_id, id)
ON DELETE CASCADE;

ALTER TABLE mailmetrics_analytics_dailytotals ADD CONSTRAINT mailmetrics_dailytotals_workspace
FOREIGN KEY (workspace_id) REFERENCES mailmetrics_campaigns_workspace (id) ON DELETE CASCADE;

CREATE FUNCTION mailmetrics_events_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, min(occurred_at) AS earliest FROM new_rows r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
IF EXISTS (SELECT FROM unnest(workspaces, earliests) g (workspace_id, earliest)
             JOIN mailmetrics_campaigns_workspace w ON w.id = g.workspace_id
            WHERE g.earliest < w.events_pruned_before::timestamp AT TIME ZONE 'UTC') THEN
    RAISE check_violation USING CONSTRAINT = 'mailmetrics_event_after_horizon', TABLE =
        'mailmetrics_campaigns_emailevent',
        MESSAGE =
            'an event is from before its workspace was pruned (mailmetrics_event_after_horizon)';
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, count(*) FILTER (WHERE kind = 1) AS sent,
      count(*) FILTER (WHERE kind = 2) AS opened, count(*) FILTER (WHERE kind = 3) AS replied,
      count(*) FILTER (WHERE kind = 4) AS bounced FROM new_rows r GROUP BY 1, 2) g
 WHERE true;
INSERT INTO mailmetrics_analytics_campaigntotals AS t (workspace_id, campaign_id, sent, opened,
    replied, bounced)
SELECT * FROM unnest(workspaces, campaign_ids, a, b, c, d)
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET sent = t.sent + excluded.sent, opened
        = t.opened + excluded.opened, replied = t.replied + excluded.replied, bounced =
        t.bounced + excluded.bounced;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date AS key, count(*) FILTER
      (WHERE kind = 1) AS sent, count(*) FILTER (WHERE kind = 2) AS opened, count(*) FILTER
      (WHERE kind = 3) AS replied, count(*) FILTER (WHERE kind = 4) AS bounced FROM new_rows r
      GROUP BY 1, 2) g
 WHERE true;
INSERT INTO mailmetrics_analytics_dailytotals AS t (workspace_id, day, sent, opened, replied,
    bounced)
SELECT * FROM unnest(workspaces, days, a, b, c, d)
    ON CONFLICT (workspace_id, day) DO UPDATE SET sent = t.sent + excluded.sent, opened =
        t.opened + excluded.opened, replied = t.replied + excluded.replied, bounced = t.bounced
        + excluded.bounced;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_events_updated() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, min(occurred_at) FILTER (WHERE sign = 1) AS earliest FROM (SELECT
      *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1 FROM new_rows) r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
IF EXISTS (SELECT FROM unnest(workspaces, earliests) g (workspace_id, earliest)
             JOIN mailmetrics_campaigns_workspace w ON w.id = g.workspace_id
            WHERE g.earliest < w.events_pruned_before::timestamp AT TIME ZONE 'UTC') THEN
    RAISE check_violation USING CONSTRAINT = 'mailmetrics_event_after_horizon', TABLE =
        'mailmetrics_campaigns_emailevent',
        MESSAGE =
            'an event is from before its workspace was pruned (mailmetrics_event_after_horizon)';
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, coalesce(sum(sign) FILTER (WHERE kind = 1), 0)
      AS sent, coalesce(sum(sign) FILTER (WHERE kind = 2), 0) AS opened, coalesce(sum(sign)
      FILTER (WHERE kind = 3), 0) AS replied, coalesce(sum(sign) FILTER (WHERE kind = 4), 0) AS
      bounced FROM (SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1 FROM new_rows) r
      GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
        replied, bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, campaign_ids, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, campaign_id) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_campaigntotals
      WHERE (workspace_id, campaign_id) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces,
          campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, campaign_id FOR UPDATE;
    UPDATE mailmetrics_analytics_campaigntotals t SET sent = t.sent + u.sent, opened = t.opened
        + u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened,
        replied, bounced)
     WHERE t.workspace_id = u.workspace_id AND t.campaign_id = u.key;
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date AS key, coalesce(sum(sign)
      FILTER (WHERE kind = 1), 0) AS sent, coalesce(sum(sign) FILTER (WHERE kind = 2), 0) AS
      opened, coalesce(sum(sign) FILTER (WHERE kind = 3), 0) AS replied, coalesce(sum(sign)
      FILTER (WHERE kind = 4), 0) AS bounced FROM (SELECT *, -1 AS sign FROM old_rows UNION ALL
      SELECT *, 1 FROM new_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied,
        bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, days, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, day) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_dailytotals
      WHERE (workspace_id, day) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces, days,
          a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, day FOR UPDATE;
    UPDATE mailmetrics_analytics_dailytotals t SET sent = t.sent + u.sent, opened = t.opened +
        u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, days, a, b, c, d) u (workspace_id, key, sent, opened, replied,
        bounced)
     WHERE t.workspace_id = u.workspace_id AND t.day = u.key;
END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_events_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, NULL::timestamptz AS earliest FROM old_rows r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, coalesce(sum(sign) FILTER (WHERE kind = 1), 0)
      AS sent, coalesce(sum(sign) FILTER (WHERE kind = 2), 0) AS opened, coalesce(sum(sign)
      FILTER (WHERE kind = 3), 0) AS replied, coalesce(sum(sign) FILTER (WHERE kind = 4), 0) AS
      bounced FROM (SELECT *, -1 AS sign FROM old_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
        replied, bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, campaign_ids, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, campaign_id) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_campaigntotals
      WHERE (workspace_id, campaign_id) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces,
          campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, campaign_id FOR UPDATE;
    UPDATE mailmetrics_analytics_campaigntotals t SET sent = t.sent + u.sent, opened = t.opened
        + u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened,
        replied, bounced)
     WHERE t.workspace_id = u.workspace_id AND t.campaign_id = u.key;
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date AS key, coalesce(sum(sign)
      FILTER (WHERE kind = 1), 0) AS sent, coalesce(sum(sign) FILTER (WHERE kind = 2), 0) AS
      opened, coalesce(sum(sign) FILTER (WHERE kind = 3), 0) AS replied, coalesce(sum(sign)
      FILTER (WHERE kind = 4), 0) AS bounced FROM (SELECT *, -1 AS sign FROM old_rows) r GROUP
      BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied,
        bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, days, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, day) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_dailytotals
      WHERE (workspace_id, day) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces, days,
          a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, day FOR UPDATE;
    UPDATE mailmetrics_analytics_dailytotals t SET sent = t.sent + u.sent, opened = t.opened +
        u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, days, a, b, c, d) u (workspace_id, key, sent, opened, replied,
        bounced)
     WHERE t.workspace_id = u.workspace_id AND t.day = u.key;
END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_events_truncated() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
DELETE FROM mailmetrics_analytics_campaigntotals;
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
SELECT workspace_id, key, sum(sent), sum(opened), sum(replied), sum(bounced)
  FROM (SELECT workspace_id, campaign_id AS key, sent, opened, replied, bounced FROM
      mailmetrics_analytics_prunedtotals
        UNION ALL
        SELECT workspace_id, campaign_id, count(*) FILTER (WHERE kind = 1), count(*) FILTER
            (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 4)
            FROM mailmetrics_campaigns_emailevent GROUP BY 1, 2) counted
 GROUP BY 1, 2;
DELETE FROM mailmetrics_analytics_dailytotals;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
SELECT workspace_id, key, sum(sent), sum(opened), sum(replied), sum(bounced)
  FROM (SELECT workspace_id, day AS key, sent, opened, replied, bounced FROM
      mailmetrics_analytics_prunedtotals
        UNION ALL
        SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE kind
            = 1), count(*) FILTER (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), count(*)
            FILTER (WHERE kind = 4) FROM mailmetrics_campaigns_emailevent GROUP BY 1, 2) counted
 GROUP BY 1, 2;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_pruned_inserted() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, NULL::timestamptz AS earliest FROM (SELECT *, 1 AS sign FROM
      new_rows) r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, 1 AS sign FROM new_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
        replied, bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, campaign_ids, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, campaign_id) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_campaigntotals
      WHERE (workspace_id, campaign_id) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces,
          campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, campaign_id FOR UPDATE;
    UPDATE mailmetrics_analytics_campaigntotals t SET sent = t.sent + u.sent, opened = t.opened
        + u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened,
        replied, bounced)
     WHERE t.workspace_id = u.workspace_id AND t.campaign_id = u.key;
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, day AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, 1 AS sign FROM new_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied,
        bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, days, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, day) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_dailytotals
      WHERE (workspace_id, day) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces, days,
          a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, day FOR UPDATE;
    UPDATE mailmetrics_analytics_dailytotals t SET sent = t.sent + u.sent, opened = t.opened +
        u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, days, a, b, c, d) u (workspace_id, key, sent, opened, replied,
        bounced)
     WHERE t.workspace_id = u.workspace_id AND t.day = u.key;
END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_pruned_updated() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, NULL::timestamptz AS earliest FROM (SELECT *, -1 AS sign FROM
      old_rows UNION ALL SELECT *, 1 FROM new_rows) r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1
      FROM new_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
        replied, bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, campaign_ids, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, campaign_id) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_campaigntotals
      WHERE (workspace_id, campaign_id) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces,
          campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, campaign_id FOR UPDATE;
    UPDATE mailmetrics_analytics_campaigntotals t SET sent = t.sent + u.sent, opened = t.opened
        + u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened,
        replied, bounced)
     WHERE t.workspace_id = u.workspace_id AND t.campaign_id = u.key;
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, day AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1
      FROM new_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied,
        bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, days, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, day) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_dailytotals
      WHERE (workspace_id, day) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces, days,
          a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, day FOR UPDATE;
    UPDATE mailmetrics_analytics_dailytotals t SET sent = t.sent + u.sent, opened = t.opened +
        u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, days, a, b, c, d) u (workspace_id, key, sent, opened, replied,
        bounced)
     WHERE t.workspace_id = u.workspace_id AND t.day = u.key;
END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_pruned_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
  INTO workspaces, earliests
  FROM (SELECT workspace_id, NULL::timestamptz AS earliest FROM (SELECT *, -1 AS sign FROM
      old_rows) r GROUP BY 1) g;
PERFORM pg_advisory_xact_lock_shared(1835889784, (id % 2147483647)::int) FROM unnest(workspaces) id;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, campaign_ids, a, b, c, d
  FROM (SELECT workspace_id, campaign_id AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, -1 AS sign FROM old_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
        replied, bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, campaign_ids, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, campaign_id) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_campaigntotals
      WHERE (workspace_id, campaign_id) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces,
          campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, campaign_id FOR UPDATE;
    UPDATE mailmetrics_analytics_campaigntotals t SET sent = t.sent + u.sent, opened = t.opened
        + u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, campaign_ids, a, b, c, d) u (workspace_id, key, sent, opened,
        replied, bounced)
     WHERE t.workspace_id = u.workspace_id AND t.campaign_id = u.key;
END IF;
SELECT array_agg(workspace_id ORDER BY workspace_id, key), array_agg(key ORDER BY workspace_id,
    key), array_agg(sent ORDER BY workspace_id, key), array_agg(opened ORDER BY workspace_id,
    key), array_agg(replied ORDER BY workspace_id, key), array_agg(bounced ORDER BY
    workspace_id, key) INTO workspaces, days, a, b, c, d
  FROM (SELECT workspace_id, day AS key, sum(sign * sent)::bigint AS sent, sum(sign *
      opened)::bigint AS opened, sum(sign * replied)::bigint AS replied, sum(sign *
      bounced)::bigint AS bounced FROM (SELECT *, -1 AS sign FROM old_rows) r GROUP BY 1, 2) g
 WHERE sent <> 0 OR opened <> 0 OR replied <> 0 OR bounced <> 0;
IF workspaces IS NOT NULL THEN
    INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied,
        bounced)
    SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM unnest(workspaces, days, a, b, c, d) u
        (workspace_id, key, sent, opened, replied, bounced) WHERE u.sent > 0 OR u.opened > 0 OR
        u.replied > 0 OR u.bounced > 0
        ON CONFLICT (workspace_id, day) DO NOTHING;
    PERFORM 1 FROM mailmetrics_analytics_dailytotals
      WHERE (workspace_id, day) IN (SELECT u.workspace_id, u.key FROM unnest(workspaces, days,
          a, b, c, d) u (workspace_id, key, sent, opened, replied, bounced))
      ORDER BY workspace_id, day FOR UPDATE;
    UPDATE mailmetrics_analytics_dailytotals t SET sent = t.sent + u.sent, opened = t.opened +
        u.opened, replied = t.replied + u.replied, bounced = t.bounced + u.bounced FROM
        unnest(workspaces, days, a, b, c, d) u (workspace_id, key, sent, opened, replied,
        bounced)
     WHERE t.workspace_id = u.workspace_id AND t.day = u.key;
END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_pruned_truncated() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
DELETE FROM mailmetrics_analytics_campaigntotals;
INSERT INTO mailmetrics_analytics_campaigntotals (workspace_id, campaign_id, sent, opened,
    replied, bounced)
SELECT workspace_id, key, sum(sent), sum(opened), sum(replied), sum(bounced)
  FROM (SELECT workspace_id, campaign_id AS key, sent, opened, replied, bounced FROM
      mailmetrics_analytics_prunedtotals
        UNION ALL
        SELECT workspace_id, campaign_id, count(*) FILTER (WHERE kind = 1), count(*) FILTER
            (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 4)
            FROM mailmetrics_campaigns_emailevent GROUP BY 1, 2) counted
 GROUP BY 1, 2;
DELETE FROM mailmetrics_analytics_dailytotals;
INSERT INTO mailmetrics_analytics_dailytotals (workspace_id, day, sent, opened, replied, bounced)
SELECT workspace_id, key, sum(sent), sum(opened), sum(replied), sum(bounced)
  FROM (SELECT workspace_id, day AS key, sent, opened, replied, bounced FROM
      mailmetrics_analytics_prunedtotals
        UNION ALL
        SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE kind
            = 1), count(*) FILTER (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), count(*)
            FILTER (WHERE kind = 4) FROM mailmetrics_campaigns_emailevent GROUP BY 1, 2) counted
 GROUP BY 1, 2;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_campaigns_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path
    FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
    DELETE FROM mailmetrics_analytics_prunedtotals e USING old_rows o
     WHERE e.workspace_id = o.workspace_id AND e.campaign_id = o.id;
    DELETE FROM mailmetrics_campaigns_emailevent e USING old_rows o
     WHERE e.workspace_id = o.workspace_id AND e.campaign_id = o.id;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_campaigns_truncated() RETURNS trigger LANGUAGE plpgsql SET
    search_path FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
    DELETE FROM mailmetrics_analytics_prunedtotals; DELETE FROM mailmetrics_campaigns_emailevent;
    RETURN NULL;
END $$;

CREATE FUNCTION mailmetrics_workspaces_deleted() RETURNS trigger LANGUAGE plpgsql SET
    search_path FROM CURRENT AS $$
DECLARE
    workspaces bigint[]; campaign_ids uuid[]; days date[];
    a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
BEGIN
    DELETE FROM mailmetrics_analytics_prunedtotals e USING old_rows o WHERE e.workspace_id =
        o.id;DELETE FROM mailmetrics_campaigns_emailevent e USING old_rows o WHERE
        e.workspace_id = o.id;
    RETURN NULL;
END $$;

CREATE TRIGGER mailmetrics_events_inserted AFTER INSERT ON mailmetrics_campaigns_emailevent
    REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_events_inserted();

CREATE TRIGGER mailmetrics_events_updated AFTER UPDATE ON mailmetrics_campaigns_emailevent
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_events_updated();

CREATE TRIGGER mailmetrics_events_deleted AFTER DELETE ON mailmetrics_campaigns_emailevent
    REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_events_deleted();

CREATE TRIGGER mailmetrics_events_truncated AFTER TRUNCATE ON mailmetrics_campaigns_emailevent
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_events_truncated();

CREATE TRIGGER mailmetrics_pruned_inserted AFTER INSERT ON mailmetrics_analytics_prunedtotals
    REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_pruned_inserted();

CREATE TRIGGER mailmetrics_pruned_updated AFTER UPDATE ON mailmetrics_analytics_prunedtotals
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_pruned_updated();

CREATE TRIGGER mailmetrics_pruned_deleted AFTER DELETE ON mailmetrics_analytics_prunedtotals
    REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_pruned_deleted();

CREATE TRIGGER mailmetrics_pruned_truncated AFTER TRUNCATE ON mailmetrics_analytics_prunedtotals
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_pruned_truncated();

CREATE TRIGGER mailmetrics_campaigns_deleted AFTER DELETE ON mailmetrics_campaigns_campaign
    REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_campaigns_deleted();

CREATE TRIGGER mailmetrics_campaigns_truncated AFTER TRUNCATE ON mailmetrics_campaigns_campaign
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_campaigns_truncated();

CREATE TRIGGER mailmetrics_workspaces_deleted AFTER DELETE ON mailmetrics_campaigns_workspace
    REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION mailmetrics_workspaces_deleted();
