//! Reads the value of one field from its JSON text.
//!
//! Each reader is given a slice that the JSON parser has found to be one value, without white space around
//! it. Working on the text keeps apart what numbers would blur: `1`, `1.0` and `1e0` are three things here,
//! and only the first is an id. The error is the sentence that the client is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::command::Resume;
use crate::chat::ids::{FileId, ID_NUMBER_MAX, Id, TicketId};
use crate::chat::output::GroupRole;

/// A value, or what it should have been.
pub(super) type Read<T> = Result<T, &'static str>;

const TEXT: &str = "must be a string";
const NOT_EMPTY: &str = "must be a string that is not empty";
const KIND: &str = "must be a string that is neither empty nor \"system\"";
const SECONDS: &str = "must be an integer from 0 to 9007199254740991";
const FLAG: &str = "must be true or false";
const ROLE: &str = "must be \"owner\", \"admin\" or \"member\"";
const OBJECT: &str = "must be an object";
const WHOLE: &str = "must be an integer from 1 to 9007199254740991";
const SEQ: &str = "must be an integer from 0 to 9007199254740991";
const PLACE: &str = "must be the `next` of an answer";
const ID: &str =
    "must be an integer from 1 to 9007199254740991 or a string of 1 to 64 bytes without control characters";
const RESERVED: &str = "\"system\" is reserved";
const IDS: &str = "must be a list of ids";
const FILE: &str = "must have the `id` of an uploaded file, once";
const PAIRS: &str = "must be an object of strings, no name twice";
const REQUEST_ID: &str = "must be a string of 1 to 64 bytes";

const RESUME: &str =
    "must be an object with an epoch, and with groups, users and tickets as objects of numbers by id";

/// The longest `id` of a request, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;
/// The uid in whose name the daemon itself will speak, and the kind of its entries.
const SYSTEM: &str = "system";

/// A string. Borrowed from the message where it has no escapes, which is nearly always.
pub(super) fn text(raw: &str) -> Read<Cow<'_, str>> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).ok_or(TEXT)?;
    // Most are words of a few letters, too short for a search that begins with finding out what the processor can.
    let has_escapes = match inner.len() {
        0..16 => inner.bytes().any(|byte| byte == b'\\'),
        _ => memchr::memchr(b'\\', inner.as_bytes()).is_some(),
    };
    if !has_escapes {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw).map(Cow::Owned).map_err(|_| TEXT)
}

/// What is said: a string with something in it.
pub(super) fn content(raw: &str) -> Read<Cow<'_, str>> {
    text(raw).ok().filter(|content| !content.is_empty()).ok_or(NOT_EMPTY)
}

/// The kind of an entry. `system` marks what the daemon says, so nobody else may.
pub(super) fn kind(raw: &str) -> Read<Cow<'_, str>> {
    text(raw).ok().filter(|kind| !kind.is_empty() && kind != SYSTEM).ok_or(KIND)
}

/// The `id` of a request.
pub(super) fn request_id(raw: &str) -> Read<Cow<'_, str>> {
    let fits = |id: &Cow<'_, str>| (1..=REQUEST_ID_BYTES_MAX).contains(&id.len());
    text(raw).ok().filter(fits).ok_or(REQUEST_ID)
}

/// An object, as written.
pub(super) fn object(raw: &str) -> Read<Cow<'_, str>> {
    if raw.starts_with('{') { Ok(Cow::Borrowed(raw)) } else { Err(OBJECT) }
}

/// The file that an entry of this kind has attached: the `file.id` of its data. Without one the data is opaque.
pub(super) fn file(kind: Option<&str>, data: Option<&str>) -> Read<Option<FileId>> {
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        file: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct File<'a> {
        #[serde(borrow)]
        id: Option<&'a RawValue>,
    }
    let (Some("image" | "file"), Some(data)) = (kind, data) else { return Ok(None) };
    // One that stands there twice would be read as one by us, and as the other by the receivers.
    let Data { file } = serde_json::from_str(data).map_err(|_| FILE)?;
    let Some(file) = file.filter(|file| file.get().starts_with('{')) else { return Ok(None) };
    let File { id } = serde_json::from_str(file.get()).map_err(|_| FILE)?;
    let Some(id) = id else { return Ok(None) };
    let id = text(id.get()).ok().and_then(|id| FileId::from_text(&id));
    id.map(Some).ok_or(FILE)
}

/// An integer from 1 to 2^53-1, digits only: no sign, no fraction, no exponent. JSON has no leading zeros.
pub(super) fn whole(raw: &str) -> Read<u64> {
    // Rust's parser would take a plus sign, but the JSON parser has refused it before.
    raw.parse().ok().filter(|number| (1..=ID_NUMBER_MAX).contains(number)).ok_or(WHOLE)
}

/// The last `seq` that a client has; 0 when it has none.
pub(super) fn seq(raw: &str) -> Read<u64> {
    if raw == "0" { Ok(0) } else { whole(raw).map_err(|_| SEQ) }
}

