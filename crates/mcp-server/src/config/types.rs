//! The types of settings: which values each accepts, and how a value is shown.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use figment::value::Value;
use secrecy::SecretString;

use super::hidden::HIDDEN;

type Read<T> = dyn Fn(&Value) -> Option<(T, String)>;

/// How the values of a setting are read.
pub(super) struct SettingType<T> {
    /// The accepted values, in words that follow "expected".
    pub(super) expected: String,
    /// Whether values are never shown.
    pub(super) is_secret: bool,
    /// Returns an accepted value, and the text to show for it, which is read as the same value.
    pub(super) read: Box<Read<T>>,
}

impl<T> SettingType<T> {
    fn new(
        expected: impl Into<String>,
        read: impl Fn(&Value) -> Option<(T, String)> + 'static,
    ) -> Self {
        Self { expected: expected.into(), is_secret: false, read: Box::new(read) }
    }
}

/// A whole number; `noun` names it in errors.
pub(super) fn number<T: TryFrom<u64> + 'static>(
    noun: &str,
    range: RangeInclusive<u64>,
) -> SettingType<T> {
    whole_number(noun, range, |number| number.try_into().ok())
}

pub(super) fn seconds(range: RangeInclusive<u64>) -> SettingType<Duration> {
    whole_number("whole seconds", range, |number| Some(Duration::from_secs(number)))
}

pub(super) fn milliseconds(range: RangeInclusive<u64>) -> SettingType<Duration> {
    whole_number("whole milliseconds", range, |number| Some(Duration::from_millis(number)))
}

fn whole_number<T: 'static>(
    noun: &str,
    range: RangeInclusive<u64>,
    convert: fn(u64) -> Option<T>,
) -> SettingType<T> {
    let expected = format!("{noun} from {} to {}", range.start(), range.end());
    SettingType::new(expected, move |value| {
        let number = digits(value).filter(|number| range.contains(number))?;
        Some((convert(number)?, number.to_string()))
    })
}

/// A number of bytes, also as `512KiB`, `2MiB` or `1GiB`.
pub(super) fn bytes<T: TryFrom<u64> + 'static>(range: RangeInclusive<u64>) -> SettingType<T> {
    let (least, most) = (with_unit(*range.start()), with_unit(*range.end()));
    let expected =
        format!("a number of bytes from {least} to {most}, such as 1048576, 512KiB or 2MiB");
    SettingType::new(expected, move |value| {
        let bytes = without_unit(value).filter(|bytes| range.contains(bytes))?;
        Some((bytes.try_into().ok()?, with_unit(bytes)))
    })
}

/// One of some words. The first word of a value is the shown one.
pub(super) fn choice<T: Copy + PartialEq>(
    expected: &str,
    words: &'static [(&'static str, T)],
) -> SettingType<T> {
    SettingType::new(expected, |value| {
        let text = match value {
            Value::Bool(_, truth) => truth.to_string(),
            value => value.as_str()?.trim().to_ascii_lowercase(),
        };
        let (_, value) = words.iter().find(|(word, _)| *word == text)?;
        let (shown, _) = words.iter().find(|(_, known)| known == value)?;
        Some((*value, (*shown).to_owned()))
    })
}

pub(super) fn text<T: ToString + 'static>(
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> SettingType<T> {
    SettingType::new(expected, move |value| parse(value.as_str()?.trim()).map(shown))
}

/// Text that may be empty, which means not set.
pub(super) fn optional<T: 'static>(
    expected: &str,
    parse: fn(&str) -> Option<(T, String)>,
) -> SettingType<Option<T>> {
    SettingType::new(expected, move |value| match value.as_str()? {
        "" => Some((None, "(not set)".into())),
        text => parse(text).map(|(value, shown)| (Some(value), shown)),
    })
}

/// A key or token for an HTTP header.
pub(super) fn secret() -> SettingType<Option<SecretString>> {
    let secret = optional("text of visible ASCII characters without spaces", |text| {
        let fits = text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| (text.into(), HIDDEN.into()))
    });
    SettingType { is_secret: true, ..secret }
}

pub(super) fn path() -> SettingType<Option<PathBuf>> {
    optional("a path", |text| {
        let fits = !text.contains(char::is_control) && text.trim() == text;
        fits.then(|| (text.into(), text.to_owned()))
    })
}

/// A list, as an array or as text with commas.
pub(super) fn list<T: ToString + 'static>(
    expected: &str,
    parse: fn(&str) -> Option<T>,
) -> SettingType<Vec<T>> {
    SettingType::new(expected, move |value| {
        let items: Vec<T> = entries(value)?.into_iter().map(parse).collect::<Option<_>>()?;
        let shown = items.iter().map(T::to_string).collect::<Vec<_>>().join(",");
        Some((items, shown))
    })
}

/// A list that is parsed as a whole.
pub(super) fn set<T: ToString + 'static>(
    expected: &str,
    parse: fn(&[&str]) -> Option<T>,
) -> SettingType<T> {
    SettingType::new(expected, move |value| parse(&entries(value)?).map(shown))
}

pub(super) fn shown<T: ToString>(value: T) -> (T, String) {
    let shown = value.to_string();
    (value, shown)
}

fn entries(value: &Value) -> Option<Vec<&str>> {
    if let Value::Array(_, items) = value {
        return items.iter().map(|item| item.as_str().map(str::trim)).collect();
    }
    let entries = value.as_str()?.split(',').map(str::trim);
    Some(entries.filter(|entry| !entry.is_empty()).collect())
}

fn digits(value: &Value) -> Option<u64> {
    match value {
        // `str::parse` alone would accept `+1`.
        Value::String(_, text) if text.trim().starts_with('+') => None,
        Value::String(_, text) => text.trim().parse().ok(),
        // Exact despite its name: it rejects negative numbers and floats.
        value => value.to_num()?.to_u128_lossy()?.try_into().ok(),
    }
}

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];

fn with_unit(bytes: u64) -> String {
    let divides = |size| bytes >= size && bytes.is_multiple_of(size);
    let (unit, size) = UNITS.into_iter().find(|(_, size)| divides(*size)).unwrap_or(("", 1));
    format!("{}{unit}", bytes / size)
}

fn without_unit(value: &Value) -> Option<u64> {
    let Value::String(_, text) = value else { return digits(value) };
    let text = text.trim().to_ascii_lowercase();
    let number = |unit: &str| text.strip_suffix(&unit.to_ascii_lowercase());
    let (number, size) = UNITS.iter().find_map(|(unit, size)| Some((number(unit)?, size)))?;
    digits(&number.into())?.checked_mul(*size)
}
