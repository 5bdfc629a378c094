//! Files and images: `POST /v1/files` and `GET /files/{id}`, for users with the tokens with which they chat.
//!
//! An upload is judged by its head, before a byte of it is read: who it is, how large, whether there is room, and, by the
//! core, whether that user may speak there. Its bytes go to the store as they come. When all have come the core is asked
//! once more, and the answer leaves when the turn is committed: then the file is on the disk. Whatever breaks off leaves
//! nothing. A download is a question to the core, and then one piece after the other, read when the peer has taken the
//! one before (`download.rs`); the file is open only while a piece is read, so one that is recalled meanwhile ends there.
//!
//! Invariants: the token stands in a header and never in an address; there is no CORS; each upload gives back what it
//! has reserved, exactly once.
//! The tutorial has no files. Tests: `tests/app/files.rs`.

mod download;
mod quota;

use std::collections::HashMap;

use crate::app::api::{Replay, request_id, respond, response, shown_token};
use crate::app::{App, Guests};
use crate::auth::{self, GuestKey};
use crate::base::clock::Now;
use crate::chat::call::Call;
use crate::chat::files::{Bearer, NewFile};
use crate::chat::ids::{CallId, FileId};
use crate::chat::input::{Input, Role, Target};
use crate::http::Request;
use crate::net::{Body, BodyPlan, ConnId, Outbox};
use crate::store::{Storage, StoreError};
use crate::wire::api::{Problem, Reply, parse_upload};
pub(super) use download::{Fetch, is_file};
use quota::Quota;

/// Where files are uploaded.
const UPLOADS: &str = "/v1/files";

const UNAUTHORIZED: Problem =
    Problem::new(401, "unauthorized", "give the token with which you log in: Authorization: Bearer ...");

/// How much there may be of files.
#[derive(Clone, Copy, Debug)]
pub struct FileSettings {
    /// Bytes of one file; 0: there are none.
    pub bytes_max: u64,
    /// Bytes of all files together.
    pub total_bytes_max: u64,
}

/// What has become of uploads and downloads since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FileTotals {
    /// Files that were uploaded.
    pub(super) stored: u64,
    /// Uploads that were refused, by their head or later.
    pub(super) refused: u64,
    /// Uploads that broke off.
    pub(super) broken: u64,
    /// Downloads that were begun.
    pub(super) fetched: u64,
}

/// What is known of files between two turns.
#[derive(Debug, Default)]
pub(super) struct Files {
    uploads: HashMap<ConnId, Upload>,
    pub(super) fetches: HashMap<ConnId, Fetch>,
    quota: Quota,
    /// Bytes for which there must be room, of uploads under way.
    reserved_bytes: u64,
    pub(super) totals: FileTotals,
}

impl Files {
    pub(super) fn under_way(&self) -> usize {
        self.quota.under_way()
    }
}

/// An upload under way.
#[derive(Debug)]
struct Upload {
    request_id: String,
    bearer: Bearer,
    target: Target,
    file: FileId,
    name: String,
    media_type: String,
    bytes: u64,
    stage: Stage,
    /// The core has answered that it may not be.
    refused: Option<Reply>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The core is asked whether it may be.
    Asked,
    /// Bytes come.
    Coming,
    /// The core is asked once more; the answer is that of the upload.
    Storing,
}

/// Whether a path is that of uploads.
pub(super) fn is_upload(path: &str) -> bool {
    path == UPLOADS
}

impl<S: Storage> App<S> {
    /// The head of an upload.
    pub(super) fn take_upload_head(
        &mut self,
        out: &mut Outbox,
        conn: ConnId,
        head: &Request<'_>,
    ) -> BodyPlan {
        let request_id = request_id(head);
        let begun = self.begin_upload(out, conn, head, &request_id);
        // At once: who waits for "100 Continue" need not send the body.
        let refused = begun.map_or_else(|problem| Some(problem.reply()), |()| self.take_refusal(conn));
        if let Some(reply) = refused {
            self.refuse_upload(out, conn, &request_id, reply);
        }
        BodyPlan::Pieces { bytes_max: usize::try_from(self.settings.files.bytes_max).unwrap_or(usize::MAX) }
    }

