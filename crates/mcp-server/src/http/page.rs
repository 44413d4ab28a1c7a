//! `limit` and `offset` of a query string.

use actix_web::http::StatusCode;
use mcp_core::domain::Page;

use super::error::ApiError;

/// The wanted part of a list.
///
/// # Errors
/// 422 that names the parameter, when one is no whole number of at least 0.
pub(super) fn page(limit: Option<&str>, offset: Option<&str>) -> Result<Page, ApiError> {
    let limit = limit.map(|text| count("limit", text)).transpose()?;
    Ok(Page::new(limit, offset.map_or(Ok(0), |text| count("offset", text))?))
}

/// A number beyond what can be stored is as good as the largest that can.
fn count(name: &str, text: &str) -> Result<u64, ApiError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        let detail = format!("{name} must be a whole number of at least 0");
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(text.parse().unwrap_or(u64::MAX))
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
        for text in ["", "abc", "-1", "+1", "1.0", "1e3", " 1", "٣"] {
            let refusal = page(None, Some(text)).expect_err(text);
            assert!(refusal.detail().starts_with("offset"), "{text}");
        }
    }
}
