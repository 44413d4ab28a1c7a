//! Finding the row that was answered last again, in a list that was given out anew.

use super::cursor::{Key, Order, Place};

/// Where the list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// At the row of this number.
    From(usize),
    /// On a page before this one.
    Earlier,
    /// On a page behind this one.
    Later,
    /// The row is not here, and nothing says where it would be.
    Lost,
}

/// Where a page goes on behind a place: behind the row of that key; where that was removed, and
/// the keys fall or rise, behind where it would be.
#[must_use]
pub(super) fn locate(keys: &[Key], place: Place) -> Found {
    if place.key == Key::None {
        return Found::Lost;
    }
    if let Some(index) = keys.iter().position(|key| *key == place.key) {
        return Found::From(index + 1);
    }
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Found::Earlier };
    let is_in_order = keys.len() < 2 || order(keys) == place.order;
    let is_behind = |key: &Key| match place.order {
        Order::Falling => *key < place.key,
        _ => *key > place.key,
    };
    if place.order == Order::Unknown || !is_in_order {
        Found::Lost
    } else if is_behind(first) {
        Found::Earlier
    } else if is_behind(last) {
        Found::From(keys.iter().position(is_behind).unwrap_or(keys.len()))
    } else {
        Found::Later
    }
}

/// Whether all keys fall or all rise. Of fewer than two nothing is known.
#[must_use]
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
