-- Documents that the server keeps for itself, such as caches: no part of the memory that clients see. A
-- text has up to 16 MiB, so the table is not WITHOUT ROWID: the key's index stays small.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;
