//! The structure record of an FTS5 index, which lists its segments. FTS5 treats an index with a
//! lost or zeroed record as empty: searches find nothing, without an error.
//!
//! The format is documented at the head of SQLite's `ext/fts5/fts5_index.c`. It is stable, as a
//! part of the file format.

use diesel::prelude::*;

use crate::sqlite::schema::tasks_search_data;

/// The id of the structure record in the index's data table.
pub(super) const STRUCTURE: i64 = 10;
/// The id of the totals (`averages`) in that table.
pub(super) const TOTALS: i64 = 1;

/// Follows the cookie in a record with the origins of its segments.
const WITH_ORIGINS: [u8; 4] = [0xff, 0, 0, 1];

/// The range of inserts in a segment: each insert has a number, and merged segments have a range.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origins {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// Returns the origins of the segments; `None` if the record is unreadable.
pub(super) fn origins(record: &[u8]) -> Option<Vec<Origins>> {
    let mut rest = record.strip_prefix(record.get(..4)?)?.strip_prefix(&WITH_ORIGINS)?;
    let mut number = || varint(&mut rest);
    let (levels, segments, _writes) = (number()?, number()?, number()?);
    let mut origins = Vec::new();
    for _ in 0..levels {
        let (_merging, in_level) = (number()?, number()?);
        for _ in 0..in_level {
            let [_id, _first_page, _last_page, first, last, _tombstone_pages, _tombstones, _rows] = [
                number()?,
                number()?,
                number()?,
                number()?,
                number()?,
                number()?,
                number()?,
                number()?,
            ];
            origins.push(Origins { first, last });
        }
    }
    (origins.len() as u64 == segments).then_some(origins)
}

/// Returns the number of segments; `None` if the record is unreadable.
pub(in crate::sqlite) fn segments(connection: &mut SqliteConnection) -> Option<usize> {
    let record: QueryResult<Option<Vec<u8>>> =
        tasks_search_data::table.find(STRUCTURE).select(tasks_search_data::block).first(connection);
    origins(&record.ok()??).map(|origins| origins.len())
}

/// Returns the number of rows in the record of totals; `None` if the record is unreadable.
pub(super) fn total_rows(mut record: &[u8]) -> Option<u64> {
    varint(&mut record)
}

/// Reads SQLite's variable-length integer: seven bits per byte, highest first; a ninth byte has
/// eight bits.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for index in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if index == 8 {
            return Some((number << 8) | u64::from(byte));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_whole_or_not_at_all() {
        let record = [
            &[0, 0, 0, 1, 0xff, 0, 0, 1][..],
            // One level, one segment, 300 writes; the level: no merge, one segment.
            &[1, 1, 0x82, 0x2c, 0, 1],
            // Segment 3, pages 1 to 2, origins 4 to 129, no tombstones, 7 rows.
            &[3, 1, 2, 4, 0x81, 1, 0, 0, 7],
        ]
        .concat();
        assert_eq!(origins(&record), Some(vec![Origins { first: 4, last: 129 }]));
        for end in 0..record.len() {
            assert_eq!(origins(&record[..end]), None, "{end} bytes");
        }
        assert_eq!(origins(&[0; 12]), None);
        assert_eq!(total_rows(&[]), None);
    }

    #[test]
    fn numbers_are_read_as_sqlite_writes_them() {
        for (bytes, number) in [
            (&[0x7f][..], 127),
            (&[0x81, 0], 128),
            (&[0xff; 9], u64::MAX),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], 1),
        ] {
            let mut rest = bytes;
            assert_eq!((varint(&mut rest), rest.len()), (Some(number), 0));
        }
    }
}
