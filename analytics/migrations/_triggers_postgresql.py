"""The triggers of 0002 on PostgreSQL, as the statements that create and drop them."""

from analytics.migrations._names import (
    CAMPAIGN,
    CAMPAIGN_TOTALS,
    COUNTS,
    DAILY_TOTALS,
    EVENT,
    HORIZON,
    PRUNED_TOTALS,
    WORKSPACE,
)

# Statement-level triggers with transition tables.
#
# Each gathers its groups into arrays and writes from unnest() of them: a transition table itself
# cannot feed a distributed table on Citus. Rows are locked in the order of their key, campaigns
# before days, so that two writers never wait for each other crosswise. One statement that both
# inserts and updates (ON CONFLICT DO UPDATE) fires two triggers and so takes that order twice:
# the update, which comes first, has the workspace for itself.

LOCK_CLASS = 0x6D6D7478  # any constant: the space of our advisory locks


def _lock_sql(function: str, rows: str, earliest: str = "NULL::timestamptz") -> str:
    return f"""
    SELECT array_agg(workspace_id ORDER BY workspace_id), array_agg(earliest ORDER BY workspace_id)
      INTO workspaces, earliests
      FROM (SELECT workspace_id, {earliest} AS earliest FROM {rows} r GROUP BY 1) g;
    PERFORM {function}({LOCK_CLASS}, (id % 2147483647)::int) FROM unnest(workspaces) id;
    """


# After the lock, with a snapshot of its own: a horizon that was committed meanwhile is seen.
REFUSE_PRUNED = f"""
    IF EXISTS (SELECT FROM unnest(workspaces, earliests) g (workspace_id, earliest)
                 JOIN {WORKSPACE} w ON w.id = g.workspace_id
                WHERE g.earliest < w.events_pruned_before::timestamp AT TIME ZONE 'UTC') THEN
        RAISE check_violation USING CONSTRAINT = '{HORIZON}', TABLE = '{EVENT}',
            MESSAGE = 'an event is from before its workspace was pruned ({HORIZON})';
    END IF;
"""


def _gather_sql(key: str, value: str, counts: str, rows: str, having: str = "true") -> str:
    arrays = ", ".join(
        f"array_agg({column} ORDER BY workspace_id, key)"
        for column in ("workspace_id", "key", *COUNTS)
    )
    return f"""
    SELECT {arrays} INTO workspaces, {key}s, a, b, c, d
      FROM (SELECT workspace_id, {value} AS key, {counts} FROM {rows} r GROUP BY 1, 2) g
     WHERE {having};
    """


def _add_sql(table: str, key: str, value: str) -> str:
    """Add the new rows' counts: the sums are positive, so one upsert does it."""
    counts = ", ".join(
        f"count(*) FILTER (WHERE kind = {n}) AS {count}" for n, count in enumerate(COUNTS, 1)
    )
    changes = ", ".join(f"{count} = t.{count} + excluded.{count}" for count in COUNTS)
    return f"""
    {_gather_sql(key, value, counts, "new_rows")}
    INSERT INTO {table} AS t (workspace_id, {key}, {", ".join(COUNTS)})
    SELECT * FROM unnest(workspaces, {key}s, a, b, c, d)
        ON CONFLICT (workspace_id, {key}) DO UPDATE SET {changes};
    """


# What signed rows of each table add to the four counts.
EVENT_COUNTS = ", ".join(
    f"coalesce(sum(sign) FILTER (WHERE kind = {n}), 0) AS {count}"
    for n, count in enumerate(COUNTS, 1)
)
PRUNED_COUNTS = ", ".join(f"sum(sign * {count})::bigint AS {count}" for count in COUNTS)


