//! The floor of the benchmarks: a bare actix-web server that reads the request's body and answers every
//! request with the same bytes.

use std::path::PathBuf;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Parser;

/// The server's allocator, so that the comparison does not depend on the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers every request with the same bytes.
#[derive(Parser)]
struct Arguments {
    /// A file with the JSON response.
    #[arg(long)]
    answer: PathBuf,
    /// Worker threads.
    #[arg(long)]
    workers: usize,
}

async fn answer(_body: Bytes, answer: Data<Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(Bytes::clone(&answer))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let bytes = Data::new(Bytes::from(std::fs::read(&arguments.answer)?));
    HttpServer::new(move || App::new().app_data(bytes.clone()).default_service(web::to(answer)))
        .workers(arguments.workers)
        .listen(service_benches::listen()?)?
        .run()
        .await
}
