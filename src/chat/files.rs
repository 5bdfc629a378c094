//! Files and images: who may upload them and where, to which entry they belong, and who may have them.
//!
//! The bytes are none of the core's business. It is asked before an upload begins, and once more when all bytes have
//! come; then the file is stored, for one author and one conversation, and belongs to nothing. Whoever says something
//! may attach one: the entry names the file, which belongs to it from then on and goes with it. So nothing that a user
//! has not uploaded for this very conversation can be attached, and nothing can be attached twice.
//!
//! What the store has told of a file is known until the commit and not longer: a file that was recalled since must not
//! be remembered.
//!
//! Who may do it is in `permission.rs`. The tutorial has no files. Tested in `tests/chat/files.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Chat;
use super::call::{Answer, Put};
use super::ids::{CallId, Conversation, FileId, Id};
use super::input::{Draft, Role, Target};
use super::output::{Output, Query, Refusal, Sink, Store};
use super::permission::{Asker, Warrant};
use crate::base::clock::{Now, UnixMillis};

/// What is kept of a file, besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Its name for programs.
    pub id: FileId,
    /// Who uploaded it.
    pub uid: Id,
    /// For which conversation.
    pub conversation: Conversation,
    /// The entry to which it belongs.
    pub seq: Option<u64>,
    /// What its author calls it; never a path.
    pub name: Box<str>,
    /// The media type that its author gave.
    pub media_type: Box<str>,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was uploaded.
    pub time: UnixMillis,
}

/// Who asks by a token of a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Who.
    pub uid: Id,
    /// What the token allows.
    pub role: Role,
    /// Whether it is a guest's own token, and none of the site's.
    pub guest: bool,
}

/// A file of which all bytes have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile<'a> {
    /// Its name for programs.
    pub id: FileId,
    /// What its author calls it.
    pub name: Cow<'a, str>,
    /// The media type that its author gave.
    pub media_type: Cow<'a, str>,
    /// How many bytes it has.
    pub bytes: u64,
}

impl NewFile<'_> {
    pub(super) fn into_owned(self) -> NewFile<'static> {
        let NewFile { id, name, media_type, bytes } = self;
        let (name, media_type) = (Cow::Owned(name.into_owned()), Cow::Owned(media_type.into_owned()));
        NewFile { id, name, media_type, bytes }
    }
}

/// What the store has told of files since the last commit, and what became of them since.
pub(super) type Filed = BTreeMap<FileId, Option<FileRecord>>;

pub(super) const NOT_YOURS: Refusal = Refusal::BadRequest(
    "data.file",
    "is no file that you have uploaded for this conversation and not sent yet",
);

impl Chat {
    /// Who bears a token; that user must be loaded. As at a login, the site's tokens are for no guest, nor a guest's for
    /// a user of the site's.
    fn bearer(&mut self, bearer: &Bearer) -> Result<Asker, Refusal> {
        let user = self.users.intern(&bearer.uid);
        let row = &self.users[user];
        let is_guest = row.guest || !row.stored && self.guests.gave(&bearer.uid);
        let holds = if bearer.guest { row.guest || !row.stored } else { !is_guest };
        if !holds {
            return Err(Refusal::Unauthorized);
        }
        Ok(Asker { user, warrant: Warrant::Token(bearer.role) })
    }

    /// What must be asked before the bearer may upload for a conversation.
    pub(super) fn needs_upload(&mut self, bearer: &Bearer, target: &Target) -> Option<Query> {
        self.needs_user(&bearer.uid).or_else(|| match target {
            Target::Group(gid) => self.needs_group(gid),
            Target::User(peer) => {
                let user = self.users.intern(&bearer.uid);
                self.needs_direct(user, peer)
            }
            Target::Ticket(ticket) => self.needs_ticket(*ticket),
        })
    }

    /// What must be asked before the bearer may have a file.
    pub(super) fn needs_fetch(&self, bearer: &Bearer, file: &FileId) -> Option<Query> {
        let needs = self.needs_user(&bearer.uid).or_else(|| self.needs_file(Some(file)));
        needs.or_else(|| match self.filed.get(file)?.as_ref()?.conversation {
            Conversation::Group(ref gid) => self.needs_group(gid),
            Conversation::Direct(..) => None,
            Conversation::Ticket(ticket) => self.needs_ticket(ticket),
        })
    }

    /// What must be asked before a file can be attached.
    pub(super) fn needs_file(&self, file: Option<&FileId>) -> Option<Query> {
        let file = file.filter(|file| !self.filed.contains_key(*file))?;
        Some(Query::File(file.clone()))
    }

    pub(super) fn upload(
        &mut self,
        now: Now,
        call: CallId,
        (bearer, target): (&Bearer, &Target),
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.bearer(bearer)?;
        self.may_upload(now, asker, target)?;
        out.put(Output::Answer { call, answer: Answer::Granted });
        Ok(())
    }

    /// Permission is asked once more: an upload may have taken minutes.
    pub(super) fn keep_file(
        &mut self,
        now: Now,
        call: CallId,
        (bearer, target): (&Bearer, &Target),
        file: &NewFile<'_>,
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.bearer(bearer)?;
        self.may_upload(now, asker, target)?;
        // Who is stored can be deleted, and the file then goes, too.
        self.acquaint(asker.user, out);
        let file = FileRecord {
            id: file.id.clone(),
            uid: bearer.uid.clone(),
            conversation: self.conversation(asker.user, target),
            seq: None,
            name: file.name.as_ref().into(),
            media_type: file.media_type.as_ref().into(),
            bytes: file.bytes,
            time: now.unix,
        };
        out.put(Output::Store(Store::File { file: &file }));
        out.put(Output::Answer { call, answer: Answer::File { put: Put::Made, file: &file } });
        self.filed.insert(file.id.clone(), Some(file));
        Ok(())
    }

    pub(super) fn fetch(
        &mut self,
        now: Now,
        call: CallId,
        (bearer, file): (&Bearer, &FileId),
        out: &mut impl Sink,
    ) -> Result<(), Refusal> {
        let asker = self.bearer(bearer)?;
        let Some(Some(file)) = self.filed.get(file).cloned() else { return Err(Refusal::NotFound) };
        self.may_fetch(now, asker, &file)?;
        out.put(Output::Answer { call, answer: Answer::File { put: Put::Kept, file: &file } });
        Ok(())
    }

    /// Whether what is to be said may have the file attached that it names.
    pub(super) fn may_attach(&self, asker: Asker, target: &Target, draft: &Draft<'_>) -> Result<(), Refusal> {
        let Some(id) = &draft.file else { return Ok(()) };
        let conversation = self.conversation(asker.user, target);
        let uid = &self.users[asker.user].uid;
        let fits =
            |file: &FileRecord| file.uid == *uid && file.conversation == conversation && file.seq.is_none();
        match self.filed.get(id) {
            Some(Some(file)) if fits(file) => Ok(()),
            _ => Err(NOT_YOURS),
        }
    }

    /// The file belongs to the entry that names it.
    pub(super) fn attach(
        &mut self,
        draft: &Draft<'_>,
        conversation: &Conversation,
        seq: u64,
        out: &mut impl Sink,
    ) {
        let Some(file) = &draft.file else { return };
        out.put(Output::Store(Store::Bind { file, conversation, seq }));
        if let Some(Some(known)) = self.filed.get_mut(file) {
            known.seq = Some(seq);
        }
    }
}
