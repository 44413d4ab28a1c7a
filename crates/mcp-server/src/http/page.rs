//! `limit` and `offset` of a query string.

use actix_web::http::StatusCode;
use mcp_core::domain::Page;

use super::error::ApiError;

/// Returns the page that `limit` and `offset` name. A negative `limit` counts as none, a negative
/// `offset` as 0.
///
/// # Errors
/// Returns 422 that names the parameter if it is not a whole number.
pub(super) fn page(limit: Option<&str>, offset: Option<&str>) -> Result<Page, ApiError> {
    let read = |name, text: Option<&str>| text.map_or(Ok(None), |text| count(name, text));
    Ok(Page::new(read("limit", limit)?, read("offset", offset)?.unwrap_or(0)))
}

/// Parses a whole number; `None` if it is negative. A number beyond 64 bits becomes the largest.
fn count(name: &str, text: &str) -> Result<Option<u64>, ApiError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let detail = format!("{name} must be a whole number, such as 10");
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let number = digits.parse().unwrap_or(u64::MAX);
    Ok((number == 0 || digits.len() == text.len()).then_some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_are_taken() {
        let large = "9".repeat(40);
        let taken = page(Some(&large), Some("007")).expect("numbers");
        assert_eq!(taken, Page::new(Some(u64::MAX), 7));
        assert_eq!(page(None, None).expect("nothing"), Page::ALL);
        for text in ["", "abc", "-", "--1", "+1", "1.0", "1e3", " 1", "-٣"] {
            let refusal = page(None, Some(text)).expect_err(text);
            assert!(refusal.detail().starts_with("offset"), "{text}");
        }
    }

    #[test]
    fn negative_numbers_count_as_no_limit_and_no_offset() {
        let large = format!("-{}", "9".repeat(40));
        for text in ["-1", "-007", &large] {
            assert_eq!(page(Some(text), Some(text)).expect("numbers"), Page::ALL, "{text}");
        }
        assert_eq!(page(Some("-0"), None).expect("a number"), Page::new(Some(0), 0));
    }
}
