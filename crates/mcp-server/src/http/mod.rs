//! HTTP: the middleware that a request passes before an action runs, and the form of every error.
//!
//! The order of the middleware, outermost first, and why:
//!
//! 1. [`error::json_errors`]: every error that comes from further in becomes JSON.
//! 2. [`host`]: rejects a rebound name before anything else.
//! 3. [`cors`]: outside the limits, so that a browser may read a 429 or 503 and its headers.
//! 4. [`rate_limit`]: limits each client, before its requests count as in flight.
//! 5. [`in_flight`]: limits the in-flight requests. Neither limit applies to probes.
//! 6. [`caller`]: an extractor of each protected route, so that unknown paths are 404 and wrong methods
//!    405. [`auth`] compares keys.
//!
//! [`server`] wraps them around the [`routes`].

pub(crate) mod accept;
mod answer;
pub(crate) mod auth;
pub(crate) mod authority;
pub(crate) mod body;
mod buckets;
pub(crate) mod caller;
pub(crate) mod client_address;
pub(crate) mod cors;
pub(crate) mod error;
pub(crate) mod host;
mod in_flight;
pub(crate) mod origin;
mod page;
mod probe;
pub(crate) mod rate_limit;
pub(crate) mod routes;
mod server;

pub use server::serve;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::num::NonZeroU32;

    use actix_web::{App, http::Method, middleware::from_fn, test, web};

    use super::*;
    use crate::config::{self, CorsOrigins, Rate, RateUnit};

    /// An app in every layer, whose `POST /closed` wants the key `k-1`.
    macro_rules! app {
        ($rate_limit:expr, $in_flight:expr) => {
            test::init_service(
                App::new()
                    .app_data(web::Data::new(auth::ApiKey::new(Some("k-1"))))
                    .app_data(web::Data::new(host::Hosts::new(true, Vec::new())))
                    .app_data(web::Data::new(in_flight::InFlight::new($in_flight)))
                    .wrap(from_fn(in_flight::limit))
                    .wrap($rate_limit.clone())
                    .wrap(from_fn(rate_limit::rename_headers))
                    .wrap(cors::cors(&CorsOrigins::Any))
                    .wrap(from_fn(cors::tidy))
                    .wrap(from_fn(host::check))
                    .wrap(from_fn(error::json_errors))
                    .service(
                        web::resource("/closed")
                            .route(web::post().to(async |_: caller::Caller| "in"))
                            .default_service(error::method_not_allowed(&[Method::POST])),
                    )
                    .default_service(web::to(error::not_found)),
            )
            .await
        };
    }

    /// The status of an answer, and whether it is JSON with CORS and rate-limit headers.
    macro_rules! ask {
        ($app:expr, $method:ident $path:literal, $host:literal) => {{
            let request = test::TestRequest::$method().uri($path);
            let request = request
                .insert_header(("Host", $host))
                .insert_header(("Origin", "https://page.example"))
                .set_payload("{}");
            let answer = test::call_service(&$app, request.to_request()).await;
            let headers = answer.headers();
            let is_json = headers.get("content-type").is_some_and(|it| it == "application/json");
            (
                answer.status().as_u16(),
                is_json,
                headers.contains_key("access-control-allow-origin"),
                headers.contains_key("ratelimit-remaining"),
            )
        }};
    }

    fn four_a_day() -> rate_limit::RateLimit {
        let rate = Rate { count: NonZeroU32::new(4).unwrap(), unit: RateUnit::Day };
        let rate = config::RateLimit::Per(rate);
        rate_limit::RateLimit::new(rate, rate, Vec::new())
    }

    #[actix_web::test]
    async fn every_refusal_is_json_and_a_page_can_read_it() {
        let limit = four_a_day();
        let app = app!(limit, 8);
        assert_eq!(ask!(app, post "/closed", "evil.example"), (403, true, false, false));
        assert_eq!(ask!(app, get "/nope", "evil.example"), (403, true, false, false));
        assert_eq!(ask!(app, post "/closed", "localhost"), (401, true, true, true));
        assert_eq!(ask!(app, post "/nope", "localhost"), (404, true, true, true));
        assert_eq!(ask!(app, get "/closed", "localhost"), (405, true, true, true));
        assert_eq!(ask!(app, get "/nope", "localhost"), (404, true, true, true));
        assert_eq!(ask!(app, get "/nope", "localhost"), (429, true, true, true));
        let limit = four_a_day();
        let busy = app!(limit, 0);
        assert_eq!(ask!(busy, get "/nope", "localhost"), (503, true, true, true));
    }
}
