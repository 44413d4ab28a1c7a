//! The size limit of an answer, and the search for as much as fits into it.

use super::tokens;
use mcp_core::error::ActionError;

/// The maximum size of an answer in bytes, whatever its limit of tokens.
const MAX_BYTES: usize = 4 << 20;
/// The smallest limit of an answer that says why something is missing from it.
const MIN_FOR_REASON: usize = 200;
/// Stands for the reason in a smaller answer.
const NO_REASON: &str = "yes";

/// The maximum size of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Tokens; `None` for no limit.
    tokens: Option<usize>,
}

impl Budget {
    /// The limit if a query names none.
    pub(crate) const DEFAULT: Self = Self { tokens: Some(2000) };
    /// The smallest limit: room for a handle and a cursor.
    pub(crate) const MIN: usize = 50;

    /// Returns a limit of that many tokens; 0 means no limit.
    ///
    /// # Errors
    /// Returns `InvalidParams` for 1 to 49 tokens.
    pub fn tokens(tokens: usize) -> Result<Self, ActionError> {
        match tokens {
            0 => Ok(Self { tokens: None }),
            Self::MIN.. => Ok(Self { tokens: Some(tokens) }),
            _ => Err(ActionError::invalid(format!(
                "max_tokens must be 0 for no limit, or at least {}",
                Self::MIN
            ))),
        }
    }

    /// Returns the number of tokens; 0 for no limit.
    pub(crate) fn to_tokens(self) -> usize {
        self.tokens.unwrap_or_default()
    }

    /// Returns the maximum number of rows that can fit: a row takes a token at least.
    pub(crate) fn rows(self) -> usize {
        self.tokens.unwrap_or(MAX_BYTES / 8)
    }

    /// Returns the number of bytes after which no row can fit: a token rarely has more than a dozen.
    pub(crate) fn bytes(self) -> usize {
        self.tokens.map_or(MAX_BYTES, |tokens| tokens.saturating_mul(16).min(MAX_BYTES))
    }

    /// Returns the reason why something is missing, or a short word if the limit is small.
    pub(crate) fn reason(self, reason: &str) -> &str {
        if self.tokens.is_none_or(|limit| limit >= MIN_FOR_REASON) { reason } else { NO_REASON }
    }

    fn measure(self, text: &str) -> Size {
        if text.len() > MAX_BYTES {
            return Size::Exceeds(share(MAX_BYTES, text.len()));
        }
        match self.tokens {
            Some(limit) if text.len() / tokens::LONGEST > limit => {
                Size::Exceeds(share(limit * 4, text.len()))
            }
            limit => match (tokens::count(text), limit) {
                (tokens, Some(limit)) if tokens > limit => Size::Exceeds(share(limit, tokens)),
                (tokens, _) => Size::Fits(tokens),
            },
        }
    }
}

/// The size of a text within a budget.
enum Size {
    /// Its tokens.
    Fits(usize),
    /// About the share of it that fits.
    Exceeds(f64),
}

#[expect(clippy::cast_precision_loss, reason = "it is an estimate")]
fn share(limit: usize, size: usize) -> f64 {
    limit as f64 / size as f64
}

/// A text that fits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fitted {
    pub(crate) text: String,
    pub(crate) tokens: usize,
    /// How many of the parts are in it.
    pub(crate) parts: usize,
}

/// Returns the longest text of 1 to `length` parts that fits, or the text of 0 parts if `length` is 0.
/// `write` writes the text of a number of parts; more parts make a longer text.
pub(crate) fn longest(
    length: usize,
    budget: Budget,
    write: impl Fn(usize) -> Option<String>,
) -> Option<Fitted> {
    let (mut fits, mut too_many) = (None, length + 1);
    let (mut low, mut guess) = (0, length);
    // Guesses from the size of the last text, then halves.
    for probe in 0.. {
        let share = match write(guess) {
            None => 0.5,
            Some(text) => match budget.measure(&text) {
                Size::Fits(tokens) => {
                    fits = Some(Fitted { text, tokens, parts: guess });
                    low = guess;
                    1.05
                }
                Size::Exceeds(share) => share,
            },
        };
        if low < guess {
            too_many = guess;
        }
        if low + 1 >= too_many {
            return fits;
        }
        guess = if probe < 4 { scaled(guess, share) } else { low.midpoint(too_many) };
        guess = guess.clamp(low + 1, too_many - 1);
    }
    fits
}

fn scaled(count: usize, share: f64) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is an estimate of a count"
    )]
    let scaled = (count as f64 * share) as usize;
    scaled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_budget_is_none_or_enough_for_a_handle() {
        for tokens in [1, 49] {
            assert!(Budget::tokens(tokens).is_err(), "{tokens}");
        }
        for tokens in [0, 50, 2000, usize::MAX] {
            assert!(Budget::tokens(tokens).is_ok(), "{tokens}");
        }
    }

    proptest! {
        #[test]
        fn as_many_parts_fit_as_can(sizes in prop::collection::vec(1..60_usize, 0..60)) {
            let write = |count: usize| {
                Some(sizes[..count].iter().map(|size| "word ".repeat(*size)).collect::<String>())
            };
            let budget = Budget::tokens(100).expect("a budget");
            let most = (0..=sizes.len()).rev().find(|count| tokens::count(&write(*count).expect("a text")) <= 100);
            let found = longest(sizes.len(), budget, write).map(|fitted| fitted.parts);
            prop_assert_eq!(found, most.filter(|most| *most > 0 || sizes.is_empty()));
        }
    }
}
