"""What the default admin site has of this app."""

from django.contrib import admin

from analytics.dashboard import DashboardAdmin
from analytics.models import Dashboard

admin.site.register(Dashboard, DashboardAdmin)
