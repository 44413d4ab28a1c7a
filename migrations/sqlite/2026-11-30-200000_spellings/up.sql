-- Names are compared by canonical equivalence (Unicode's NFC), and stored byte for byte. Here stands
-- each spelling that is not composed, under the composed name: of users, of keys in config, and of the
-- status and the assignee of tasks. The server fills it after this step: SQLite cannot compose a text.
CREATE TABLE spellings (
    name TEXT NOT NULL,
    spelling TEXT NOT NULL,
    PRIMARY KEY (name, spelling)
) STRICT, WITHOUT ROWID;
