//! Token counts of texts, in the vocabularies of `OpenAI`.

/// Returns the number of tokens in `o200k_base`, the project's measure.
#[must_use]
pub fn o200k(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

/// Returns the number of tokens in `cl100k_base`, the older vocabulary.
#[must_use]
pub fn cl100k(text: &str) -> usize {
    bpe_openai::cl100k_base().count(text)
}

/// Returns a percentile of the values (nearest rank).
#[must_use]
pub fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values[rank - 1]
}
