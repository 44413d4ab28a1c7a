//! A bound on the in-flight requests: the rest is told to come back, and does not wait in a queue that
//! only grows. Probes do not count.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
};

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::StatusCode,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{error::ApiError, held::Held, probe::is_probe};

/// After how many seconds a refused client may try again.
const RETRY_AFTER: u64 = 1;

/// The layer: at most so many requests in hand over all workers, 503 for the others.
///
/// Built once and cloned into each worker's app. A request is in hand from its head until its
/// answer's last byte, or until either side drops it.
#[derive(Debug, Clone)]
pub struct InHand(Arc<Semaphore>);

impl InHand {
    /// `limit`: how many requests.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))))
    }
}

impl<S, B> Transform<S, ServiceRequest> for InHand
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<Held<Option<OwnedSemaphorePermit>>>>;
    type Error = Error;
    type InitError = ();
    type Transform = InHandService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(InHandService { permits: Arc::clone(&self.0), service }))
    }
}

/// What [`InHand`] makes of a service.
#[derive(Debug)]
pub struct InHandService<S> {
    permits: Arc<Semaphore>,
    service: S,
}

impl<S, B> Service<ServiceRequest> for InHandService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<Held<Option<OwnedSemaphorePermit>>>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let is_probe = is_probe(&request);
        let acquire = || Arc::clone(&self.permits).try_acquire_owned().ok();
        let permit = if is_probe { None } else { acquire() };
        if permit.is_none() && !is_probe {
            let refusal = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is busy")
                .retry_after(RETRY_AFTER);
            let answer = request.into_response(refusal.error_response());
            return Box::pin(ready(Ok(answer.map_into_right_body())));
        }
        let answer = self.service.call(request);
        Box::pin(async move {
            Ok(answer.await?.map_body(|_, body| EitherBody::left(Held::new(body, permit))))
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::{App, HttpResponse, http::header, test, web, web::Bytes};
    use futures_util::{FutureExt, stream};
    use serde_json::{Value, json};

    use super::*;

    /// An app with a route that never answers and one whose answer never ends.
    macro_rules! app {
        ($in_hand:expr) => {
            test::init_service(
                App::new()
                    .wrap($in_hand.clone())
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
        let in_hand = InHand::new(1);
        let app = app!(in_hand);
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
    async fn a_request_is_in_hand_until_its_answer_is_sent() {
        let in_hand = InHand::new(2);
        let app = app!(in_hand);
        let endless = test::call_service(&app, get!("/endless")).await;
        let answer = test::call_service(&app, get!("/")).await;
        assert_eq!(in_hand.0.available_permits(), 0);
        assert_eq!(test::read_body(answer).await, "ok");
        assert_eq!(in_hand.0.available_permits(), 1);
        drop(endless);
        assert_eq!(in_hand.0.available_permits(), 2);
    }

    #[actix_web::test]
    async fn probes_are_answered_beyond_the_limit() {
        let app = app!(InHand::new(0));
        assert_eq!(test::call_service(&app, get!("/")).await.status().as_u16(), 503);
        assert_eq!(test::call_service(&app, get!("/live")).await.status().as_u16(), 200);
    }

    #[actix_web::test]
    async fn all_workers_share_one_bound() {
        let in_hand = InHand::new(1);
        let (one, two) = (app!(in_hand), app!(in_hand));
        let held = test::call_service(&one, get!("/endless")).await;
        assert_eq!(test::call_service(&two, get!("/")).await.status().as_u16(), 503);
        drop(held);
        assert_eq!(test::call_service(&two, get!("/")).await.status().as_u16(), 200);
    }
}
