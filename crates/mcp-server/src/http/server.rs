//! The listening server: from guards and routes to an app, and from the app to a process that ends
//! as it should.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpServer};
use paperclip::actix::OpenApiExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::{extractors, json_errors, not_found};
use super::routes::{self, BodyLimits, Documents};
use super::unread::close_unread;
use super::{Guards, cors};
use crate::config::Settings;
use crate::service::Service;

/// How long requests in flight may take after the order to stop. With the closing of the database
/// it must stay under 10 s.
const SHUTDOWN_SECONDS: u64 = 8;

/// Serves until the order to stop is given, then ends what is in flight.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    settings: &Settings,
    service: Arc<Service>,
    stop: StopOrder,
) -> std::io::Result<()> {
    let guards = Guards::new(settings);
    let documents = Data::new(Documents::new(service.dispatcher().registry()));
    let limits = BodyLimits { size: settings.body_limit, deadline: settings.body_timeout };
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let service = Data::from(service);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(service.clone())
            .app_data(documents.clone())
            .app_data(Data::new(guards.api_key.clone()))
            .app_data(Data::new(guards.origins.clone()))
            .app_data(Data::new(limits))
            .configure(|config| extractors(config, limits.size))
            .configure(routes::configure_documents)
            .wrap_api()
            .configure(routes::configure)
            .build()
            .default_service(web::to(not_found))
            .wrap(from_fn(head_as_get))
            // The last is the outermost; why in this order is said in the module above.
            .wrap(guards.in_hand.clone())
            .wrap(guards.rate_limit.clone())
            .wrap(cors::cors(&guards.origins))
            .wrap(from_fn(cors::tidy))
            .wrap(guards.hosts.guard())
            .wrap(from_fn(json_errors))
            .wrap(from_fn(close_unread))
    })
    .workers(workers)
    .keep_alive(settings.keep_alive)
    .client_request_timeout(settings.header_timeout)
    .client_disconnect_timeout(Duration::from_secs(1))
    // A client that goes away cancels its call.
    .h1_allow_half_closed(false)
    // actix counts connections for each worker.
    .max_connections(settings.max_connections.div_ceil(workers))
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        stop.given().await;
        log::info!("stopping: no new connections, ending what is in flight");
        handle.stop(true).await;
    });
    server.await
}

/// A HEAD is routed as a GET (RFC 9110 section 9.3.2); actix-http leaves the answer's body out.
async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// The order to stop: SIGTERM or SIGINT.
#[derive(Debug)]
pub struct StopOrder {
    terminate: Signal,
    interrupt: Signal,
}

impl StopOrder {
    /// From here on the order no longer ends the process by itself. Needs a running runtime.
    #[must_use]
    pub fn await_one() -> Self {
        let on = |kind| signal(kind).expect("the runtime handles signals");
        Self { terminate: on(SignalKind::terminate()), interrupt: on(SignalKind::interrupt()) }
    }

    /// Waits until it is given; at once when it has been.
    async fn given(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
