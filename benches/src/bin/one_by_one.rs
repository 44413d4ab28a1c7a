//! The cost of a write without group commit. Each request is one immediate transaction with
//! `synchronous=FULL`, which inserts a task and its log entry into the server's own tables.
//!
//! The program does as little else as possible. One connection in its own thread takes requests from a
//! queue, so that no request waits for a lock. Statements are prepared once. Parameters are checked only
//! for their types, the log is not trimmed, and the search index is not updated.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::thread;

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::{Clock, SystemClock};
use mcp_storage::{Location, Options};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use schema::{logs, tasks};

/// The server's allocator, so that the comparison does not depend on the allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The number of requests that may wait.
const QUEUE: usize = 1024;

mod schema {
    diesel::table! {
        tasks (id) {
            id -> BigInt,
            title -> Text,
            description -> Nullable<Text>,
            priority -> Nullable<Text>,
            status -> Nullable<Text>,
            assigned_to -> Nullable<Text>,
            created_at -> BigInt,
            updated_at -> BigInt,
        }
    }

    diesel::table! {
        logs (id) {
            id -> BigInt,
            timestamp -> BigInt,
            action -> Text,
            payload -> Text,
            status -> Text,
        }
    }
}

/// Answers `add_task` with a transaction for each request.
#[derive(Parser)]
struct Arguments {
    /// The SQLite file; it is created if it is missing.
    #[arg(long)]
    database: PathBuf,
    /// Worker threads.
    #[arg(long)]
    workers: usize,
}

#[derive(Deserialize)]
struct Call {
    action: String,
    params: Params,
}

#[derive(Clone, Deserialize, Serialize, Insertable)]
#[diesel(table_name = tasks)]
struct Params {
    title: String,
    description: String,
    priority: String,
    status: String,
    assigned_to: String,
}

#[derive(Serialize, Queryable, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::sqlite::Sqlite))]
struct Task {
    id: i64,
    title: String,
    description: Option<String>,
    priority: Option<String>,
    status: Option<String>,
    assigned_to: Option<String>,
    created_at: i64,
    updated_at: i64,
}

type Outcome = Result<Task, String>;
type Job = (Call, oneshot::Sender<Outcome>);

async fn query(call: Json<Call>, queue: Data<mpsc::Sender<Job>>) -> HttpResponse {
    let (answer, answered) = oneshot::channel();
    if queue.send((call.into_inner(), answer)).await.is_err() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match answered.await {
        Ok(Ok(task)) => HttpResponse::Ok().json(serde_json::json!({"success": true, "data": task})),
        Ok(Err(error)) => HttpResponse::InternalServerError().body(error),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

fn write(connection: &mut SqliteConnection, call: &Call, now: i64) -> Result<Task, Box<dyn Error>> {
    connection.immediate_transaction(|connection| {
        let task: Task = diesel::insert_into(tasks::table)
            .values((&call.params, tasks::created_at.eq(now), tasks::updated_at.eq(now)))
            .returning(Task::as_returning())
            .get_result(connection)?;
        let result = serde_json::to_string(&task)?;
        let shortened: String = result.chars().take(200).collect();
        let payload = serde_json::to_string(&serde_json::json!({
            "params": &call.params, "result": shortened,
        }))?;
        diesel::insert_into(logs::table)
            .values((
                logs::timestamp.eq(now),
                logs::action.eq(&call.action),
                logs::payload.eq(payload),
                logs::status.eq("success"),
            ))
            .execute(connection)?;
        Ok(task)
    })
}

/// Creates a database with the server's tables.
async fn make(database: &Path) -> Result<SqliteConnection, Box<dyn Error>> {
    let path = database.to_str().ok_or("the path is not UTF-8")?;
    let location = Location::parse(path)?;
    mcp_storage::open(&location, &Options::default(), SystemClock::shared())?.close().await?;
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    )?;
    Ok(connection)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut connection = make(&arguments.database).await?;
    let (queue, mut waiting) = mpsc::channel::<Job>(QUEUE);
    thread::spawn(move || {
        while let Some((call, answer)) = waiting.blocking_recv() {
            let outcome = write(&mut connection, &call, SystemClock.now().as_micros());
            // A closed channel means that the client has hung up.
            let _ = answer.send(outcome.map_err(|error| error.to_string()));
        }
    });
    let queue = Data::new(queue);
    HttpServer::new(move || App::new().app_data(queue.clone()).default_service(web::to(query)))
        .workers(arguments.workers)
        .listen(service_benches::listen()?)?
        .run()
        .await?;
    Ok(())
}
