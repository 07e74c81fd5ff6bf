"""The triggers of 0002 on SQLite, as the statements that create and drop them."""

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

# Row triggers. What must not be is refused by RAISE: it stops an INSERT OR IGNORE too,
# which would pass over a totals row that breaks a constraint and keep the event.

# The UTC day of an instant, which raw SQL may have written with an offset. date() rounds to
# milliseconds: the fraction goes first, or the day's last instant would be the next day's.
DAY = "date(substr({0}, 1, 19) || ltrim(substr({0}, 20), '.0123456789'))"

# The totals: (table, its second key column, the value of that in an event's row).
TOTALS = (
    (CAMPAIGN_TOTALS, "campaign_id", "{row}.campaign_id"),
    (DAILY_TOTALS, "day", DAY.format("{row}.occurred_at")),
)
# What a row of each table counts.
EVENT_COUNTS = {count: f"({{row}}.kind = {n})" for n, count in enumerate(COUNTS, 1)}
PRUNED_COUNTS = {count: f"{{row}}.{count}" for count in COUNTS}


def _add(table: str, key: str, value: str, counts: dict[str, str]) -> str:
    changes = ", ".join(f"{c} = {c} + excluded.{c}" for c in counts)
    values = ", ".join([value, *counts.values()]).format(row="NEW")
    return f"""
    INSERT INTO {table} (workspace_id, {key}, {", ".join(counts)})
    VALUES (NEW.workspace_id, {values})
        ON CONFLICT (workspace_id, {key}) DO UPDATE SET {changes};"""


def _subtract(table: str, key: str, value: str, counts: dict[str, str]) -> str:
    changes = ", ".join(f"{c} = {c} - {counted}" for c, counted in counts.items())
    return f"""
    UPDATE {table} SET {changes.format(row="OLD")}
     WHERE workspace_id = OLD.workspace_id AND {key} = {value.format(row="OLD")};"""


CHECK = f"""
    SELECT RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace')
     WHERE NOT EXISTS (SELECT 1 FROM {CAMPAIGN}
                        WHERE id = NEW.campaign_id AND workspace_id = NEW.workspace_id);
    SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHERE date(substr(NEW.occurred_at, 1, 16), '+0 days') IS NOT substr(NEW.occurred_at, 1, 10)
        OR length(NEW.occurred_at) < 16
        OR coalesce({DAY.format("NEW.occurred_at")}, '') < '0001-01-01';
    SELECT RAISE(ABORT, '{HORIZON}') FROM {WORKSPACE}
     WHERE id = NEW.workspace_id
       AND {DAY.format("NEW.occurred_at")} < events_pruned_before;"""
ADD = "".join(_add(*totals, EVENT_COUNTS) for totals in TOTALS)
SUBTRACT = "".join(_subtract(*totals, EVENT_COUNTS) for totals in TOTALS)
PRUNED_ADD = "".join(_add(table, key, f"{{row}}.{key}", PRUNED_COUNTS) for table, key, _ in TOTALS)
PRUNED_SUBTRACT = "".join(
    _subtract(table, key, f"{{row}}.{key}", PRUNED_COUNTS) for table, key, _ in TOTALS
)

# While a batch is open, inserted events are not counted one by one but all at once, when its row is
# deleted: four times as fast, for SQLite looks each total up once instead of once for each event.
# Its row refers to none that there is, so that no transaction can commit with a batch open. Events
# that are inserted have a higher rowid than any before; until they are counted they stay as they
# are. In a batch, instants are written as Django does.
BATCH = "mailmetrics_analytics_openbatch"
CREATE_BATCH = f"""
    CREATE TABLE {BATCH} (
        only_one integer PRIMARY KEY DEFAULT 1 CHECK (only_one = 1),
        after_rowid integer NOT NULL,
        closed integer NOT NULL DEFAULT 0
            REFERENCES {WORKSPACE} (id) DEFERRABLE INITIALLY DEFERRED
    )"""
COUNTED = f"""
    SELECT RAISE(ABORT, 'mailmetrics_event_not_yet_counted')
     WHERE EXISTS (SELECT 1 FROM {BATCH} WHERE OLD.rowid > after_rowid);"""
