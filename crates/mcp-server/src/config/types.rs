//! The types of settings: which values each accepts, and how a value is shown.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use figment::value::Value;
use secrecy::SecretString;

use super::{RateLimit, hidden};

/// How the values of a setting are read and shown.
pub(super) struct SettingType<T> {
    /// The accepted values, in words that follow "expected".
    pub(super) expected: String,
    /// Whether values are never shown.
    pub(super) is_secret: bool,
    /// Returns `None` for a value that is not accepted.
    pub(super) read: Box<dyn Fn(&Value) -> Option<T>>,
    /// Returns text that `read` reads as the same value.
    show: Box<dyn Fn(&T) -> String>,
}

impl<T: 'static> SettingType<T> {
    fn new(
        expected: impl Into<String>,
        read: impl Fn(&Value) -> Option<T> + 'static,
        show: impl Fn(&T) -> String + 'static,
    ) -> Self {
        let (read, show) = (Box::new(read), Box::new(show));
        Self { expected: expected.into(), is_secret: false, read, show }
    }

    /// Returns the same type with its values as they are shown.
    pub(super) fn untyped(self) -> SettingType<String> {
        let Self { expected, is_secret, read, show } = self;
        let read = move |value: &Value| read(value).map(|value| show(&value));
        SettingType { is_secret, ..SettingType::new(expected, read, String::clone) }
    }
}

/// A whole number; `noun` names it in errors.
pub(super) fn number<T: TryFrom<u64> + ToString + 'static>(
    noun: &str,
    range: RangeInclusive<u64>,
) -> SettingType<T> {
    let expected = format!("{noun} from {} to {}", range.start(), range.end());
    let read = move |value: &Value| whole(value).filter(|number| range.contains(number));
    SettingType::new(expected, move |value| read(value)?.try_into().ok(), T::to_string)
}

pub(super) fn seconds(range: RangeInclusive<u64>) -> SettingType<Duration> {
    let SettingType { expected, read, .. } = number("whole seconds", range);
    let read = move |value: &Value| read(value).map(Duration::from_secs);
    SettingType::new(expected, read, |time| time.as_secs().to_string())
}

pub(super) fn milliseconds(range: RangeInclusive<u64>) -> SettingType<Duration> {
    let SettingType { expected, read, .. } = number("whole milliseconds", range);
    let read = move |value: &Value| read(value).map(Duration::from_millis);
    SettingType::new(expected, read, |time| time.as_millis().to_string())
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

/// A number of bytes, also as `512KiB`, `2MiB` or `1GiB`.
pub(super) fn bytes<T: TryFrom<u64> + TryInto<u64> + Copy + 'static>(
    range: RangeInclusive<u64>,
) -> SettingType<T> {
    let show = |number: u64| {
        let divides = |size| number >= size && number.is_multiple_of(size);
        let (unit, size) = UNITS.into_iter().find(|(_, size)| divides(*size)).unwrap_or(("", 1));
        format!("{}{unit}", number / size)
    };
    let (least, most) = (show(*range.start()), show(*range.end()));
    SettingType::new(
        format!("a number of bytes from {least} to {most}, such as 1048576, 512KiB or 2MiB"),
        move |value| size(value).filter(|size| range.contains(size))?.try_into().ok(),
        move |size: &T| show((*size).try_into().unwrap_or_default()),
    )
}

/// One of some words. The first word of a value is the shown one.
pub(super) fn choice<T: Copy + PartialEq + 'static>(
    expected: &str,
    words: &'static [(&'static str, T)],
) -> SettingType<T> {
    let read = move |value: &Value| {
        let text = match value {
            Value::Bool(_, truth) => truth.to_string(),
            value => value.as_str()?.trim().to_ascii_lowercase(),
        };
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    };
    let show =
        move |value: &T| words.iter().find(|(_, known)| known == value).map(|(word, _)| *word);
    SettingType::new(expected, read, move |value| show(value).unwrap_or_default().to_owned())
}

pub(super) fn text<T: ToString + 'static>(
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> SettingType<T> {
    SettingType::new(expected, move |value| parse(value.as_str()?.trim()), T::to_string)
}

/// Text that may be empty, which means not set.
pub(super) fn optional<T: 'static>(
    expected: &str,
    parse: fn(&str) -> Option<T>,
    show: fn(&T) -> String,
) -> SettingType<Option<T>> {
    let read = move |value: &Value| match value.as_str()? {
        "" => Some(None),
        text => parse(text).map(Some),
    };
    let show = move |value: &Option<T>| value.as_ref().map_or_else(|| "(not set)".into(), show);
    SettingType::new(expected, read, show)
}

/// A key or token for an HTTP header.
pub(super) fn secret() -> SettingType<Option<SecretString>> {
    let parse = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic()).then(|| text.into());
    let expected = "text of visible ASCII characters without spaces";
    SettingType { is_secret: true, ..optional(expected, parse, |_| hidden::HIDDEN.into()) }
}

pub(super) fn path() -> SettingType<Option<PathBuf>> {
    let parse = |text: &str| {
        (!text.contains(char::is_control) && text.trim() == text).then(|| PathBuf::from(text))
    };
    optional("a path", parse, |path| path.display().to_string())
}

pub(super) fn rate_limit() -> SettingType<RateLimit> {
    text(RateLimit::EXPECTED, |text| text.parse().ok())
}

/// A list, as an array or as text with commas.
pub(super) fn list<T: ToString + 'static>(
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> SettingType<Vec<T>> {
    let read = move |value: &Value| entries_of(value)?.into_iter().map(parse).collect();
    let show = |items: &Vec<T>| items.iter().map(T::to_string).collect::<Vec<_>>().join(",");
    SettingType::new(expected, read, show)
}

/// A list that is parsed as a whole.
pub(super) fn entries<T: ToString + 'static>(
    expected: &str,
    parse: fn(&[&str]) -> Option<T>,
) -> SettingType<T> {
    SettingType::new(expected, move |value| parse(&entries_of(value)?), T::to_string)
}

fn entries_of(value: &Value) -> Option<Vec<&str>> {
    if let Value::Array(_, items) = value {
        return items.iter().map(|item| item.as_str().map(str::trim)).collect();
    }
    let entries = value.as_str()?.split(',').map(str::trim);
    Some(entries.filter(|entry| !entry.is_empty()).collect())
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(_, text) => digits(text.trim()),
        // Exact despite its name: it rejects negative numbers and floats.
        value => value.to_num()?.to_u128_lossy()?.try_into().ok(),
    }
}

/// `str::parse` alone would accept `+1`.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn size(value: &Value) -> Option<u64> {
    let Value::String(_, text) = value else { return whole(value) };
    let text = text.trim().to_ascii_lowercase();
    let number = |unit: &str| text.strip_suffix(&unit.to_ascii_lowercase());
    let (number, size) = UNITS.iter().find_map(|(unit, size)| Some((number(unit)?, size)))?;
    digits(number.trim_end())?.checked_mul(*size)
}
