//! The similarity of names.

/// The similarity, from 0 to 1, of a misspelt name.
const ALIKE: f64 = 0.85;

/// Sorts names by similarity, most similar first, each with whether it counts as a misspelling.
pub(super) fn by_likeness<'a>(
    given: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<(&'a str, bool)> {
    let mut names: Vec<(&str, f64)> =
        names.map(|name| (name, strsim::normalized_damerau_levenshtein(given, name))).collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    names.into_iter().map(|(name, likeness)| (name, likeness >= ALIKE)).collect()
}
