"""The ledger: jobs, records and results in one SQLite file, and the exchanges beside it."""