# "2024-01-15 10:00:00" with or without a fraction; whether day and hour are, is asked once a day.
NOT_CANONICAL = (
    "occurred_at NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] "
    "[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*' OR substr(occurred_at, 20) GLOB '*[^.0-9]*'"
)
BATCH_DAY = "substr(occurred_at, 1, 10)"
KNOWN_CAMPAIGN = f"""
    CASE WHEN EXISTS (SELECT 1 FROM {CAMPAIGN} c
                       WHERE c.id = e.campaign_id AND c.workspace_id = e.workspace_id)
         THEN campaign_id ELSE RAISE(ABORT, 'mailmetrics_event_campaign_in_workspace') END"""
KNOWN_DAY = f"""
    CASE WHEN date(substr(max(occurred_at), 1, 16), '+0 days') IS NOT {BATCH_DAY}
           OR {BATCH_DAY} < '0001-01-01'
         THEN RAISE(ABORT, 'mailmetrics_event_has_instant')
         WHEN EXISTS (SELECT 1 FROM {WORKSPACE} w
                       WHERE w.id = e.workspace_id AND {BATCH_DAY} < w.events_pruned_before)
         THEN RAISE(ABORT, '{HORIZON}')
         ELSE {BATCH_DAY} END"""


def _add_batch(table: str, key: str, value: str, group: str) -> str:
    counted = ", ".join(f"sum(kind = {n})" for n in range(1, len(COUNTS) + 1))
    changes = ", ".join(f"{c} = {c} + excluded.{c}" for c in COUNTS)
    return f"""
    INSERT INTO {table} (workspace_id, {key}, {", ".join(COUNTS)})
    SELECT workspace_id, {value}, {counted} FROM {EVENT} e
     WHERE rowid > OLD.after_rowid GROUP BY workspace_id, {group}
        ON CONFLICT (workspace_id, {key}) DO UPDATE SET {changes};"""


CLOSE_BATCH = f"""
    SELECT RAISE(ABORT, 'mailmetrics_event_has_instant')
     WHERE EXISTS (SELECT 1 FROM {EVENT} WHERE rowid > OLD.after_rowid AND ({NOT_CANONICAL}));
    {_add_batch(CAMPAIGN_TOTALS, "campaign_id", KNOWN_CAMPAIGN, "campaign_id")}
    {_add_batch(DAILY_TOTALS, "day", KNOWN_DAY, BATCH_DAY)}"""

TRIGGERS = {
    "mailmetrics_events_inserted": f"""AFTER INSERT ON {EVENT}
        WHEN NOT EXISTS (SELECT 1 FROM {BATCH}) BEGIN {CHECK} {ADD} END""",
    "mailmetrics_batch_closed": f"AFTER DELETE ON {BATCH} BEGIN {CLOSE_BATCH} END",
    "mailmetrics_events_updated": (
        f"AFTER UPDATE ON {EVENT} BEGIN {COUNTED} {CHECK} {SUBTRACT} {ADD} END"
    ),
    "mailmetrics_events_deleted": f"AFTER DELETE ON {EVENT} BEGIN {COUNTED} {SUBTRACT} END",
    "mailmetrics_pruned_inserted": f"AFTER INSERT ON {PRUNED_TOTALS} BEGIN {PRUNED_ADD} END",
    "mailmetrics_pruned_updated": (
        f"AFTER UPDATE ON {PRUNED_TOTALS} BEGIN {PRUNED_SUBTRACT} {PRUNED_ADD} END"
    ),
    "mailmetrics_pruned_deleted": f"AFTER DELETE ON {PRUNED_TOTALS} BEGIN {PRUNED_SUBTRACT} END",
    "mailmetrics_campaign_deleting": f"""BEFORE DELETE ON {CAMPAIGN} BEGIN
        DELETE FROM {EVENT} WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
        DELETE FROM {PRUNED_TOTALS}
         WHERE workspace_id = OLD.workspace_id AND campaign_id = OLD.id;
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
        DELETE FROM {PRUNED_TOTALS} WHERE workspace_id = OLD.id;
        DELETE FROM {DAILY_TOTALS} WHERE workspace_id = OLD.id;
        END""",
}

CREATE = [CREATE_BATCH, *(f"CREATE TRIGGER {name} {body}" for name, body in TRIGGERS.items())]
DROP = [*(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS), f"DROP TABLE {BATCH}"]
