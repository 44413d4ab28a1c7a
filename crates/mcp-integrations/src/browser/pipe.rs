//! A client of the DevTools protocol over the socket to a Chromium of this server.
//!
//! Messages are JSON, and each ends with a NUL byte (Chromium's `--remote-debugging-pipe`).
//! Commands and events of a page or frame carry the id of its session (flat mode).

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::devtools::{Command, DevToolsError};
use super::traffic::Traffic;

/// The maximum size of a message, in bytes: a picture of 32 MiB in base64 and its envelope.
const MAX_MESSAGE: u64 = 64 << 20;
/// The capacity of the queue of commands to write.
const QUEUE: usize = 256;

/// The connection to one browser. It ends with the browser.
pub(super) struct Pipe {
    state: Arc<PipeState>,
}

struct PipeState {
    next_id: AtomicU64,
    outbox: mpsc::Sender<Vec<u8>>,
    pending: Mutex<PendingCommands>,
}

/// The commands that wait for their results, by id.
#[derive(Default)]
struct PendingCommands {
    commands: HashMap<u64, Pending>,
    /// Why no more results come.
    over: Option<Over>,
}

struct Pending {
    session: Option<String>,
    result: oneshot::Sender<Result<Value, DevToolsError>>,
}

#[derive(Clone)]
enum Over {
    Ended,
    /// The page of this session crashed.
    Crashed(String),
}

impl Pipe {
    /// Creates the client of this socket. It passes events to `traffic`.
    pub(super) fn new(socket: UnixStream, traffic: Arc<Traffic>) -> Self {
        let (reader, writer) = socket.into_split();
        let (outbox, inbox) = mpsc::channel(QUEUE);
        let (next_id, pending) = (AtomicU64::new(1), Mutex::default());
        let state = Arc::new(PipeState { next_id, outbox, pending });
        tokio::spawn(write(writer, inbox));
        tokio::spawn(read(reader, Arc::clone(&state), traffic));
        Self { state }
    }

    /// Sends a command and returns its result.
    pub(super) async fn call(&self, command: Command) -> Result<Value, DevToolsError> {
        let (id, text) = self.state.numbered(&command);
        let (result, outcome) = oneshot::channel();
        self.state.expect(id, Pending { session: command.session, result })?;
        self.state.outbox.send(text).await.map_err(|_| DevToolsError::Ended)?;
        outcome.await.map_err(|_| DevToolsError::Ended)?
    }
}

impl PipeState {
    fn numbered(&self, command: &Command) -> (u64, Vec<u8>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": command.method, "params": command.params});
        if let Some(session) = &command.session {
            message["sessionId"] = json!(session);
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        (id, text)
    }

    fn expect(&self, id: u64, command: Pending) -> Result<(), DevToolsError> {
        let mut pending = self.pending.lock();
        match &pending.over {
            Some(Over::Ended) => return Err(DevToolsError::Ended),
            Some(Over::Crashed(session)) if command.session.as_ref() == Some(session) => {
                return Err(DevToolsError::Crashed);
            }
            _ => (),
        }
        pending.commands.insert(id, command);
        Ok(())
    }

    fn answer(&self, id: u64, mut message: Value) {
        let Some(command) = self.pending.lock().commands.remove(&id) else { return };
        let result = match message.get("error") {
            Some(error) => {
                let reason = error["message"].as_str().unwrap_or_default();
                Err(DevToolsError::Rejected(reason.to_owned()))
            }
            None => Ok(message["result"].take()),
        };
        // The caller may be gone.
        let _ = command.result.send(result);
    }

    fn crash(&self, session: &str) {
        let mut pending = self.pending.lock();
        pending.over.get_or_insert(Over::Crashed(session.to_owned()));
        let is_of_session = |command: &Pending| command.session.as_deref() == Some(session);
        for (_, command) in pending.commands.extract_if(|_, command| is_of_session(command)) {
            let _ = command.result.send(Err(DevToolsError::Crashed));
        }
    }

    fn end(&self) {
        let mut pending = self.pending.lock();
        pending.over = Some(Over::Ended);
        pending.commands.clear();
    }
}

async fn write(mut socket: OwnedWriteHalf, mut inbox: mpsc::Receiver<Vec<u8>>) {
    while let Some(text) = inbox.recv().await {
        if socket.write_all(&text).await.is_err() {
            return;
        }
    }
}

async fn read(socket: OwnedReadHalf, state: Arc<PipeState>, traffic: Arc<Traffic>) {
    let mut socket = BufReader::new(socket);
    loop {
        match message(&mut socket).await {
            Ok(message) => dispatch(message, &state, &traffic),
            Err(error) => {
                log::debug!("browser: {error}");
                return state.end();
            }
        }
    }
}

fn dispatch(mut message: Value, state: &PipeState, traffic: &Traffic) {
    if let Some(id) = message["id"].as_u64() {
        return state.answer(id, message);
    }
    let session = message["sessionId"].take();
    let (session, params) = (session.as_str().unwrap_or_default(), message["params"].take());
    let method = message["method"].as_str().unwrap_or_default();
    if method == "Inspector.targetCrashed" {
        state.crash(session);
    }
    for command in traffic.event(session, method, &params) {
        let (_, text) = state.numbered(&command);
        // The queue is full only if the browser has stopped reading.
        let _ = state.outbox.try_send(text);
    }
}

async fn message(socket: &mut BufReader<OwnedReadHalf>) -> io::Result<Value> {
    let mut text = Vec::new();
    (&mut *socket).take(MAX_MESSAGE).read_until(0, &mut text).await?;
    match text.pop() {
        Some(0) => serde_json::from_slice(&text).map_err(io::Error::other),
        Some(_) => Err(io::Error::other("a message of the browser is too long or incomplete")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
