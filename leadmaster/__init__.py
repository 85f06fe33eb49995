"""The project: composes the apps and holds what each of them stands on."""

from leadmaster.lib import zones

# Whatever is imported first comes through here.
zones.use_pinned()
