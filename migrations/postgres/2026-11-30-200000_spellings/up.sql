-- Names are compared by canonical equivalence (Unicode's NFC), and stored byte for byte. Here stands
-- each spelling that is not composed, by the SHA-256 of the composed name: of users, of keys in config,
-- and of the status and the assignee of tasks. After this step the server fills it, and rewrites
-- tasks.folded, which is composed now.
CREATE TABLE spellings (
    name_hash BYTEA NOT NULL,
    spelling_hash BYTEA NOT NULL,
    spelling TEXT NOT NULL,
    PRIMARY KEY (name_hash, spelling_hash)
);