def _shift_sql(table: str, key: str, value: str, rows: str, counts: str) -> str:
    """Apply signed differences: make the missing rows, lock all in order, then update.

    Not an upsert: the check against negative counts would look at the proposed row first.
    """
    changed = " OR ".join(f"{count} <> 0" for count in COUNTS)
    gained = " OR ".join(f"u.{count} > 0" for count in COUNTS)
    changes = ", ".join(f"{count} = t.{count} + u.{count}" for count in COUNTS)
    unnest = f"unnest(workspaces, {key}s, a, b, c, d) u (workspace_id, key, {', '.join(COUNTS)})"
    return f"""
    {_gather_sql(key, value, counts, rows, changed)}
    IF workspaces IS NOT NULL THEN
        INSERT INTO {table} (workspace_id, {key}, {", ".join(COUNTS)})
        SELECT u.workspace_id, u.key, 0, 0, 0, 0 FROM {unnest} WHERE {gained}
            ON CONFLICT (workspace_id, {key}) DO NOTHING;
        PERFORM 1 FROM {table}
          WHERE (workspace_id, {key}) IN (SELECT u.workspace_id, u.key FROM {unnest})
          ORDER BY workspace_id, {key} FOR UPDATE;
        UPDATE {table} t SET {changes} FROM {unnest}
         WHERE t.workspace_id = u.workspace_id AND t.{key} = u.key;
    END IF;
    """


def _function_sql(name: str, body: str) -> str:
    # The search path of the migration, so that a session with another one writes here too.
    return f"""
    CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    DECLARE
        workspaces bigint[]; campaign_ids uuid[]; days date[];
        a bigint[]; b bigint[]; c bigint[]; d bigint[]; earliests timestamptz[];
    BEGIN
        {body}
        RETURN NULL;
    END $$
    """


def _trigger_sql(name: str, event: str, table: str, transition: str) -> str:
    return f"""
    CREATE TRIGGER {name} AFTER {event} ON {table} {transition}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}()
    """


# The totals' keys: (table, its second key column, the value of that in an event).
TOTALS = (
    (CAMPAIGN_TOTALS, "campaign_id", "campaign_id"),
    # Last: the workspace's present day is the row that every writer wants, so it is held shortest.
    (DAILY_TOTALS, "day", "(occurred_at AT TIME ZONE 'UTC')::date"),
)
OLD = "(SELECT *, -1 AS sign FROM old_rows)"
NEW = "(SELECT *, 1 AS sign FROM new_rows)"
OLD_AND_NEW = "(SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1 FROM new_rows)"

REFERENCING_OLD = "REFERENCING OLD TABLE AS old_rows"
REFERENCING_NEW = "REFERENCING NEW TABLE AS new_rows"
REFERENCING_BOTH = f"{REFERENCING_OLD} NEW TABLE AS new_rows"


def _shift_events_sql(rows: str) -> str:
    return "".join(_shift_sql(*totals, rows, EVENT_COUNTS) for totals in TOTALS)


def _shift_pruned_sql(rows: str) -> str:
    # Shared for an update, too: what prunes has deleted events, and so has it shared already.
    return _lock_sql("pg_advisory_xact_lock_shared", rows) + "".join(
        _shift_sql(table, key, key, rows, PRUNED_COUNTS) for table, key, _ in TOTALS
    )


def _recount_sql(table: str, key: str, value: str) -> str:
    counted = ", ".join(f"count(*) FILTER (WHERE kind = {n})" for n in range(1, len(COUNTS) + 1))
    return f"""
    DELETE FROM {table};
    INSERT INTO {table} (workspace_id, {key}, {", ".join(COUNTS)})
    SELECT workspace_id, key, {", ".join(f"sum({count})" for count in COUNTS)}
      FROM (SELECT workspace_id, {key} AS key, {", ".join(COUNTS)} FROM {PRUNED_TOTALS}
            UNION ALL
            SELECT workspace_id, {value}, {counted} FROM {EVENT} GROUP BY 1, 2) counted
     GROUP BY 1, 2;
    """


RECOUNT = "".join(_recount_sql(*totals) for totals in TOTALS)