/// The size of a page. More than any page holds is as good as the most.
pub(super) fn limit(raw: &str) -> Read<u32> {
    whole(raw).map(|limit| u32::try_from(limit).unwrap_or(u32::MAX))
}

/// Where a search goes on: the text that the daemon has given.
pub(super) fn place(raw: &str) -> Read<u64> {
    text(raw)
        .ok()
        .filter(|text| !text.starts_with(['0', '+']))
        .and_then(|text| whole(&text).ok())
        .ok_or(PLACE)
}

/// A length of time; 0 is one.
pub(super) fn seconds(raw: &str) -> Read<u64> {
    if raw == "0" { Ok(0) } else { whole(raw).map_err(|_| SECONDS) }
}

/// `true` or `false`.
pub(super) fn flag(raw: &str) -> Read<bool> {
    raw.parse().map_err(|_| FLAG)
}

/// The standing of a member.
pub(super) fn role(raw: &str) -> Read<GroupRole> {
    match text(raw).as_deref() {
        Ok("owner") => Ok(GroupRole::Owner),
        Ok("admin") => Ok(GroupRole::Admin),
        Ok("member") => Ok(GroupRole::Member),
        _ => Err(ROLE),
    }
}

/// A uid or a gid.
pub(super) fn id(raw: &str) -> Read<Id> {
    let id = match text(raw) {
        Ok(text) if text == SYSTEM => return Err(RESERVED),
        Ok(text) => Id::from_text(&text),
        Err(_) => whole(raw).ok().and_then(Id::from_number),
    };
    id.ok_or(ID)
}

/// The other one of a private talk, which may be the daemon.
pub(super) fn peer(raw: &str) -> Read<Id> {
    if raw == "\"system\"" { Id::from_text(SYSTEM).ok_or(ID) } else { id(raw) }
}

/// An object of strings, in the order of its members.
pub(super) fn pairs(raw: &str) -> Read<Vec<(Box<str>, Box<str>)>> {
    if !raw.starts_with('{') {
        return Err(PAIRS);
    }
    let members: Members<'_> = serde_json::from_str(raw).map_err(|_| PAIRS)?;
    let mut pairs: Vec<(Box<str>, Box<str>)> = Vec::with_capacity(members.0.len());
    for (name, value) in members.0 {
        let value = text(value.get()).map_err(|_| PAIRS)?;
        if pairs.iter().any(|(other, _)| **other == *name) {
            return Err(PAIRS);
        }
        pairs.push((name.into_boxed_str(), value.into()));
    }
    Ok(pairs)
}

/// A list of uids.
pub(super) fn ids(raw: &str) -> Read<Vec<Id>> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| IDS)?;
    elements.into_iter().map(|element| id(element.get())).collect()
}

/// What a client has that comes back. Other fields are ignored.
pub(super) fn resume(raw: &str) -> Read<Resume<'_>> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        epoch: Option<&'a RawValue>,
        #[serde(borrow)]
        groups: Option<&'a RawValue>,
        #[serde(borrow)]
        users: Option<&'a RawValue>,
        #[serde(borrow)]
        tickets: Option<&'a RawValue>,
    }
    if !raw.starts_with('{') {
        return Err(RESUME);
    }
    let fields: Fields<'_> = serde_json::from_str(raw).map_err(|_| RESUME)?;
    Ok(Resume {
        epoch: fields.epoch.ok_or(RESUME).and_then(|raw| text(raw.get()).map_err(|_| RESUME))?,
        groups: fields.groups.map_or_else(|| Ok(BTreeMap::new()), |raw| positions(raw.get()))?,
        users: fields.users.map_or_else(|| Ok(BTreeMap::new()), |raw| positions(raw.get()))?,
        tickets: fields.tickets.map_or_else(|| Ok(BTreeMap::new()), |raw| tickets(raw.get()))?,
    })
}

/// Numbers by id. Of an id that comes twice, in whatever form, nobody knows which number counts.
fn positions(raw: &str) -> Read<BTreeMap<Id, u64>> {
    let members: Members<'_> = serde_json::from_str(raw).map_err(|_| RESUME)?;
    let mut positions = BTreeMap::new();
    for (name, value) in members.0 {
        let id = Id::from_text(&name).ok_or(RESUME)?;
        if positions.insert(id, seq(value.get()).map_err(|_| RESUME)?).is_some() {
            return Err(RESUME);
        }
    }
    Ok(positions)
}

/// The same of tickets, whose names are numbers.
fn tickets(raw: &str) -> Read<BTreeMap<TicketId, u64>> {
    let by_number = |(id, seq)| match id {
        Id::Number(number) => Ok((TicketId(number), seq)),
        Id::Text(_) => Err(RESUME),
    };
    positions(raw)?.into_iter().map(by_number).collect()
}

/// The members of an object, as they come.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
