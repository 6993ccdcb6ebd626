"""How the tables became what they are: a revision per change, oldest first, in `versions/`.

To change the tables: edit `tables.py` or `records.py`, run `pytest tests/study_server/test_schema.py`, and
write what it lists as a new file in `versions/`, numbered on from the last. A revision that people may have
run is never edited. Columns of a table that exists are added, altered and dropped inside
`op.batch_alter_table(...)`, which SQLite needs; a new column that may not be NULL has a `server_default`.
"""