    /// A request to where files are uploaded that has no body.
    pub(super) fn take_empty_upload(&mut self, out: &mut Outbox, conn: ConnId, request: &Request<'_>) {
        let request_id = request_id(request);
        let problem = match request.method {
            "POST" => match self.judge_head(out, conn, request) {
                Ok(_) if request.header("content-length").is_none() => Problem::LENGTH_REQUIRED,
                Ok(_) => Problem::bad_request("body", "is empty"),
                Err(problem) => problem,
            },
            _ => Problem::method("POST"),
        };
        self.refuse_upload(out, conn, &request_id, problem.reply());
    }

    /// Why the core has refused an upload whose head was just judged.
    fn take_refusal(&mut self, conn: ConnId) -> Option<Reply> {
        let upload = self.files.uploads.get_mut(&conn)?;
        let refused = upload.refused.take()?;
        self.end_upload(conn);
        Some(refused)
    }

    fn refuse_upload(&mut self, out: &mut Outbox, conn: ConnId, request_id: &str, reply: Reply) {
        log::debug!("{conn}: upload refused: {}", reply.status);
        self.files.totals.refused += 1;
        respond(out, conn, request_id, reply);
    }

    /// What the head says of an upload, if it is one that could be served.
    fn judge_head(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        head: &Request<'_>,
    ) -> Result<(Bearer, crate::wire::api::Upload), Problem> {
        if self.settings.files.bytes_max == 0 {
            return Err(Problem::NO_SUCH_CALL);
        }
        let bearer = self.bearer(out.now(), conn, head)?;
        Ok((bearer, parse_upload(head.query(), head.header_text("content-type"))?))
    }

    fn begin_upload(
        &mut self,
        out: &Outbox,
        conn: ConnId,
        head: &Request<'_>,
        request_id: &str,
    ) -> Result<(), Problem> {
        let (bearer, upload) = self.judge_head(out, conn, head)?;
        let digits = head.header_text("content-length").ok_or(Problem::LENGTH_REQUIRED)?;
        // A number that is no u64 is over every limit.
        let bytes = digits.parse().unwrap_or(u64::MAX);
        let limits = self.settings.files;
        if bytes > limits.bytes_max {
            return Err(Problem::file_too_large(limits.bytes_max));
        }
        let taken = self.turn.store_mut().files_bytes().saturating_add(self.files.reserved_bytes);
        if taken.saturating_add(bytes) > limits.total_bytes_max {
            return Err(Problem::STORAGE_FULL);
        }
        let name = auth::random_name().map_err(|_| self.failed())?;
        let file = FileId::from_text(&name).ok_or_else(|| self.failed())?;
        let guest = self.strangers.address_of(conn).filter(|_| bearer.guest);
        let begun = self.files.quota.begin(out.now().mono, &bearer.uid, bytes, guest);
        begun.map_err(Problem::rate_limited)?;
        self.files.reserved_bytes += bytes;
        let (call, target) = (CallId(conn.to_u64()), upload.target.clone());
        let ours = Upload {
            request_id: request_id.to_owned(),
            bearer: bearer.clone(),
            target: upload.target,
            file,
            name: upload.name,
            media_type: upload.media_type,
            bytes,
            stage: Stage::Asked,
            refused: None,
        };
        self.files.uploads.insert(conn, ours);
        self.handle(out, Input::Call { call, request: Call::Upload { bearer, target } });
        Ok(())
    }

