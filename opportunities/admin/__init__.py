"""The supervisors' desk for opportunities: one module per noun, every action by the confirm recipe.

Each module registers its own pages; here they are only imported.
"""

from opportunities.admin.decisions import bulk
from opportunities.admin.opportunities import client, opportunity
from opportunities.admin.people import absence, lot, person, promoter, quota
from opportunities.admin.setup import calendars, desk, stage

__all__ = [
    "absence",
    "bulk",
    "calendars",
    "client",
    "desk",
    "lot",
    "opportunity",
    "person",
    "promoter",
    "quota",
    "stage",
]
