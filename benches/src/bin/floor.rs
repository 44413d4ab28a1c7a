//! The floor: a bare actix-web server that answers every request with the same bytes, and does
//! nothing else. It reads a body before it answers.

use std::path::PathBuf;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Parser;

/// Answers every request with the same bytes.
#[derive(Parser)]
struct Arguments {
    /// A file with the JSON that is answered.
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
