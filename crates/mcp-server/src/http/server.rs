//! The listening server: from guards and routes to an app, and from the app to a process that ends
//! as it should.

use std::future::{Future, ready};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::Server;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use paperclip::actix::OpenApiExt;

use super::error::{extractors, json_errors, not_found};
use super::routes::mcp::McpRoute;
use super::routes::{self, BodyLimits, Documents, Readiness};
use super::stopping::Stopping;
use super::unread::close_unread;
use super::wire::{Wire, queue_little};
use super::{Guards, cors};
use crate::config::Settings;
use crate::mcp::McpServer;

/// How long requests in flight may take after the order to stop. With the closing of the database
/// it must stay under 10 s.
const SHUTDOWN_SECONDS: u64 = 8;

/// How long workers have to take up the connections that were accepted last.
const TAKING_UP: Duration = Duration::from_millis(50);

/// How long a client may take to fetch an answer while it is still sending.
const DISCONNECT_WAIT: Duration = Duration::from_secs(1);

/// Serves until `stop` is ready, then takes no more connections and ends what is in flight.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    settings: &Settings,
    mcp: McpServer,
    stop: impl Future<Output = ()> + 'static,
) -> std::io::Result<()> {
    let guards = Guards::new(settings);
    let service = Arc::clone(mcp.service());
    let readiness = Data::new(Readiness::default());
    let documents = Data::new(Documents::new(service.dispatcher().registry()));
    let limits = BodyLimits { size: settings.body_limit, deadline: settings.body_timeout };
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let address = listener.local_addr()?;
    queue_little(&listener);
    let Settings { header_timeout, body_timeout, keep_alive, max_connections, .. } = *settings;
    let mcp = Arc::new(mcp);
    let mcp_route = McpRoute::new(&mcp, settings);
    let service = Data::from(service);
    let stopping = Stopping::new();
    let of_connections = stopping.clone();
    let app = move || {
        App::new()
            .app_data(service.clone())
            .app_data(documents.clone())
            .app_data(readiness.clone())
            .app_data(Data::new(guards.api_key.clone()))
            .app_data(Data::new(guards.origins.clone()))
            .app_data(Data::new(guards.hosts.clone()))
            .app_data(Data::new(guards.trusted_proxies.clone()))
            .app_data(Data::new(limits))
            .configure(extractors)
            .configure(routes::configure_documents)
            .wrap_api()
            .configure(routes::configure)
            .build()
            // Behind the routes below its path.
            .service(mcp_route.clone().scope())
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
    };
    // Not `actix_web::HttpServer`, which takes no stream of ours; this is what it does.
    let builder = Server::build();
    let server = builder
        .workers(workers)
        // It counts them for each worker.
        .max_concurrent_connections(max_connections.div_ceil(workers))
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen("http", listener, move || {
            let stopping = of_connections.clone();
            let http = HttpService::build()
                .keep_alive(keep_alive)
                .client_request_timeout(header_timeout)
                .client_disconnect_timeout(DISCONNECT_WAIT)
                // A client that goes away cancels its call.
                .h1_allow_half_closed(false)
                .local_addr(address)
                .on_connect_ext(|wire: &Wire, data| {
                    data.insert(wire.activity());
                })
                .h1(map_config(app(), |()| AppConfig::default()));
            let watched = fn_service(move |stream: TcpStream| {
                let peer = stream.peer_addr().ok();
                let wire = Wire::new(stream, body_timeout, &stopping);
                ready(Ok::<_, DispatchError>((wire, peer)))
            });
            watched.and_then(http)
        })?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        stop.await;
        log::info!("stopping: no new connections, ending what is in flight");
        handle.pause().await;
        mcp.stop.cancel();
        stopping.begin();
        // A worker that stops drops the connections that it was given and has not taken up.
        actix_web::rt::time::sleep(TAKING_UP).await;
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
