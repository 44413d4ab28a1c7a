-- Documents that the server keeps for itself, such as caches: no part of the memory that clients see. A
-- kind has at most 32 bytes and a key 200, twice as many in the form of `postgres/text.rs`: an index
-- takes that.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
