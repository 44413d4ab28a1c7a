//! HTTP: what a request passes before an action sees it, and how every refusal looks.
//!
//! Each guard is its own module and takes plain typed parameters. The order they are wrapped in,
//! outermost first, and why:
//!
//! 1. [`unread::close_unread`]: no connection outlives an answer to a body that was not read; it also
//!    knows what is in hand on a connection, for the end of the server.
//! 2. [`error::json_errors`]: whatever went wrong further in, the answer is JSON.
//! 3. [`host`]: a rebound name is refused before anything else is told about the server.
//! 4. [`cors`]: outside the limits, so that a browser may read a 429 or 503 and its headers.
//! 5. [`rate_limit`]: bounds what one client may ask for, before it takes room from others.
//! 6. [`in_hand`]: bounds the in-flight requests. Probes pass both.
//! 7. [`permission`] and in it [`auth`]: asked for by each protected route, so that unknown paths are
//!    404 and wrong methods 405.
//!
//! [`server`] wraps them, [`routes`] is what they guard.

pub(crate) mod accept;
mod answer;
pub mod auth;
pub mod authority;
pub mod body;
mod buckets;
pub mod caller;
pub mod client_address;
pub mod cors;
pub mod error;
pub mod guard;
mod guards;
mod held;
pub mod host;
pub mod in_hand;
pub mod origin;
mod page;
pub mod permission;
mod probe;
pub mod rate_limit;
pub mod routes;
mod server;
mod stopping;
pub mod unread;
mod wire;

pub use guards::Guards;
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
        ($rate_limit:expr, $in_hand:expr) => {
            test::init_service(
                App::new()
                    .app_data(web::Data::new(auth::ApiKey::new(Some("k-1"))))
                    .wrap($in_hand)
                    .wrap($rate_limit)
                    .wrap(cors::cors(&CorsOrigins::Any))
                    .wrap(from_fn(cors::tidy))
                    .wrap(host::Hosts::new(true, Vec::new()).guard())
                    .wrap(from_fn(error::json_errors))
                    .wrap(from_fn(unread::close_unread))
                    .service(
                        web::resource("/closed")
                            .route(web::post().to(async |_: auth::Caller| "in"))
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
        let app = app!(four_a_day(), in_hand::InHand::new(8));
        assert_eq!(ask!(app, post "/closed", "evil.example"), (403, true, false, false));
        assert_eq!(ask!(app, get "/nope", "evil.example"), (403, true, false, false));
        assert_eq!(ask!(app, post "/closed", "localhost"), (401, true, true, true));
        assert_eq!(ask!(app, post "/nope", "localhost"), (404, true, true, true));
        assert_eq!(ask!(app, get "/closed", "localhost"), (405, true, true, true));
        assert_eq!(ask!(app, get "/nope", "localhost"), (404, true, true, true));
        assert_eq!(ask!(app, get "/nope", "localhost"), (429, true, true, true));
        let busy = app!(four_a_day(), in_hand::InHand::new(0));
        assert_eq!(ask!(busy, get "/nope", "localhost"), (503, true, true, true));
    }
}
