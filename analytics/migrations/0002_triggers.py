"""The triggers that keep the totals equal to a recount of the events, at every commit.

Whatever writes events passes here: the ORM, raw SQL, COPY, a cascade. They also do what a foreign
key of the events would (see EmailEvent): an event whose campaign is not in its workspace is
refused, and deleting a campaign or a workspace takes its events and totals with it.

A later migration that makes SQLite rebuild one of these tables must drop and create them again.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EVENT = "mailmetrics_campaigns_emailevent"
CAMPAIGN = "mailmetrics_campaigns_campaign"
WORKSPACE = "mailmetrics_campaigns_workspace"
CAMPAIGN_TOTALS = "mailmetrics_analytics_campaigntotals"
DAILY_TOTALS = "mailmetrics_analytics_dailytotals"

COUNTS = ("sent", "opened", "replied", "bounced")  # kinds 1 to 4, in this order

# PostgreSQL: statement-level triggers with transition tables.
#
# Each gathers its groups into arrays and writes from unnest() of them: a transition table itself
# cannot feed a distributed table on Citus. Rows are locked in the order of their key, campaigns
# before days, so that two writers never wait for each other crosswise. One statement that both
# inserts and updates (ON CONFLICT DO UPDATE) fires two triggers and so takes that order twice:
# the update, which comes first, has the workspace for itself.

LOCK_CLASS = 0x6D6D7478  # any constant: the space of our advisory locks


def _lock_sql(function: str, rows: str) -> str:
    return f"""
    PERFORM {function}({LOCK_CLASS}, (workspace_id % 2147483647)::int)
       FROM (SELECT DISTINCT workspace_id FROM {rows} ORDER BY 1) w;
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


def _shift_sql(table: str, key: str, value: str, rows: str) -> str:
    """Apply signed differences: make the missing rows, lock all in order, then update.

    Not an upsert: the check against negative counts would look at the proposed row first.
    """
    counts = ", ".join(
        f"coalesce(sum(sign) FILTER (WHERE kind = {n}), 0) AS {count}"
        for n, count in enumerate(COUNTS, 1)
    )
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
        a bigint[]; b bigint[]; c bigint[]; d bigint[];
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
OLD_AND_NEW = "(SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1 FROM new_rows)"

POSTGRESQL_BODIES = {
    ("mailmetrics_events_inserted", "INSERT", EVENT, "REFERENCING NEW TABLE AS new_rows"): (
        "IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;"
        + _lock_sql("pg_advisory_xact_lock_shared", "new_rows")
        + "".join(_add_sql(*totals) for totals in TOTALS)
    ),
    (
        "mailmetrics_events_updated",
        "UPDATE",
        EVENT,
        "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    ): (
        _lock_sql("pg_advisory_xact_lock", f"{OLD_AND_NEW} r")
        + "".join(_shift_sql(*totals, OLD_AND_NEW) for totals in TOTALS)
    ),
    ("mailmetrics_events_deleted", "DELETE", EVENT, "REFERENCING OLD TABLE AS old_rows"): (
        _lock_sql("pg_advisory_xact_lock_shared", "old_rows")
        + "".join(_shift_sql(*totals, OLD) for totals in TOTALS)
    ),
    ("mailmetrics_events_truncated", "TRUNCATE", EVENT, ""): (
        f"DELETE FROM {CAMPAIGN_TOTALS}; DELETE FROM {DAILY_TOTALS};"
    ),
    # The totals went by their foreign key's cascade, which waited for any writer that held them:
    # its events are committed and seen here. A later writer finds no campaign.
    ("mailmetrics_campaigns_deleted", "DELETE", CAMPAIGN, "REFERENCING OLD TABLE AS old_rows"): (
        f"""
        DELETE FROM {EVENT} e USING old_rows o
         WHERE e.workspace_id = o.workspace_id AND e.campaign_id = o.id;
        """
    ),
    ("mailmetrics_campaigns_truncated", "TRUNCATE", CAMPAIGN, ""): f"DELETE FROM {EVENT};",
    # Its campaigns may be there until the commit, when their foreign key is checked.
    ("mailmetrics_workspaces_deleted", "DELETE", WORKSPACE, "REFERENCING OLD TABLE AS old_rows"): (
        f"DELETE FROM {EVENT} e USING old_rows o WHERE e.workspace_id = o.id;"
    ),
}

POSTGRESQL = [
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
    *(_function_sql(name, body) for (name, *_), body in POSTGRESQL_BODIES.items()),
    *(_trigger_sql(*declaration) for declaration in POSTGRESQL_BODIES),
]
POSTGRESQL_REVERSE = [
    *(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, _, table, _ in POSTGRESQL_BODIES),
    *(f"DROP FUNCTION IF EXISTS {name}()" for name, *_ in POSTGRESQL_BODIES),
    f"ALTER TABLE {CAMPAIGN_TOTALS} DROP CONSTRAINT mailmetrics_event_campaign_in_workspace",
    f"ALTER TABLE {DAILY_TOTALS} DROP CONSTRAINT mailmetrics_dailytotals_workspace",
]


