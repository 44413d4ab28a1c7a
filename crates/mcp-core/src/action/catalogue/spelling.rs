//! Names that are nearly right.

/// From 0 to 1; from here on a name counts as the other one, misspelt.
const ALIKE: f64 = 0.85;

/// The names in order of how alike they are to what was given, the most alike first, each with
/// whether it counts as the same, misspelt.
pub(super) fn by_likeness<'a>(
    given: &str,
    names: impl Iterator<Item = &'a str>,
) -> Vec<(&'a str, bool)> {
    let mut names: Vec<(&str, f64)> =
        names.map(|name| (name, strsim::normalized_damerau_levenshtein(given, name))).collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    names.into_iter().map(|(name, likeness)| (name, likeness >= ALIKE)).collect()
}
