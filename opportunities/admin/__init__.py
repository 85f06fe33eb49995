"""The supervisors' desk for opportunities: one module per noun, every action by the confirm recipe.

Each module registers its own pages; here they are only imported.
"""

from opportunities.admin import absence, bulk, calendars, client, desk, lot, opportunity, promoter, quota, stage

__all__ = ["absence", "bulk", "calendars", "client", "desk", "lot", "opportunity", "promoter", "quota", "stage"]
