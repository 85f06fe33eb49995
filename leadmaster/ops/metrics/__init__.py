"""`/metrics`: what a Prometheus reads.

What the installation does is computed from the database when somebody asks, so any web process of any machine tells the
same of all of them (`database.py`; each app brings its own sources, and the project's urls.py composes them). What a
web process does itself, answering requests, is counted where it happens (`requests.py`). Nobody reads it who was not
let in (`access.py`). Labels hold words of ours alone: no phone, no name, no id.
"""
