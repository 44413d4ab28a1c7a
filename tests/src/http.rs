//! HTTP/1.1 as bytes: a test can send exactly the bytes it wants, also invalid ones.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use crate::DEADLINE;

/// A request before it is sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
}

/// The status and the header fields of a response.
pub type Head = (u16, Vec<(String, String)>);

/// A connection to the server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Request {
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        let host = Some(address.to_string());
        Self { address, method, target, host, headers: Vec::new(), body: None }
    }

    /// Adds a header field.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Replaces the header fields of this name.
    pub fn replace_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.header(name, value)
    }

    /// Replaces the `Host`, which is the server's address by default.
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Removes the `Host`.
    pub fn without_host(mut self) -> Self {
        self.host = None;
        self
    }

    /// Sets the API key.
    pub fn key(self, key: &str) -> Self {
        self.header("X-API-Key", key)
    }

    /// Sets the body and its length, but no content type.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.json_text(body.to_string())
    }

    /// Sets a body that is declared as JSON, even if it is not.
    pub fn json_text(self, body: impl AsRef<[u8]>) -> Self {
        self.header("Content-Type", "application/json").body(body.as_ref())
    }

    /// Returns the bytes of the request.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut line = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
        if let Some(host) = &self.host {
            line("Host", host);
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        if let Some(body) = &self.body {
            line("Content-Length", &body.len().to_string());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Sends the request on a new connection and reads the response.
    #[must_use]
    pub fn send(self) -> Response {
        let line = format!("{} {}", self.method, self.target);
        let request = self.header("Connection", "close");
        let mut connection = Connection::open(request.address);
        connection.send(&request.bytes());
        connection.response_to(&request.method).unwrap_or_else(|error| panic!("{line}: {error}"))
    }
}

impl Response {
    /// Returns the value of a header field that occurs at most once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let mut found = self.headers.iter().filter(|(known, _)| *known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} occurs twice: {self:?}");
        value
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// Parses the body, which must be declared as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let kind = self.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/json", "{} {}", self.status, self.text());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// Returns the `detail` of an error with this status; the body must not contain anything else.
    #[must_use]
    pub fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.json();
        let members = body.as_object().expect("an object");
        assert_eq!(members.len(), 1, "{body}");
        let detail = members["detail"].as_str().expect("detail is a string");
        assert!(!detail.is_empty(), "{body}");
        detail.to_owned()
    }

    /// Returns the `data` of a successful call.
    #[must_use]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        let mut body = self.json();
        assert_eq!(body["success"], true, "{body}");
        body["data"].take()
    }
}

impl Connection {
    #[must_use]
    /// Opens a connection to the server.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("the timeout is not zero");
        stream.set_write_timeout(Some(DEADLINE)).expect("the timeout is not zero");
        Self { stream, unread: Vec::new() }
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the server accepts the bytes");
    }

    /// Sends bytes to a server that may have closed the connection.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Closes the sending side.
    pub fn end(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Waits until a response begins to arrive, and leaves it unread.
    pub fn wait_for_response(&self) {
        let begun = self.stream.peek(&mut [0]).expect("a response begins");
        assert_eq!(begun, 1, "the server has closed the connection");
    }

    /// Reads the next response to a GET or POST.
    pub fn response(&mut self) -> io::Result<Response> {
        self.response_to("GET")
    }

    /// Reads the next response to a request with this method.
    pub fn response_to(&mut self, method: &str) -> io::Result<Response> {
        let (status, headers) = self.begin()?;
        let named = |wanted: &str| {
            headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let body = if method == "HEAD" || matches!(status, 100..200 | 204 | 304) {
            Vec::new()
        } else if named("transfer-encoding") == Some("chunked") {
            self.chunks()?
        } else if let Some(length) = named("content-length") {
            let length = length.parse().map_err(io::Error::other)?;
            self.take(length)?
        } else {
            return Err(io::Error::other("the answer does not say how long it is"));
        };
        Ok(Response { status, headers, body })
    }

    /// Reads the head of the next response; [`Connection::chunk`] reads its body.
    pub fn begin(&mut self) -> io::Result<Head> {
        loop {
            if let Some(head) = self.head()? {
                return Ok(head);
            }
            self.more()?;
        }
    }

    /// Reads the next chunk of a chunked body; `None` at its end.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (start, length) = loop {
            let parsed = httparse::parse_chunk_size(&self.unread)
                .map_err(|_| io::Error::other("a broken chunk"))?;
            match parsed {
                httparse::Status::Complete(found) => break found,
                httparse::Status::Partial => self.more()?,
            }
        };
        self.unread.drain(..start);
        let chunk = self.take(usize::try_from(length).map_err(io::Error::other)?)?;
        self.take(2)?;
        Ok((length > 0).then_some(chunk))
    }

    /// Returns whether the server closes the connection without sending another byte.
    #[must_use]
    pub fn is_ended(&mut self) -> bool {
        self.unread.is_empty() && matches!(self.stream.read(&mut [0]), Ok(0))
    }

    fn head(&mut self) -> io::Result<Option<Head>> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(&self.unread).map_err(io::Error::other)?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = head.headers.iter();
        let headers = headers.map(|it| (it.name.to_ascii_lowercase(), text(it.value))).collect();
        let status = head.code.expect("a complete head has a status");
        self.unread.drain(..length);
        Ok(Some((status, headers)))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk()? {
            body.extend(chunk);
        }
        Ok(body)
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.more()?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    /// Reads at most 16 KiB into the buffer of the methods above.
    pub fn more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        let length = self.stream.read(&mut bytes)?;
        if length == 0 {
            let got = String::from_utf8_lossy(&self.unread);
            return Err(io::Error::other(format!("the connection ended after {got:?}")));
        }
        self.unread.extend(&bytes[..length]);
        Ok(())
    }
}
