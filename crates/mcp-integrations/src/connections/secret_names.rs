//! The names that say that their values are secrets.

/// Parts of such names: lower case, without separators.
const PARTS: [&str; 12] = [
    "token",
    "pass",
    "pwd",
    "secret",
    "key",
    "auth",
    "credential",
    "cookie",
    "bearer",
    "session",
    "jwt",
    "dsn",
];

/// Returns whether a variable, option, header or parameter has a name that is usual for secrets, such as
/// `GITHUB_TOKEN`, `--api-key` or `X-Auth`.
pub(super) fn names_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    PARTS.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::names_secret;

    #[test]
    fn a_name_tells_whether_its_value_is_a_secret() {
        for name in
            ["GITHUB_TOKEN", "--api-key", "X-Auth", "Authorization", "Client_Secret", "SENTRY_DSN"]
        {
            assert!(names_secret(name), "{name}");
        }
        for name in ["HOME", "NODE_ENV", "--port", "MEMORY_FILE_PATH", "Accept"] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
