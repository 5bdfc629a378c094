//! One request and its response, on a connection of its own.
//!
//! The response is that of a daemon of ours: it says how long it is (RFC 9112, 6.2), and there are no chunks.

use std::io::{self, Read, Write};

use serde_json::Value;

use super::{Failure, Remote};
use crate::cli::UNAVAILABLE;

/// Bytes of a head, and of a body, that are looked at.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A response.
pub(in crate::cli) struct Answer {
    pub(in crate::cli) status: u16,
    pub(in crate::cli) body: Vec<u8>,
}

impl Remote {
    /// Asks, and waits for the answer, whatever it says.
    pub(in crate::cli) fn ask(
        &self,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.url.host());
        if let Some(key) = key {
            request.push_str(&format!("Authorization: Bearer {key}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("Content-Type: application/json\r\n");
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        let mut stream = self.dial()?;
        let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.flush());
        // A refusal may come before all was said, and then the end of it cannot be.
        let answered = read(&mut stream);
        match (asked, answered) {
            (_, Ok(Some(answer))) => Ok(answer),
            (Err(error), _) | (_, Err(error)) => Err(self.absent(&error)),
            (Ok(()), Ok(None)) => Err(Failure {
                code: UNAVAILABLE,
                words: format!("what answers at {} is no daemon of this kind", self.url),
            }),
        }
    }
}

/// `None`: that is no response.
fn read(stream: &mut impl Read) -> io::Result<Option<Answer>> {
    let mut bytes = Vec::new();
    let (status, head_bytes, length) = loop {
        if let Some(head) = head(&bytes)? {
            break head;
        }
        if bytes.len() > HEAD_BYTES_MAX || !fill(stream, &mut bytes)? {
            return Ok(None);
        }
    };
    let end = head_bytes + length.min(BODY_BYTES_MAX);
    while bytes.len() < end {
        if !fill(stream, &mut bytes)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body = bytes.get(head_bytes..end).unwrap_or_default().to_vec();
    Ok(Some(Answer { status, body }))
}

/// Whether there was more.
fn fill(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<bool> {
    let mut part = [0; 16 * 1024];
    loop {
        match stream.read(&mut part) {
            Ok(count) => {
                bytes.extend_from_slice(part.get(..count).unwrap_or_default());
                return Ok(count > 0);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Status, bytes of the head, and bytes of the body. `None`: it is not whole yet.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => {
            let length =
                response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
            let length =
                length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
            Ok(Some((response.code.unwrap_or_default(), head_bytes, length.unwrap_or(0))))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
    }
}
