//! Reads a push: one JSON object, or, where the path says to whom it goes, the text and nothing else.

use std::borrow::Cow;

use serde::Deserialize;

use super::Problem;
use super::body::{Field, Fields, Request, optional, required};
use super::route::Route;
use crate::chat::call::Call;
use crate::chat::push::{Addressees, Push};
use crate::wire::value;

/// Where the values of the known members of `to` stand.
#[derive(Deserialize)]
struct To<'a> {
    #[serde(borrow)]
    uid: Field<'a>,
    #[serde(borrow)]
    uids: Field<'a>,
    #[serde(borrow)]
    gid: Field<'a>,
    #[serde(borrow)]
    all: Field<'a>,
}

fn addressees(field: Field<'_>) -> Result<Addressees, Problem> {
    const TO: &str = "must be an object with exactly one of uid, uids, gid and all";
    let wrong = || Problem::bad_request("to", TO);
    let raw = field.ok_or(Problem::bad_request("to", "this member is missing"))?;
    let to: To<'_> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    match (to.uid, to.uids, to.gid, to.all) {
        (uid @ Some(_), None, None, None) => Ok(Addressees::Users(vec![required("uid", uid, value::id)?])),
        (None, uids @ Some(_), None, None) => Ok(Addressees::Users(required("uids", uids, value::ids)?)),
        (None, None, gid @ Some(_), None) => Ok(Addressees::Group(required("gid", gid, value::id)?)),
        (None, None, None, Some(all)) if all.get() == "true" => Ok(Addressees::All),
        _ => Err(wrong()),
    }
}

/// A push without an `id` gets one from the floor above.
pub(super) fn push<'a>(fields: &Fields<'a>, route: Route) -> Result<Call<'a>, Problem> {
    let to = match route {
        Route::PushToUser(uid) => Addressees::Users(vec![uid]),
        Route::PushToGroup(gid) => Addressees::Group(gid),
        _ => addressees(fields.to)?,
    };
    Ok(Call::Push(Push {
        to,
        id: optional("id", fields.id, value::request_id)?.unwrap_or_default(),
        title: optional("title", fields.title, value::text)?,
        content: required("content", fields.content, value::content)?,
        data: optional("data", fields.data, value::object)?,
        url: optional("url", fields.url, value::text)?,
        ttl_s: optional("ttl", fields.ttl, value::whole)?,
    }))
}

/// Reads a call whose body is a text, and no JSON.
///
/// # Errors
///
/// What to answer: the text is empty or no UTF-8, or the call takes none.
pub fn parse_text(route: Route, body: &[u8]) -> Result<Request<'_>, Problem> {
    let to = match route {
        Route::PushToUser(uid) => Addressees::Users(vec![uid]),
        Route::PushToGroup(gid) => Addressees::Group(gid),
        _ => return Err(Problem::NOT_JSON),
    };
    let content = std::str::from_utf8(body).ok().filter(|text| !text.is_empty());
    let content = content.ok_or(Problem::bad_request("content", "must be a text that is not empty"))?;
    let (id, content) = (Cow::Borrowed(""), Cow::Borrowed(content));
    Ok(Request::Chat(
        Call::Push(Push { to, id, title: None, content, data: None, url: None, ttl_s: None }),
        None,
    ))
}
