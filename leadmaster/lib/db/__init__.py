"""What stands between the ORM and the database: retries of refused transactions, SQL compiled once."""
