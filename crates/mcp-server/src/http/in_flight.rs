//! A limit on the in-flight requests: the others get 503 at once. Probes do not count.

use std::{pin::Pin, sync::Arc};

use actix_web::{
    Error, ResponseError,
    body::{BodySize, BodyStream, BoxBody, MessageBody, SizedStream},
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{error::ApiError, probe::is_probe};

/// The seconds after which a rejected client may try again.
const RETRY_AFTER: u64 = 1;

/// The in-flight requests of all workers. Part of the app's data.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Semaphore>);

impl InFlight {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))))
    }
}

/// Middleware that answers 503 above the limit. A request is in flight from its head to the last byte
/// of its response, or until either side drops it.
pub(super) async fn limit(
    in_flight: Data<InFlight>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_probe(&request) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let Ok(permit) = Arc::clone(&in_flight.0).try_acquire_owned() else {
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy");
        return Ok(request.into_response(error.retry_after(RETRY_AFTER).error_response()));
    };
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| with_permit(body.boxed(), permit)))
}

/// Returns a body that gives the permit back once it is sent or dropped.
fn with_permit(mut body: BoxBody, permit: OwnedSemaphorePermit) -> BoxBody {
    let size = body.size();
    let chunks = stream::poll_fn(move |context| {
        let _held = &permit;
        Pin::new(&mut body).poll_next(context)
    });
    match size {
        BodySize::None => BoxBody::new(actix_web::body::None::new()),
        BodySize::Sized(length) => SizedStream::new(length, chunks).boxed(),
        BodySize::Stream => BodyStream::new(chunks).boxed(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::{
        App, HttpResponse, dev::Service as _, http::header, middleware::from_fn, test, web,
        web::Bytes,
    };
    use futures_util::{FutureExt, stream};
    use serde_json::{Value, json};

    use super::*;

    /// An app with a route that never answers and one whose answer never ends.
    macro_rules! app {
        ($in_flight:expr) => {
            test::init_service(
                App::new()
                    .app_data($in_flight.clone())
                    .wrap(from_fn(limit))
                    .route("/", web::get().to(async || "ok"))
                    .route("/live", web::get().to(async || "live"))
                    .route("/never", web::get().to(std::future::pending::<HttpResponse>))
                    .route("/endless", web::get().to(endless)),
            )
            .await
        };
    }

    async fn endless() -> HttpResponse {
        HttpResponse::Ok().streaming(stream::pending::<Result<Bytes, Error>>())
    }

    macro_rules! get {
        ($path:literal) => {
            test::TestRequest::get().uri($path).to_request()
        };
    }

    #[actix_web::test]
    async fn beyond_the_limit_503_at_once() {
        let in_flight = Data::new(InFlight::new(1));
        let app = app!(in_flight);
        let mut never = Box::pin(app.call(get!("/never")));
        assert!(never.as_mut().now_or_never().is_none());
        let answer = test::call_service(&app, get!("/")).await;
        assert_eq!(answer.status().as_u16(), 503);
        assert_eq!(answer.headers().get(header::RETRY_AFTER).unwrap(), "1");
        let body: Value = test::read_body_json(answer).await;
        assert_eq!(body, json!({ "detail": "The server is busy" }));
        drop(never);
        assert_eq!(test::call_service(&app, get!("/")).await.status().as_u16(), 200);
    }

    #[actix_web::test]
    async fn a_request_is_in_flight_until_its_answer_is_sent() {
        let in_flight = Data::new(InFlight::new(2));
        let app = app!(in_flight);
        let endless = test::call_service(&app, get!("/endless")).await;
        let answer = test::call_service(&app, get!("/")).await;
        assert_eq!(in_flight.0.available_permits(), 0);
        assert_eq!(test::read_body(answer).await, "ok");
        assert_eq!(in_flight.0.available_permits(), 1);
        drop(endless);
        assert_eq!(in_flight.0.available_permits(), 2);
    }

    #[actix_web::test]
    async fn probes_are_answered_beyond_the_limit() {
        let app = app!(Data::new(InFlight::new(0)));
        assert_eq!(test::call_service(&app, get!("/")).await.status().as_u16(), 503);
        assert_eq!(test::call_service(&app, get!("/live")).await.status().as_u16(), 200);
    }

    #[actix_web::test]
    async fn all_workers_share_one_bound() {
        let in_flight = Data::new(InFlight::new(1));
        let (one, two) = (app!(in_flight), app!(in_flight));
        let held = test::call_service(&one, get!("/endless")).await;
        assert_eq!(test::call_service(&two, get!("/")).await.status().as_u16(), 503);
        drop(held);
        assert_eq!(test::call_service(&two, get!("/")).await.status().as_u16(), 200);
    }
}