    /// Something of an upload has come.
    pub(super) fn take_upload(&mut self, out: &mut Outbox, conn: ConnId, body: Body<'_>) {
        let Some(upload) = self.files.uploads.get_mut(&conn) else { return };
        match body {
            Body::Piece(bytes) if upload.stage == Stage::Coming => {
                if let Err(error) = self.turn.store_mut().put_bytes(&upload.file, bytes) {
                    log::error!("an upload could not be stored: {error}");
                    self.turn.health.failed(&error);
                    let problem =
                        if error == StoreError::Full { Problem::STORAGE_FULL } else { self.failed() };
                    self.break_upload(out, conn, &problem);
                }
            }
            Body::End if upload.stage == Stage::Coming => {
                upload.stage = Stage::Storing;
                let file = NewFile {
                    id: upload.file.clone(),
                    name: upload.name.clone().into(),
                    media_type: upload.media_type.clone().into(),
                    bytes: upload.bytes,
                };
                let (bearer, target) = (upload.bearer.clone(), upload.target.clone());
                let request = Call::KeepFile { bearer, target, file };
                self.handle(out, Input::Call { call: CallId(conn.to_u64()), request });
            }
            Body::Lost => {
                if let Some(upload) = self.end_upload(conn) {
                    self.turn.store_mut().drop_bytes(&upload.file);
                    self.files.totals.broken += 1;
                }
            }
            // The store that answers the core later would have the bytes wait; none does.
            Body::Piece(_) | Body::End => {
                let problem = self.failed();
                self.break_upload(out, conn, &problem);
            }
        }
    }

    fn break_upload(&mut self, out: &mut Outbox, conn: ConnId, problem: &Problem) {
        if let Some(upload) = self.end_upload(conn) {
            self.turn.store_mut().drop_bytes(&upload.file);
            self.refuse_upload(out, conn, &upload.request_id, problem.reply());
        }
    }

    /// Ends an upload or a download that waits for the core, which will not answer. The number of its request.
    pub(super) fn give_up_file(&mut self, conn: ConnId) -> Option<String> {
        if let Some(Fetch::Asked { request_id, .. }) = self.files.fetches.remove(&conn) {
            return Some(request_id);
        }
        let upload = self.end_upload(conn)?;
        self.turn.store_mut().drop_bytes(&upload.file);
        self.files.totals.refused += 1;
        Some(upload.request_id)
    }

    /// Gives back what an upload has reserved.
    fn end_upload(&mut self, conn: ConnId) -> Option<Upload> {
        let upload = self.files.uploads.remove(&conn)?;
        self.files.quota.end(&upload.bearer.uid);
        self.files.reserved_bytes = self.files.reserved_bytes.saturating_sub(upload.bytes);
        Some(upload)
    }

    /// The core has answered. Hands the answer back if it is of no upload.
    pub(super) fn settle_upload(&mut self, conn: ConnId, reply: Reply) -> Option<Reply> {
        let Some(upload) = self.files.uploads.get_mut(&conn) else { return Some(reply) };
        if upload.stage == Stage::Asked {
            match reply.status {
                ..300 => upload.stage = Stage::Coming,
                _ => upload.refused = Some(reply),
            }
            return None;
        }
        let upload = self.end_upload(conn)?;
        let is_stored = reply.status < 300;
        let mut answer = response(&upload.request_id, reply, Replay::First);
        if is_stored {
            self.files.totals.stored += 1;
            answer = answer.header("location", format!("/files/{}", upload.file.as_str()));
        } else {
            self.turn.store_mut().drop_bytes(&upload.file);
            self.files.totals.refused += 1;
        }
        self.turn.respond_with(conn, &upload.request_id, answer);
        None
    }

    /// Who bears the token that came with a request. Whoever tries many is put off like whoever tries many logins.
    fn bearer(&mut self, now: Now, conn: ConnId, request: &Request<'_>) -> Result<Bearer, Problem> {
        if let Some(retry_ms) = self.strangers.put_off_ms(now.mono, conn) {
            return Err(Problem::rate_limited(retry_ms));
        }
        let bearer = shown_token(request).and_then(|token| {
            if GuestKey::is_meant_by(token) && self.settings.guests == Guests::Welcome {
                let uid = self.turn.guest_key().verify(token);
                let uid = uid.map_err(|error| log::info!("{conn}: token refused: {error}")).ok()?;
                return Some(Bearer { uid, role: Role::User, guest: true });
            }
            let grant = self.grant(now.unix, conn, token)?;
            Some(Bearer { uid: grant.uid, role: grant.role, guest: false })
        });
        bearer.ok_or_else(|| {
            self.strangers.failed(now.mono, conn);
            UNAUTHORIZED
        })
    }
}
