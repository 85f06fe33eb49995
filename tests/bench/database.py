"""Databases of the benchmark: one is migrated, the others are copies of its tables, keys and checks included."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

import MySQLdb

# Migrated, and otherwise empty.
TEMPLATE = "bench_template"


def url_of(name: str) -> str:
    """DATABASE_URL with another database."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def connect(name: str = "") -> MySQLdb.Connection:
    """Plain mysqlclient with the product's own settings of a session."""
    url = urlsplit(os.environ["DATABASE_URL"])
    connection = MySQLdb.connect(
        host=url.hostname,
        port=url.port,
        user=url.username,
        password=url.password,
        database=name or url.path.strip("/"),
        charset="utf8mb4",
        init_command="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    )
    connection.autocommit(True)
    return connection


def exists(name: str) -> bool:
    cursor = connect().cursor()
    cursor.execute("SELECT 1 FROM information_schema.schemata WHERE schema_name = %s", (name,))
    return cursor.fetchone() is not None


def clone(source: str, target: str) -> None:
    """A new database `target` with the tables of `source`; the migrations' own rows come along."""
    connection = connect(source)
    cursor = connection.cursor()
    cursor.execute("SHOW TABLES")
    tables = [name for (name,) in cursor.fetchall()]
    statements = []
    for table in tables:
        cursor.execute(f"SHOW CREATE TABLE `{table}`")
        statements.append(cursor.fetchone()[1])
    cursor.execute(f"DROP DATABASE IF EXISTS `{target}`")
    cursor.execute(f"CREATE DATABASE `{target}` CHARACTER SET utf8mb4")
    cursor.execute(f"USE `{target}`")
    cursor.execute("SET foreign_key_checks=0")
    for statement in statements:
        cursor.execute(statement)
    for table in ("django_migrations", "django_content_type", "auth_permission"):
        cursor.execute(f"INSERT INTO `{target}`.`{table}` SELECT * FROM `{source}`.`{table}`")
    connection.close()


def copy_rows(source: str, target: str, tables: Iterable[str]) -> None:
    """Put the rows of `source` into `target`'s tables of the same names, in place of what is there."""
    connection = connect(target)
    cursor = connection.cursor()
    cursor.execute("SET foreign_key_checks=0")
    for table in tables:
        cursor.execute(f"TRUNCATE TABLE `{table}`")
        cursor.execute(f"INSERT INTO `{table}` SELECT * FROM `{source}`.`{table}`")
    connection.close()
