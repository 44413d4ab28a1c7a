//! How many tokens a text is, by the vocabularies of `OpenAI`.

/// By `o200k_base`, with which everything here is measured.
#[must_use]
pub fn o200k(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

/// By `cl100k_base`, the vocabulary before it.
#[must_use]
pub fn cl100k(text: &str) -> usize {
    bpe_openai::cl100k_base().count(text)
}

/// The value below which so many percent of the values are (nearest rank).
///
/// # Panics
/// When there are none.
#[must_use]
pub fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values[rank - 1]
}
