//! The spellings of names. Names are compared by canonical equivalence (NFC), and stored byte for
//! byte. Almost all are composed already. For the others, each store has a table (`spellings`), so
//! that a name is looked up by its few stored texts through the usual indexes.

use mcp_core::domain::{TaskFilter, compose, may_be_spelled_differently};

/// Returns the texts that a name may be stored as: as given, composed, and those that `noted`
/// returns for the composed name. If rows of an older version match several, the first applies.
pub(crate) fn spellings<E>(
    name: &str,
    noted: impl FnOnce(&str) -> Result<Vec<String>, E>,
) -> Result<Vec<String>, E> {
    let mut all = vec![name.to_owned()];
    if may_be_spelled_differently(name) {
        let composed = compose(name).into_owned();
        let noted = noted(&composed)?;
        for spelling in std::iter::once(composed).chain(noted) {
            if !all.contains(&spelling) {
                all.push(spelling);
            }
        }
    }
    Ok(all)
}

/// Returns the composed name if it differs from the name: then its spelling must be stored.
pub(crate) fn composed(name: &str) -> Option<String> {
    Some(compose(name)).filter(|composed| composed != name).map(Into::into)
}

/// A filter of tasks with the spellings of its texts.
#[derive(Clone, Debug)]
pub(crate) struct SpelledFilter {
    pub(crate) status: Option<Vec<String>>,
    pub(crate) assigned_to: Option<Vec<String>>,
}

impl SpelledFilter {
    pub(crate) fn new<E>(
        filter: &TaskFilter,
        mut spellings: impl FnMut(&str) -> Result<Vec<String>, E>,
    ) -> Result<Self, E> {
        Ok(Self {
            status: filter.status.as_deref().map(&mut spellings).transpose()?,
            assigned_to: filter.assigned_to.as_deref().map(&mut spellings).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_as_given_composed_and_as_noted() {
        let noted = |composed: &str| Ok::<_, ()>(vec![format!("{composed}1"), composed.to_owned()]);
        assert_eq!(spellings("alice", |_| Err(())), Ok(vec!["alice".to_owned()]));
        let found = spellings("e\u{301}", noted).expect("spellings");
        assert_eq!(found, ["e\u{301}", "é", "é1"]);
        assert_eq!(spellings("é", noted).expect("spellings"), ["é", "é1"]);
    }

    #[test]
    fn only_other_spellings_are_noted() {
        assert_eq!(composed("Zoë"), None);
        assert_eq!(composed("Zoe\u{308}").as_deref(), Some("Zoë"));
    }
}
