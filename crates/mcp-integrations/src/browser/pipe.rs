//! A client of the DevTools protocol over the socket to a Chromium of ours.
//!
//! Messages are JSON, each ends with a NUL byte (Chromium's `--remote-debugging-pipe`). Commands
//! and events of a page or frame carry the id of its session (flat mode).

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::devtools::{Command, DevToolsError};
use super::traffic::Traffic;

/// The largest message, in bytes: a picture of 32 MiB in base64, and room to spare.
const LARGEST: u64 = 64 << 20;
/// How many commands wait to be written.
const QUEUE: usize = 256;

/// The connection to one browser. It ends with the browser.
pub(super) struct Pipe {
    shared: Arc<Shared>,
}

struct Shared {
    next: AtomicU64,
    outbox: mpsc::Sender<Vec<u8>>,
    waiting: Mutex<Waiting>,
}

/// The commands that wait for their results, by their ids.
#[derive(Default)]
struct Waiting {
    commands: HashMap<u64, Sent>,
    /// No result comes any more, for this reason.
    over: Option<Over>,
}

struct Sent {
    session: Option<String>,
    result: oneshot::Sender<Result<Value, DevToolsError>>,
}

/// Why no result comes.
#[derive(Clone)]
enum Over {
    Ended,
    /// The page of this session crashed.
    Crashed(String),
}

impl Pipe {
    /// Speaks over this socket; `traffic` learns of the events.
    pub(super) fn new(socket: UnixStream, traffic: Arc<Traffic>) -> Self {
        let (reader, writer) = socket.into_split();
        let (outbox, inbox) = mpsc::channel(QUEUE);
        let shared =
            Arc::new(Shared { next: AtomicU64::new(1), outbox, waiting: Mutex::default() });
        tokio::spawn(write(writer, inbox));
        tokio::spawn(read(reader, Arc::clone(&shared), traffic));
        Self { shared }
    }

    /// Sends a command and returns its result.
    pub(super) async fn call(&self, command: Command) -> Result<Value, DevToolsError> {
        let (id, text) = self.shared.numbered(&command);
        let (result, answer) = oneshot::channel();
        self.shared.expect(id, Sent { session: command.session, result })?;
        self.shared.outbox.send(text).await.map_err(|_| DevToolsError::Ended)?;
        answer.await.map_err(|_| DevToolsError::Ended)?
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn numbered(&self, command: &Command) -> (u64, Vec<u8>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": command.method, "params": command.params});
        if let Some(session) = &command.session {
            message["sessionId"] = json!(session);
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        (id, text)
    }

    fn expect(&self, id: u64, sent: Sent) -> Result<(), DevToolsError> {
        let mut waiting = self.waiting();
        match &waiting.over {
            Some(Over::Ended) => return Err(DevToolsError::Ended),
            Some(Over::Crashed(session)) if sent.session.as_ref() == Some(session) => {
                return Err(DevToolsError::Crashed);
            }
            _ => (),
        }
        waiting.commands.insert(id, sent);
        Ok(())
    }

    fn answer(&self, id: u64, mut message: Value) {
        let Some(sent) = self.waiting().commands.remove(&id) else { return };
        let result = match message.get("error") {
            Some(error) => {
                let reason = error["message"].as_str().unwrap_or_default();
                Err(DevToolsError::Rejected(reason.to_owned()))
            }
            None => Ok(message["result"].take()),
        };
        // Whoever asked may have gone.
        let _ = sent.result.send(result);
    }

    fn crash(&self, session: &str) {
        let mut waiting = self.waiting();
        waiting.over.get_or_insert(Over::Crashed(session.to_owned()));
        for (_, sent) in
            waiting.commands.extract_if(|_, sent| sent.session.as_deref() == Some(session))
        {
            let _ = sent.result.send(Err(DevToolsError::Crashed));
        }
    }

    fn end(&self) {
        let mut waiting = self.waiting();
        waiting.over = Some(Over::Ended);
        waiting.commands.clear();
    }
}

async fn write(mut socket: OwnedWriteHalf, mut inbox: mpsc::Receiver<Vec<u8>>) {
    while let Some(text) = inbox.recv().await {
        if socket.write_all(&text).await.is_err() {
            return;
        }
    }
}

async fn read(socket: OwnedReadHalf, shared: Arc<Shared>, traffic: Arc<Traffic>) {
    let mut socket = BufReader::new(socket);
    loop {
        match message(&mut socket).await {
            Ok(message) => dispatch(message, &shared, &traffic),
            Err(error) => {
                log::debug!("browser: {error}");
                return shared.end();
            }
        }
    }
}

fn dispatch(mut message: Value, shared: &Shared, traffic: &Traffic) {
    if let Some(id) = message["id"].as_u64() {
        return shared.answer(id, message);
    }
    let session = message["sessionId"].take();
    let (session, params) = (session.as_str().unwrap_or_default(), message["params"].take());
    let method = message["method"].as_str().unwrap_or_default();
    if method == "Inspector.targetCrashed" {
        shared.crash(session);
    }
    for command in traffic.event(session, method, &params) {
        let (_, text) = shared.numbered(&command);
        // The queue is full only where the browser reads no more.
        let _ = shared.outbox.try_send(text);
    }
}

async fn message(socket: &mut BufReader<OwnedReadHalf>) -> io::Result<Value> {
    let mut text = Vec::new();
    (&mut *socket).take(LARGEST).read_until(0, &mut text).await?;
    match text.pop() {
        Some(0) => serde_json::from_slice(&text).map_err(io::Error::other),
        Some(_) => Err(io::Error::other("a message of the browser has no end")),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
