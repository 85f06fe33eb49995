"""Which tests run on which database.

On SQLite all of them, but for those marked `mariadb`, which try locks and plans that SQLite does not have, and for the
few long ones below that would only say on it what they say on a server.

On a server (MariaDB, MySQL) those, and whatever may turn out otherwise there: what locks, writes, migrates, or asks the
database something clever. The rooms below are left to SQLite: whether a page shows a button or a file is read right
does not hang on the server. Three things keep the doors honest on it all the same: the tests of who may do what ask
every address of the API once (`every_database`), the plans of the big lists are tried there, and Chromium walks
through the pages on MariaDB.

A new room runs everywhere until somebody puts it here. `pytest --everywhere` runs all of it on a server too.
"""

from __future__ import annotations

from pathlib import PurePosixPath

ON_SQLITE_ALONE = (
    # Pages and the API: what is shown, and how requests are refused.
    "tests/accounts",
    "tests/calendars/test_admin.py",
    "tests/campaigns/admin",
    "tests/campaigns/api",
    "tests/campaigns/web",
    "tests/opportunities/admin",
    "tests/opportunities/api",
    "tests/opportunities/web",
    "tests/whatsapp/test_admin_session.py",
    "tests/whatsapp/test_api.py",
    # Arithmetic, texts and files.
    "tests/calendars/test_arithmetic.py",
    "tests/calendars/test_arithmetic_laws.py",
    "tests/calendars/test_national.py",
    "tests/calendars/test_strategies.py",
    "tests/campaigns/audience/test_mapping.py",
    "tests/campaigns/audience/test_real_files.py",
    "tests/campaigns/audience/test_letters.py",
    "tests/campaigns/test_rendering.py",
    "tests/campaigns/test_variations.py",
    "tests/campaigns/variants",
    "tests/campaigns/test_opt_outs.py",
    "tests/campaigns/webhooks/test_meta.py",
    "tests/opportunities/clocks/test_mornings.py",
    "tests/lib/test_amounts.py",
    "tests/lib/test_mojibake.py",
    "tests/legacy/test_dump.py",
    "tests/campaigns/diagnosis/test_phantoms.py",
    "tests/legacy/test_values.py",
    "tests/lib/phones",
    "tests/lib/tables",
    "tests/lib/xlsx",
    "tests/lib/test_clock.py",
    "tests/lib/test_crypto.py",
    "tests/lib/test_env.py",
    "tests/lib/test_language.py",
    "tests/lib/test_screens.py",
    # Other people's servers, over HTTP.
    "tests/ops/metrics/test_access.py",
    "tests/ops/metrics/test_files.py",
    "tests/ops/metrics/test_served.py",
    "tests/ops/test_notify.py",
    "tests/whatsapp/gateways",
    "tests/whatsapp/session_manager",
    "tests/whatsapp/simulator",
    "tests/whatsapp/test_check_gateway.py",
    "tests/whatsapp/test_contract.py",
    "tests/whatsapp/test_kinds.py",
    "tests/whatsapp/test_contract_http.py",
    "tests/whatsapp/vendors",
    "tests/whatsapp/web",
    "tests/faults/test_crash_points_of_vendors.py",
    # The repository itself.
    "tests/mutants",
    "tests/test_admin_scoping.py",
    "tests/test_api_requests.py",
    "tests/test_databases.py",
    "tests/test_dead_ends.py",
    "tests/test_deploy.py",
    "tests/test_deploy_files.py",
    "tests/test_docs.py",
    "tests/test_faults_page.py",
    "tests/test_glossary.py",
    "tests/test_permission_matrix.py",
    "tests/test_project.py",
    "tests/test_translations.py",
)


ON_A_SERVER_ALONE = (
    # The end of a process at every point around every answer, a thousand lives. SQLite plays those around the usual
    # answer (test_crash_points.py): from there on the answers differ in our own code, and not in the database.
    "tests/faults/test_crash_points_in_doubt.py",
    "tests/faults/test_crash_points_unsent.py",
)


def left_to_sqlite(path: str) -> bool:
    """Whether a test file, named from the root of the repository, is not run on a server."""
    return _within(path, ON_SQLITE_ALONE)


def left_to_a_server(path: str) -> bool:
    """Whether it is not run on SQLite."""
    return _within(path, ON_A_SERVER_ALONE)


def runs_on_a_server(path: str, source: str) -> bool:
    """Whether anything of a test file may be run on a server, by its room and by the marks that its text names."""
    return not left_to_sqlite(path) or "every_database" in source or "mark.mariadb" in source


def _within(path: str, rooms: tuple[str, ...]) -> bool:
    file = PurePosixPath(path)
    return any(file == PurePosixPath(room) or PurePosixPath(room) in file.parents for room in rooms)
