"""Django can read our tables back: ``inspectdb``, and tools that compare models and databases."""

import ast
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db

OURS = ("mailmetrics_campaigns", "mailmetrics_apikeys", "mailmetrics_analytics")
TABLES = {
    model._meta.db_table: {field.column for field in model._meta.concrete_fields if field.column}
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    if not model._meta.proxy
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_inspected_with_all_its_columns(table):
    printed = StringIO()
    call_command("inspectdb", table, stdout=printed)

    assert "Unable to inspect" not in printed.getvalue()
    (model,) = [node for node in ast.walk(ast.parse(printed.getvalue())) if _is_model(node)]
    assert model.name.lower() == table.replace("_", "")


@pytest.mark.parametrize("table", TABLES)
def test_its_columns_and_constraints_are_read(table):
    with connection.cursor() as cursor:
        columns = {
            column.name for column in connection.introspection.get_table_description(cursor, table)
        }
        constraints = connection.introspection.get_constraints(cursor, table)

    assert columns == TABLES[table]
    assert any(each["primary_key"] for each in constraints.values())


def _is_model(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and node.name != "Meta"
