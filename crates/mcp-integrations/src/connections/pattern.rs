//! The patterns that choose tools by their names.

/// Patterns of names to allow and to deny, in which `*` is any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    allow: Option<Vec<String>>,
    deny: Vec<String>,
}

impl Patterns {
    /// Creates patterns. Without `allow`, all names are allowed.
    #[must_use]
    pub fn new(allow: Option<Vec<String>>, deny: Vec<String>) -> Self {
        Self { allow, deny }
    }

    /// Returns the patterns to allow and to deny.
    pub(super) fn lists(&self) -> (Option<&[String]>, &[String]) {
        (self.allow.as_deref(), &self.deny)
    }

    /// Returns whether a name is allowed and not denied.
    #[must_use]
    pub fn admit(&self, name: &str) -> bool {
        let matches = |pattern: &String| wildmatch::WildMatch::new(pattern).matches(name);
        self.allow.as_ref().is_none_or(|allow| allow.iter().any(matches))
            && !self.deny.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_name_is_not_admitted_even_if_it_is_allowed() {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let patterns = Patterns::new(Some(texts(&["issues/*", "get_?"])), texts(&["*delete*"]));
        for (name, is_admitted) in [
            ("issues/list", true),
            ("issues/delete-comment", false),
            ("get_a", true),
            ("get_ab", false),
            ("pulls/list", false),
        ] {
            assert_eq!(patterns.admit(name), is_admitted, "{name}");
        }
        assert!(Patterns::default().admit("any"));
    }
}
