//! `GET /files/{id}`: an uploaded file, to whoever may read the conversation.
//!
//! What strangers have uploaded is never to run in the name of the site. So it comes as an attachment, as bytes without a
//! type unless they begin as one of four kinds of images do, under a policy that forbids everything, and to nobody but
//! the site's own pages. It never changes, so its id is its tag; but every use asks again, for it may be recalled.

use crate::app::App;
use crate::app::api::{request_id, respond};
use crate::base::limits;
use crate::chat::call::Call;
use crate::chat::ids::{CallId, FileId};
use crate::chat::input::Input;
use crate::chat::output::FileRecord;
use crate::http::{Request, Response};
use crate::net::{ConnId, Outbox};
use crate::store::Storage;
use crate::wire::api::{Problem, Reply};

/// How the addresses of files begin.
const FILES: &str = "/files/";
/// Bytes at the beginning of a file that say what it is.
const MAGIC_BYTES: usize = 16;
const NOT_FOUND: Problem = Problem::new(404, "not_found", "there is no such file, or none that you may have");

/// A download under way.
#[derive(Debug)]
pub(in crate::app) enum Fetch {
    /// The core is asked whether it may be.
    Asked {
        request_id: String,
        /// The tags that the client has.
        known: Option<String>,
    },
    /// Its bytes are sent.
    Sending { file: FileId, at: u64 },
}

/// Whether a path is that of a file.
pub(in crate::app) fn is_file(path: &str) -> bool {
    path.starts_with(FILES)
}

impl<S: Storage> App<S> {
    /// Somebody wants a file.
    pub(in crate::app) fn take_fetch(&mut self, out: &mut Outbox, conn: ConnId, request: &Request<'_>) {
        let request_id = request_id(request);
        if let Err(problem) = self.begin_fetch(out, conn, request, &request_id) {
            respond(out, conn, &request_id, problem.reply());
        }
    }

    fn begin_fetch(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        request: &Request<'_>,
        request_id: &str,
    ) -> Result<(), Problem> {
        if !matches!(request.method, "GET" | "HEAD") {
            return Err(Problem::method("GET, HEAD"));
        }
        let bearer = self.bearer(out.now(), conn, request)?;
        let file = request.path().strip_prefix(FILES).and_then(FileId::from_text).ok_or(NOT_FOUND)?;
        let known = request.header_text("if-none-match").map(str::to_owned);
        self.files.fetches.insert(conn, Fetch::Asked { request_id: request_id.to_owned(), known });
        let request = Call::File { bearer, file };
        self.handle(out, Input::Call { call: CallId(conn.to_u64()), request });
        Ok(())
    }

    /// The core has answered. Hands the answer back if it is of no download.
    pub(in crate::app) fn settle_fetch(&mut self, conn: ConnId, reply: Reply) -> Option<Reply> {
        let Some(Fetch::Asked { request_id, known }) = self.files.fetches.remove(&conn) else {
            return Some(reply);
        };
        let answer = match self.turn.take_file(CallId(conn.to_u64())) {
            Some(file) => self.file_response(conn, &file, known.as_deref()).ok_or(NOT_FOUND.reply()),
            None => Err(reply),
        };
        match answer {
            Ok(response) => {
                let response = response.header("x-request-id", request_id.clone());
                self.turn.respond_with(conn, &request_id, response);
            }
            Err(reply) => self.turn.respond(conn, &request_id, reply, crate::app::api::Replay::First),
        }
        None
    }

    /// `None`: its bytes are gone since.
    fn file_response(&mut self, conn: ConnId, file: &FileRecord, known: Option<&str>) -> Option<Response> {
        let tag = format!("\"{}\"", file.id.as_str());
        let is_known = known.is_some_and(|known| {
            known
                .split(',')
                .map(|one| one.trim().trim_start_matches("W/"))
                .any(|one| one == tag || one == "*")
        });
        let common = |response: Response| {
            response
                .header("etag", tag.clone())
                .header("cache-control", "private, no-cache")
                .header("vary", "authorization")
                .header("x-content-type-options", "nosniff")
                .header("content-security-policy", "default-src 'none'; sandbox")
                .header("cross-origin-resource-policy", "same-origin")
        };
        if is_known {
            return Some(common(Response::new(304)));
        }
        let mut magic = Vec::new();
        let read = self.turn.store_mut().read_bytes(&file.id, 0, MAGIC_BYTES, &mut magic);
        read.map_err(|error| log::debug!("{conn}: {error}")).ok()?;
        self.files.totals.fetched += 1;
        self.files.fetches.insert(conn, Fetch::Sending { file: file.id.clone(), at: 0 });
        let response = common(Response::new(200))
            .header("content-type", image_type(&magic).unwrap_or("application/octet-stream"))
            .header("content-disposition", format!("attachment; filename*=UTF-8''{}", encoded(&file.name)));
        Some(response.followed_by(file.bytes))
    }

    /// There is room for the next piece.
    pub(in crate::app) fn send_piece(&mut self, out: &mut Outbox, conn: ConnId) {
        let Some(Fetch::Sending { file, at }) = self.files.fetches.get_mut(&conn) else {
            return out.abort(conn);
        };
        let mut piece = Vec::new();
        let bytes_max = limits::DOWNLOAD_PIECE_BYTES.count();
        match self.turn.store_mut().read_bytes(file, *at, bytes_max, &mut piece) {
            Ok(()) if !piece.is_empty() => {
                *at += piece.len() as u64;
                out.piece(conn, |bytes| bytes.extend_from_slice(&piece));
            }
            // It was recalled meanwhile.
            Ok(()) => out.abort(conn),
            Err(error) => {
                log::debug!("{conn}: a download ends: {error}");
                out.abort(conn);
            }
        }
    }
}

/// The type of an image, by how its bytes begin. Nothing that could hold a script is among them.
fn image_type(magic: &[u8]) -> Option<&'static str> {
    match magic {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A name as the value of `filename*` (RFC 8187, 3.2.1).
fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
