//! Finds the last row of a page again, in a list that was read anew.

use crate::cursor::{Key, Order, Place};

/// Where a list continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// At the row of this index.
    From(usize),
    /// On a page before this one.
    Earlier,
    /// On a page after this one.
    Later,
    /// The row is not here, and the keys do not say where it would be.
    Lost,
}

/// Returns where a page continues after a place: after the row with that key. If the row was removed and
/// the keys rise or fall, after where it would be.
pub(super) fn locate(keys: &[Key], place: Place) -> Found {
    if place.key == Key::None {
        return Found::Lost;
    }
    if let Some(index) = keys.iter().position(|key| *key == place.key) {
        return Found::From(index + 1);
    }
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Found::Earlier };
    let is_in_order = keys.len() < 2 || order(keys) == place.order;
    let is_after = |key: &Key| match place.order {
        Order::Falling => *key < place.key,
        _ => *key > place.key,
    };
    if place.order == Order::Unknown || !is_in_order {
        Found::Lost
    } else if is_after(first) {
        Found::Earlier
    } else if is_after(last) {
        Found::From(keys.iter().position(is_after).unwrap_or(keys.len()))
    } else {
        Found::Later
    }
}

/// Returns whether the keys rise or fall; unknown for fewer than two.
pub(super) fn order(keys: &[Key]) -> Order {
    let are_numbers = keys.iter().all(|key| matches!(key, Key::Number(_)));
    if keys.len() < 2 || !are_numbers {
        Order::Unknown
    } else if keys.is_sorted_by(|one, other| one < other) {
        Order::Rising
    } else if keys.is_sorted_by(|one, other| one > other) {
        Order::Falling
    } else {
        Order::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(numbers: &[i64]) -> Vec<Key> {
        numbers.iter().map(|number| Key::Number(*number)).collect()
    }

    #[test]
    fn a_row_is_found_again_or_where_it_was() {
        use Order::{Falling, Rising, Unknown};
        for (numbers, key, order, found) in [
            (&[9, 7, 5][..], 7, Falling, Found::From(2)),
            (&[9, 7, 5], 7, Unknown, Found::From(2)),
            (&[9, 7, 5], 5, Falling, Found::From(3)),
            (&[9, 7, 5], 6, Falling, Found::From(2)),
            (&[9, 7, 5], 12, Falling, Found::Earlier),
            (&[9, 7, 5], 2, Falling, Found::Later),
            (&[1, 2, 4], 3, Rising, Found::From(2)),
            (&[2, 4], 1, Rising, Found::Earlier),
            (&[2, 4], 9, Rising, Found::Later),
            (&[3], 5, Falling, Found::Earlier),
            (&[3], 2, Falling, Found::Later),
            (&[3, 9, 5], 4, Falling, Found::Lost),
            (&[3, 9, 5], 4, Unknown, Found::Lost),
            (&[], 4, Unknown, Found::Earlier),
        ] {
            let place = Place { order, ..Place::at(Key::Number(key)) };
            assert_eq!(locate(&keys(numbers), place), found, "{numbers:?} {key}");
        }
    }

    #[test]
    fn keys_fall_or_rise_or_neither() {
        for (numbers, expected) in [
            (&[9, 7, 5][..], Order::Falling),
            (&[5, 7], Order::Rising),
            (&[5, 7, 7], Order::Unknown),
            (&[5], Order::Unknown),
        ] {
            assert_eq!(order(&keys(numbers)), expected, "{numbers:?}");
        }
        assert_eq!(order(&[Key::Text(1), Key::Text(2)]), Order::Unknown);
    }
}
