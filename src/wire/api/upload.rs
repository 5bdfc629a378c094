//! Reads what stands around the bytes of an upload: for which conversation, under which name, of which type.
//!
//! A query of a form: a plus sign is a space. The name is never a path; that is seen to by whoever keeps the file.
//! Tests: `tests/wire/api.rs`.

use std::borrow::Cow;

use super::Problem;
use super::route::decoded;
use crate::base::limits;
use crate::chat::ids::{Id, TicketId};
use crate::chat::input::Target;

/// What an upload says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// For which conversation.
    pub target: Target,
    /// What the file is called.
    pub name: String,
    /// Its media type, without parameters, in small letters.
    pub media_type: String,
}

/// The type of what says nothing of itself.
const TWO: &str = "only one of gid, uid and ticket may be there";
const BYTES: &str = "application/octet-stream";
/// The longest media type (RFC 6838, 4.2).
const MEDIA_TYPE_BYTES_MAX: usize = 255;

/// Reads the query of `POST /v1/files`, and its `Content-Type`.
///
/// # Errors
///
/// What to answer.
pub fn parse_upload(query: Option<&str>, content_type: Option<&str>) -> Result<Upload, Problem> {
    let find = |name: &'static str| -> Result<Option<String>, Problem> {
        let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let Some((_, text)) = pairs.find(|(of, _)| *of == name) else { return Ok(None) };
        let text = text.replace('+', " ");
        let text = decoded(&text).map(Cow::into_owned);
        text.map(Some).ok_or(Problem::bad_request(name, "has broken percent signs"))
    };
    let id =
        |name: &'static str, text: &str| Id::from_text(text).ok_or(Problem::bad_request(name, "is no id"));
    let ticket = |text: &str| {
        let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        number.map(TicketId).ok_or(Problem::bad_request("ticket", "is no number of a ticket"))
    };
    let target = match (find("gid")?, find("uid")?, find("ticket")?) {
        (Some(gid), None, None) => Target::Group(id("gid", &gid)?),
        (None, Some(uid), None) => Target::User(id("uid", &uid)?),
        (None, None, Some(number)) => Target::Ticket(ticket(&number)?),
        (None, None, None) => {
            return Err(Problem::bad_request("gid", "or uid or ticket must say for which conversation"));
        }
        (Some(_), Some(_), _) => return Err(Problem::bad_request("uid", TWO)),
        _ => return Err(Problem::bad_request("ticket", TWO)),
    };
    let name = find("name")?.ok_or(Problem::bad_request("name", "is missing"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(Problem::bad_request("name", "is empty"));
    }
    if name.len() > limits::FILE_NAME_BYTES_MAX.count() {
        return Err(Problem::bad_request("name", "is too long"));
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::bad_request("name", "has control characters"));
    }
    Ok(Upload { target, name: name.to_owned(), media_type: media_type(content_type)? })
}

/// A media type without its parameters.
fn media_type(content_type: Option<&str>) -> Result<String, Problem> {
    let kind = content_type.unwrap_or(BYTES).split(';').next().unwrap_or_default().trim();
    if kind.is_empty() {
        return Ok(BYTES.to_owned());
    }
    let is_name = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !name.is_empty() && name.bytes().all(is_plain)
    };
    let is_type = kind.len() <= MEDIA_TYPE_BYTES_MAX
        && kind.split_once('/').is_some_and(|(family, name)| is_name(family) && is_name(name));
    if is_type {
        Ok(kind.to_ascii_lowercase())
    } else {
        Err(Problem::bad_request("Content-Type", "must be a media type as image/png"))
    }
}
