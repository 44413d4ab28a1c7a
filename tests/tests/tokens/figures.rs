//! A figure: a measured size, its baseline and its target.

use std::fmt;

use serde_json::{Map, Value, json};

/// The size of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Tokens of `o200k_base`.
    pub(crate) o200k: usize,
    /// Tokens of `cl100k_base`.
    pub(crate) cl100k: usize,
    pub(crate) bytes: usize,
}

impl Size {
    /// Divides the size by a count, rounded up.
    pub(crate) fn each(self, count: usize) -> Self {
        let part = |whole: usize| whole.div_ceil(count.max(1));
        Self { o200k: part(self.o200k), cl100k: part(self.cl100k), bytes: part(self.bytes) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            o200k: self.o200k + other.o200k,
            cl100k: self.cl100k + other.cl100k,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// The target of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    /// At most this many tokens.
    AtMost(usize),
    /// At least this many tenths of a percent.
    AtLeast(usize),
}

/// The largest difference in tokens between two handles: their ids have the same length, but not their byte
/// counts.
pub(crate) const HANDLES_DIFFER: usize = 1;

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// The baseline in tokens, published or measured with the same fixtures, and its name.
    pub(crate) baseline: Option<(usize, &'static str)>,
    /// `o200k` is the figure; the others are only shown.
    pub(crate) size: Size,
    pub(crate) target: Target,
    /// The tokens that it may have above the accepted figure, because machines differ.
    pub(crate) slack: usize,
}

impl Figure {
    pub(crate) fn new(name: &str, size: Size, target: Target) -> Self {
        Self { name: name.into(), baseline: None, size, target, slack: 0 }
    }

    pub(crate) fn against(mut self, tokens: usize, what: &'static str) -> Self {
        self.baseline = Some((tokens, what));
        self
    }

    pub(crate) fn slack(mut self, tokens: usize) -> Self {
        self.slack = tokens;
        self
    }

    /// Returns an error if the figure misses its target or is worse than the accepted one.
    pub(crate) fn complaint(&self, accepted: usize) -> Option<String> {
        let (value, name) = (self.size.o200k, &self.name);
        let (is_worse, misses) = match self.target {
            Target::AtMost(most) => (value > accepted + self.slack, value > most),
            Target::AtLeast(least) => (value < accepted, value < least),
        };
        if misses {
            return Some(format!("{name}: {value} misses its target, {:?}", self.target));
        }
        is_worse.then(|| format!("{name}: {value} is worse than the accepted {accepted}"))
    }

    /// Formats the figure for the table.
    pub(crate) fn shown(&self) -> String {
        match self.target {
            Target::AtMost(_) => self.size.o200k.to_string(),
            Target::AtLeast(_) => tenths(self.size.o200k),
        }
    }

    /// Formats the target for the table.
    pub(crate) fn aim(&self) -> String {
        match self.target {
            Target::AtMost(most) => format!("≤ {most}"),
            Target::AtLeast(least) => format!("≥ {}", tenths(least)),
        }
    }
}

fn tenths(value: usize) -> String {
    format!("{}.{}", value / 10, value % 10)
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:44} {:>8} {:>10}", self.name, self.shown(), self.aim())?;
        match self.baseline {
            Some((tokens, what)) => write!(f, "   {tokens} {what}"),
            None => Ok(()),
        }
    }
}

/// Writes the figures to accept.
pub(crate) fn to_json(figures: &[Figure]) -> String {
    let figures: Map<String, Value> =
        figures.iter().map(|it| (it.name.clone(), json!(it.size.o200k))).collect();
    serde_json::to_string_pretty(&figures).expect("JSON") + "\n"
}

/// Reads the accepted figures: names and values, in order.
pub(crate) fn from_json(text: &str) -> Vec<(String, usize)> {
    let figures: Map<String, Value> = serde_json::from_str(text).expect("an object");
    let value = |it: Value| it.as_u64().and_then(|it| usize::try_from(it).ok()).expect("a number");
    figures.into_iter().map(|(name, figure)| (name, value(figure))).collect()
}
