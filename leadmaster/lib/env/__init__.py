"""Environment readers that stop the program with a sentence: which variable, what is wrong, what to write.

A value that may hold a password is never repeated. Everything here is read while the settings are, so no sentence is
translated.
"""

from leadmaster.lib.env.addresses import gateway_hosts, hosts, http_url, mail_server, mails, networks, origins, sender
from leadmaster.lib.env.databases import client_base, database
from leadmaster.lib.env.places import folder, read_file
from leadmaster.lib.env.push import vapid_key
from leadmaster.lib.env.values import (
    boolean,
    choice,
    hex_key,
    hex_keys,
    hours,
    integer,
    region,
    text,
    time_zone,
    token,
    words,
)

__all__ = [
    "boolean",
    "choice",
    "client_base",
    "database",
    "folder",
    "gateway_hosts",
    "hex_key",
    "hex_keys",
    "hosts",
    "hours",
    "http_url",
    "integer",
    "mail_server",
    "mails",
    "networks",
    "origins",
    "read_file",
    "region",
    "sender",
    "text",
    "time_zone",
    "token",
    "vapid_key",
    "words",
]