# SQLite: row triggers. What must not be is refused by RAISE: it stops an INSERT OR IGNORE too,
# which would pass over a totals row that breaks a constraint and keep the event.

# The UTC day of an instant, which raw SQL may have written with an offset. date() rounds to
# milliseconds: the fraction goes first, or the day's last instant would be the next day's.
SQLITE_DAY = "date(substr({0}, 1, 19) || ltrim(substr({0}, 20), '.0123456789'))"

SQLITE_TOTALS = (
    (CAMPAIGN_TOTALS, "campaign_id", "{row}.campaign_id"),
    (DAILY_TOTALS, "day", SQLITE_DAY.format("{row}.occurred_at")),
)


def _sqlite_add(table: str, key: str, value: str) -> str:
    ones = ", ".join(f"NEW.kind = {n}" for n in range(1, len(COUNTS) + 1))
    changes = ", ".join(f"{c} = {c} + excluded.{c}" for c in COUNTS)
    return f"""
    INSERT INTO {table} (workspace_id, {key}, {", ".join(COUNTS)})
    VALUES (NEW.workspace_id, {value.format(row="NEW")}, {ones})
        ON CONFLICT (workspace_id, {key}) DO UPDATE SET {changes};"""


def _sqlite_subtract(table: str, key: str, value: str) -> str:
    changes = ", ".join(f"{c} = {c} - (OLD.kind = {n})" for n, c in enumerate(COUNTS, 1))
    return f"""
    UPDATE {table} SET {changes}
     WHERE workspace_id = OLD.workspace_id AND {key} = {value.format(row="OLD")};"""


SQLITE_CHECK = f"""
    SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
     WHERE NOT EXISTS (SELECT 1 FROM {CAMPAIGN}
                        WHERE id = NEW.campaign_id AND workspace_id = NEW.workspace_id);
    SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHERE date(substr(NEW.occurred_at, 1, 16), '+0 days') IS NOT substr(NEW.occurred_at, 1, 10)
        OR length(NEW.occurred_at) < 16
        OR coalesce({SQLITE_DAY.format("NEW.occurred_at")}, '') < '0001-01-01';"""
SQLITE_ADD = "".join(_sqlite_add(*totals) for totals in SQLITE_TOTALS)
SQLITE_SUBTRACT = "".join(_sqlite_subtract(*totals) for totals in SQLITE_TOTALS)

SQLITE_TRIGGERS = {
    "mailmetrics_events_inserted": f"AFTER INSERT ON {EVENT} BEGIN {SQLITE_CHECK} {SQLITE_ADD} END",
    "mailmetrics_events_updated": (
        f"AFTER UPDATE ON {EVENT} BEGIN {SQLITE_CHECK} {SQLITE_SUBTRACT} {SQLITE_ADD} END"
    ),
    "mailmetrics_events_deleted": f"AFTER DELETE ON {EVENT} BEGIN {SQLITE_SUBTRACT} END",
    "mailmetrics_campaign_deleting": f"""BEFORE DELETE ON {CAMPAIGN} BEGIN
        DELETE FROM {EVENT} WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
        DELETE FROM {CAMPAIGN_TOTALS}
         WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
        END""",
    "mailmetrics_campaign_moving": f"""BEFORE UPDATE OF workspace_id, id ON {CAMPAIGN}
        WHEN (NEW.workspace_id, NEW.id) IS NOT (OLD.workspace_id, OLD.id) BEGIN
        SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
         WHERE EXISTS (SELECT 1 FROM {CAMPAIGN_TOTALS}
                        WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id);
        END""",
    "mailmetrics_workspace_deleting": f"""BEFORE DELETE ON {WORKSPACE} BEGIN
        DELETE FROM {EVENT} WHERE workspace_id = OLD.id;
        DELETE FROM {DAILY_TOTALS} WHERE workspace_id = OLD.id;
        END""",
}

STATEMENTS = {
    "postgresql": (POSTGRESQL, POSTGRESQL_REVERSE),
    "sqlite": (
        [f"CREATE TRIGGER {name} {body}" for name, body in SQLITE_TRIGGERS.items()],
        [f"DROP TRIGGER IF EXISTS {name}" for name in SQLITE_TRIGGERS],
    ),
}


def _statements(vendor: str) -> tuple[list[str], list[str]]:
    if vendor not in STATEMENTS:
        raise NotImplementedError(
            f"django-mailmetrics has its triggers for PostgreSQL and SQLite, not for {vendor}."
        )
    return STATEMENTS[vendor]


def create_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _statements(schema_editor.connection.vendor)[0]:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _statements(schema_editor.connection.vendor)[1]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("mailmetrics_analytics", "0001_initial")]

    operations = [migrations.RunPython(create_triggers, drop_triggers, elidable=False)]
