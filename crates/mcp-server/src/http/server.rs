//! The listening server: builds the app from the settings, and stops gracefully.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpServer};
use paperclip::actix::OpenApiExt;
use secrecy::ExposeSecret;

use super::auth::ApiKey;
use super::caller::TrustedProxies;
use super::error::{extractors, json_errors, not_found};
use super::host::{self, Hosts};
use super::in_flight::{self, InFlight};
use super::rate_limit::{RateLimit, rename_headers};
use super::routes::mcp::McpRoute;
use super::routes::{self, BodyLimits, Documents, Readiness};
use super::{body, cors};
use crate::config::Settings;
use crate::mcp::McpServer;

/// The time that in-flight requests get after the order to stop. Together with closing the database
/// it must stay under 10 s.
const SHUTDOWN_SECONDS: u64 = 8;

/// The time between the order to stop and the closing of idle connections. actix-http closes them with
/// the requests that it has not read: those that clients sent before the order are answered first.
const LAST_REQUESTS: Duration = Duration::from_millis(250);

/// The time that a client gets to read a response while it is still sending.
const DISCONNECT_WAIT: Duration = Duration::from_secs(1);

/// Serves until `stop` is ready, then accepts no more connections and finishes in-flight requests.
///
/// # Errors
/// Returns an I/O error if the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    settings: &Settings,
    mcp: McpServer,
    stop: impl Future<Output = ()> + 'static,
) -> std::io::Result<()> {
    let api_key =
        Data::new(ApiKey::new(settings.api_key.as_ref().map(ExposeSecret::expose_secret)));
    let origins = Data::new(settings.cors_origins.clone());
    let hosts = Data::new(Hosts::new(settings.is_loopback(), settings.allowed_hosts.clone()));
    let in_flight = Data::new(InFlight::new(settings.max_requests));
    let trusted_proxies = Data::new(TrustedProxies(settings.trusted_proxies.clone().into()));
    let rate_limit = RateLimit::new(
        settings.rate_limit,
        settings.rate_limit_loopback,
        settings.trusted_proxies.clone(),
    );
    let limits =
        Data::new(BodyLimits { size: settings.body_limit, deadline: settings.body_timeout });
    let readiness = Data::new(Readiness::default());
    let documents = Data::new(Documents::new(&mcp.service().dispatcher().registry()));
    let mcp = Arc::new(mcp);
    let mcp_route = McpRoute::new(&mcp, settings);
    let service = Data::from(Arc::clone(mcp.service()));
    let stopping = Data::new(Stopping::default());
    let order = stopping.clone();
    let app = move || {
        App::new()
            .app_data(service.clone())
            .app_data(documents.clone())
            .app_data(readiness.clone())
            .app_data(api_key.clone())
            .app_data(origins.clone())
            .app_data(hosts.clone())
            .app_data(in_flight.clone())
            .app_data(trusted_proxies.clone())
            .app_data(limits.clone())
            .app_data(stopping.clone())
            .configure(extractors)
            .configure(routes::configure_documents)
            .wrap_api()
            .configure(routes::configure)
            .build()
            // After the routes below its path.
            .service(mcp_route.clone().scope())
            .default_service(web::to(not_found))
            .wrap(from_fn(head_as_get))
            // The last is the outermost; the module above explains the order.
            .wrap(from_fn(in_flight::limit))
            .wrap(rate_limit.clone())
            .wrap(from_fn(rename_headers))
            .wrap(cors::cors(&origins))
            .wrap(from_fn(cors::tidy))
            .wrap(from_fn(host::check))
            .wrap(from_fn(json_errors))
            .wrap(from_fn(close_when_stopping))
    };
    limit_unread_time(&listener, settings.body_timeout);
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let server = HttpServer::new(app)
        .workers(workers)
        // actix-web counts connections for each worker.
        .max_connections(settings.max_connections.div_ceil(workers))
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.header_timeout)
        .client_disconnect_timeout(DISCONNECT_WAIT)
        // A client that disconnects cancels its call.
        .h1_allow_half_closed(false)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .on_connect(body::on_connect)
        .listen(listener)?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        stop.await;
        log::info!("stopping: no new connections, finishing in-flight requests");
        handle.pause().await;
        mcp.stop.cancel();
        order.0.store(true, Ordering::Relaxed);
        actix_web::rt::time::sleep(LAST_REQUESTS).await;
        handle.stop(true).await;
    });
    server.await
}

/// Ends connections whose clients leave a response unread for so long. Linux counts about every 64 KiB as
/// progress, so a slow, steady client keeps its connection. Connections inherit the option from their
/// listener.
fn limit_unread_time(listener: &TcpListener, timeout: Duration) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(listener).set_tcp_user_timeout(Some(timeout)) {
        log::warn!("connections with unread responses stay open: TCP_USER_TIMEOUT: {error}");
    }
}

/// Whether the server was ordered to stop. Part of the app's data.
#[derive(Default)]
struct Stopping(AtomicBool);

/// Adds `Connection: close` to responses after the order to stop.
async fn close_when_stopping<B: MessageBody>(
    stopping: Data<Stopping>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    if stopping.0.load(Ordering::Relaxed) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Routes HEAD as GET (RFC 9110, section 9.3.2); actix-http leaves the response's body out.
async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}