BODIES = {
    ("mailmetrics_events_inserted", "INSERT", EVENT, REFERENCING_NEW): (
        "IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;"
        + _lock_sql("pg_advisory_xact_lock_shared", "new_rows", "min(occurred_at)")
        + REFUSE_PRUNED
        + "".join(_add_sql(*totals) for totals in TOTALS)
    ),
    ("mailmetrics_events_updated", "UPDATE", EVENT, REFERENCING_BOTH): (
        _lock_sql("pg_advisory_xact_lock", OLD_AND_NEW, "min(occurred_at) FILTER (WHERE sign = 1)")
        + REFUSE_PRUNED
        + _shift_events_sql(OLD_AND_NEW)
    ),
    ("mailmetrics_events_deleted", "DELETE", EVENT, REFERENCING_OLD): (
        _lock_sql("pg_advisory_xact_lock_shared", "old_rows") + _shift_events_sql(OLD)
    ),
    ("mailmetrics_events_truncated", "TRUNCATE", EVENT, ""): RECOUNT,
    ("mailmetrics_pruned_inserted", "INSERT", PRUNED_TOTALS, REFERENCING_NEW): (
        _shift_pruned_sql(NEW)
    ),
    ("mailmetrics_pruned_updated", "UPDATE", PRUNED_TOTALS, REFERENCING_BOTH): (
        _shift_pruned_sql(OLD_AND_NEW)
    ),
    ("mailmetrics_pruned_deleted", "DELETE", PRUNED_TOTALS, REFERENCING_OLD): (
        _shift_pruned_sql(OLD)
    ),
    ("mailmetrics_pruned_truncated", "TRUNCATE", PRUNED_TOTALS, ""): RECOUNT,
    # The totals went by their foreign key's cascade, which waited for any writer that held them:
    # its events are committed and seen here. A later writer finds no campaign. What was pruned
    # goes first: its days are before those of the events, and days are locked in their order.
    ("mailmetrics_campaigns_deleted", "DELETE", CAMPAIGN, REFERENCING_OLD): "".join(
        f"""
        DELETE FROM {table} e USING old_rows o
         WHERE e.workspace_id = o.workspace_id AND e.campaign_id = o.id;
        """
        for table in (PRUNED_TOTALS, EVENT)
    ),
    ("mailmetrics_campaigns_truncated", "TRUNCATE", CAMPAIGN, ""): (
        f"DELETE FROM {PRUNED_TOTALS}; DELETE FROM {EVENT};"
    ),
    # Its campaigns may be there until the commit, when their foreign key is checked.
    ("mailmetrics_workspaces_deleted", "DELETE", WORKSPACE, REFERENCING_OLD): "".join(
        f"DELETE FROM {table} e USING old_rows o WHERE e.workspace_id = o.id;"
        for table in (PRUNED_TOTALS, EVENT)
    ),
}

CREATE = [
    # What refuses an event whose campaign is in another workspace; checked within the statement
    # that writes it.
    f"""
    ALTER TABLE {CAMPAIGN_TOTALS} ADD CONSTRAINT mailmetrics_event_campaign_in_workspace
    FOREIGN KEY (workspace_id, campaign_id) REFERENCES {CAMPAIGN} (workspace_id, id)
    ON DELETE CASCADE
    """,
    f"""
    ALTER TABLE {DAILY_TOTALS} ADD CONSTRAINT mailmetrics_dailytotals_workspace
    FOREIGN KEY (workspace_id) REFERENCES {WORKSPACE} (id) ON DELETE CASCADE
    """,
    *(_function_sql(name, body) for (name, *_), body in BODIES.items()),
    *(_trigger_sql(*declaration) for declaration in BODIES),
]
DROP = [
    *(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, _, table, _ in BODIES),
    *(f"DROP FUNCTION IF EXISTS {name}()" for name, *_ in BODIES),
    f"ALTER TABLE {CAMPAIGN_TOTALS} DROP CONSTRAINT mailmetrics_event_campaign_in_workspace",
    f"ALTER TABLE {DAILY_TOTALS} DROP CONSTRAINT mailmetrics_dailytotals_workspace",
]
