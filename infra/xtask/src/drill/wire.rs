//! HTTP/1.1 as cheap as it gets: one kept-alive connection, one request at a time, no more of the answer understood than
//! the drill asks about. Two cores must serve and send some thousand requests a second; a general client takes half.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Who has waited this long asks another process, unless it was told to be more patient.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes read at once; an answer has a few thousand.
const CHUNK: usize = 16 * 1024;

/// A request, as it goes over the wire.
pub(super) struct Request(Vec<u8>);

impl Request {
    /// A read; `tag` asks for the body only if it differs.
    pub(super) fn get(path: &str, token: &str, locale: &str, tag: Option<&str>) -> Self {
        let tag = tag.map(|tag| format!("if-none-match: {tag}\r\n")).unwrap_or_default();
        Self(format!("GET {path} HTTP/1.1\r\nhost: drill\r\nauthorization: Bearer {token}\r\naccept-language: {locale}\r\n{tag}\r\n").into_bytes())
    }

    /// The same request with one more header.
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        let line = self.0.windows(2).position(|two| two == b"\r\n").map_or(0, |end| end + 2);
        self.0.splice(line..line, format!("{name}: {value}\r\n").into_bytes());
        self
    }

    /// A change under an Idempotency-Key.
    pub(super) fn post(path: &str, token: &str, key: &str, body: &str) -> Self {
        let length = body.len();
        Self(format!("POST {path} HTTP/1.1\r\nhost: drill\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
    }
}

/// What the drill looks at in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// The ETag, quotes included; empty if there is none.
    pub(super) etag: String,
    /// Whether it is the stored answer to an earlier request.
    pub(super) replayed: bool,
    /// Whether it is the last one on its connection.
    pub(super) closes: bool,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The version an ETag such as `"57.zh-CN.9f2c1a2b"` begins with.
    pub(super) fn version(&self) -> Option<i64> {
        self.etag.trim_matches('"').split('.').next()?.parse().ok()
    }

    /// For messages.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A connection to one process.
pub(super) struct Wire {
    stream: TcpStream,
    heard: Vec<u8>,
    patience: Duration,
}

impl Wire {
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, heard: Vec::with_capacity(CHUNK), patience: PATIENCE })
    }

    /// The same connection, for somebody who waits so long for an answer.
    pub(super) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends a request and waits for its answer. After an error the connection is of no more use.
    pub(super) async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        match tokio::time::timeout(self.patience, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    async fn exchange(&mut self, Request(request): &Request) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        self.heard.clear();
        let head = loop {
            self.hear().await?;
            if let Some(end) = self.heard.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (mut answer, length) = parse(&self.heard[..head]).ok_or(io::ErrorKind::InvalidData)?;
        while self.heard.len() < head + length {
            self.hear().await?;
        }
        answer.body.extend_from_slice(&self.heard[head..head + length]);
        Ok(answer)
    }

    async fn hear(&mut self) -> io::Result<()> {
        self.heard.reserve(CHUNK);
        if self.stream.read_buf(&mut self.heard).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// The head of an answer and the length of the body that follows it.
fn parse(head: &[u8]) -> Option<(Answer, usize)> {
    let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, ..Answer::default() };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        } else if name.eq_ignore_ascii_case("etag") {
            value.clone_into(&mut answer.etag);
        } else if name.eq_ignore_ascii_case("idempotency-replayed") {
            answer.replayed = value == "true";
        } else if name.eq_ignore_ascii_case("connection") {
            answer.closes = value.eq_ignore_ascii_case("close");
        }
    }
    // An unchanged answer tells the length of the body that it leaves out.
    Some((answer, if status == 304 { 0 } else { length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_added_below_the_request_line() {
        let Request(bytes) = Request::get("/a", "t", "en", None).header("x-min-version", "7");
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("GET /a HTTP/1.1\r\nx-min-version: 7\r\nhost: drill\r\n"), "{text}");
    }

    #[test]
    fn of_an_answer_the_drill_sees_what_it_asks_about() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nETag: \"57.zh-CN.9f2c1a2b\"\r\n\
            idempotency-replayed: true\r\ncontent-length: 12\r\n\r\n";
        let (answer, length) = parse(head).unwrap();
        assert_eq!((answer.status, answer.version(), answer.replayed, length), (200, Some(57), true, 12));
        let (unchanged, length) = parse(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 12\r\n\r\n").unwrap();
        assert_eq!((unchanged.status, unchanged.version(), length), (304, None, 0));
        let (last, _) = parse(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
        assert!(last.closes && !answer.closes);
        assert!(parse(b"SSH-2.0\r\n\r\n").is_none());
    }
}
