"""One person's data: all that is held of them, told or taken out.

`person` is who is meant; `part` is what one app brings, by its name in `settings.PERSONAL_DATA`; `run` does it to all
parts and writes down who asked; `traces` is what this app itself holds: alerts, answers, findings, the admin's log.
"""
