"""The page at ``/``, from which a newcomer finds the rest."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_it_says_what_the_site_is_and_leads_to_its_parts(client: Client) -> None:
    answer = client.get("/")
    page = answer.content.decode()

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "KPIs and daily timelines of email campaigns" in page
    links = re.findall(r'<a href="(.+?)"', page)
    assert links == [
        *("/api/public/v1/docs", "/api/public/v1/schema"),
        *("/admin/", "/health/ready", "/health/live"),
    ]
    assert [client.get(link, follow=True).status_code for link in links] == [200] * 5


def test_the_admins_view_site_leads_there(admin_client: Client) -> None:
    assert '<a href="/">View site</a>' in admin_client.get("/admin/").content.decode()


def test_it_is_there_to_be_read_alone(client: Client) -> None:
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405
