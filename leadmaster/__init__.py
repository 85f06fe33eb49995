"""The project: composes the apps and holds what each of them stands on."""
