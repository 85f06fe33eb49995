"""The admin site: the supervisors' desk."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class LeadMasterAdminSite(UnfoldAdminSite):
    site_header = _("LeadMaster")
    site_title = _("LeadMaster")
    index_title = _("Mesa de supervisión")


class LeadMasterAdminConfig(AdminConfig):
    default_site = "leadmaster.site.LeadMasterAdminSite"
