//! The claims of a token (RFC 7519, section 4): what they must be, read and written.
//!
//! They are read by a rule without exceptions: what is there has its type, or the token is refused; `null` is
//! no exception, and neither is a claim that comes twice. A claim of the wrong type that is taken for an
//! absent one has let expired tokens in elsewhere (CVE-2026-25537). Claims that nobody knows are passed over.
//!
//! Nothing here is secret and nothing is signed: `jwt.rs` asks only after the signature was found good.
//! Tests: `tests/auth/jwt.rs`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::TokenError;
use crate::base::clock::UnixMillis;
use crate::base::limits;
use crate::chat::desk::Desk;
use crate::chat::ids::Id;
use crate::chat::input::{Grant, Role};

/// The last second of the year 9999. What is later was meant in milliseconds.
const SECONDS_MAX: u64 = 253_402_300_799;
/// The uid in whose name the daemon itself speaks.
const SYSTEM: &str = "system";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub uid: Id,
    /// `name`: the display name.
    pub name: Option<String>,
    /// `role`; absent is `user`.
    pub role: Role,
    /// `groups`: joined at login.
    pub groups: Vec<Id>,
    /// `desks`: for which an agent is on duty.
    pub desks: Vec<String>,
    /// `exp`, in Unix seconds.
    pub exp_s: u64,
    /// `nbf`.
    pub not_before: Option<UnixMillis>,
}

impl Claims {
    /// When the token ceases to hold: `exp` and the leeway. RFC 7519, 4.1.4: on it, and not only after it.
    #[must_use]
    pub fn holds_until(&self) -> UnixMillis {
        UnixMillis(self.exp_s.saturating_mul(1_000).saturating_add(limits::TOKEN_LEEWAY_MS.default))
    }

    /// What the core is told.
    #[must_use]
    pub fn into_grant(self) -> Grant {
        // One whose desks cannot be names answers for none, and not for all.
        let names = |desks: &[String]| desks.iter().filter_map(|desk| Desk::from_text(desk)).collect();
        let desks = (!self.desks.is_empty()).then(|| names(&self.desks));
        Grant {
            holds_until: self.holds_until(),
            uid: self.uid,
            name: self.name,
            role: self.role,
            groups: self.groups,
            desks,
            exp_s: self.exp_s,
        }
    }
}

/// The claims that we know, as they were found. `Some(Value::Null)` is a claim that is there and is `null`.
#[derive(Deserialize)]
pub(super) struct Found {
    #[serde(default, deserialize_with = "there")]
    sub: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    exp: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    nbf: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    aud: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    name: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    role: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    groups: Option<Value>,
    #[serde(default, deserialize_with = "there")]
    desks: Option<Value>,
}

/// Called only for a claim that is there; an `Option` would make nothing of a `null`.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

type Judged<T> = Result<T, TokenError>;

impl Found {
    /// The claims, if each is what it must be and `aud` names us.
    pub(super) fn judged(self, audience: Option<&str>) -> Judged<Claims> {
        let uid = self.sub.ok_or(TokenError::Missing("sub"))?;
        let exp = self.exp.ok_or(TokenError::Missing("exp"))?;
        let role = self.role.map_or(Ok(Role::User), role)?;
        judge_audience(self.aud, audience)?;
        Ok(Claims {
            uid: id("sub", &uid)?,
            name: self.name.map(|name| text("name", name)).transpose()?,
            role,
            groups: self.groups.map_or(Ok(Vec::new()), groups)?,
            desks: self.desks.map_or(Ok(Vec::new()), |desks| texts("desks", desks))?,
            exp_s: seconds("exp", &exp)?,
            not_before: self
                .nbf
                .map(|nbf| seconds("nbf", &nbf).map(|s| UnixMillis(s * 1_000)))
                .transpose()?,
        })
    }
}

/// A uid or gid: as on the wire, and not the one that is reserved.
fn id(claim: &'static str, value: &Value) -> Judged<Id> {
    let id = match value {
        Value::String(text) if text == SYSTEM => {
            return Err(TokenError::Claim(claim, "names \"system\", which is reserved"));
        }
        Value::String(text) => Id::from_text(text),
        // Integers only: 1.0 is no id.
        Value::Number(number) => number.as_u64().and_then(Id::from_number),
        _ => None,
    };
    id.ok_or(TokenError::Claim(
        claim,
        "must be an integer from 1 to 9007199254740991 or a string of 1 to 64 bytes without control characters",
    ))
}

/// A time (RFC 7519, section 2, NumericDate: fractions are allowed), in whole seconds.
fn seconds(claim: &'static str, value: &Value) -> Judged<u64> {
    let Value::Number(number) = value else { return Err(TokenError::Claim(claim, "must be a number")) };
    let seconds = match (number.as_u64(), number.as_f64()) {
        (Some(seconds), _) => seconds,
        // Cutting off the fraction is meant; what is too large for the cast ends at u64::MAX.
        (None, Some(seconds)) if seconds >= 0.0 => seconds as u64,
        _ => return Err(TokenError::Claim(claim, "must not be negative")),
    };
    if seconds > SECONDS_MAX {
        return Err(TokenError::Claim(claim, "is after the year 9999; it is counted in seconds"));
    }
    Ok(seconds)
}

fn text(claim: &'static str, value: Value) -> Judged<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(TokenError::Claim(claim, "must be a string")),
    }
}

fn texts(claim: &'static str, value: Value) -> Judged<Vec<String>> {
    let Value::Array(items) = value else {
        return Err(TokenError::Claim(claim, "must be a list of strings"));
    };
    items.into_iter().map(|item| text(claim, item)).collect()
}

fn groups(value: Value) -> Judged<Vec<Id>> {
    let Value::Array(gids) = value else { return Err(TokenError::Claim("groups", "must be a list of ids")) };
    if gids.len() > limits::GROUPS_PER_USER_MAX.count() {
        return Err(TokenError::Claim("groups", "are more than a user may be in"));
    }
    gids.iter().map(|gid| id("groups", gid)).collect()
}

fn role(value: Value) -> Judged<Role> {
    match value.as_str() {
        Some("user") => Ok(Role::User),
        Some("agent") => Ok(Role::Agent),
        Some("admin") => Ok(Role::Admin),
        _ => Err(TokenError::Claim("role", "must be \"user\", \"agent\" or \"admin\"")),
    }
}

/// RFC 7519, 4.1.3: who is not named in the `aud` that is there must refuse the token.
fn judge_audience(found: Option<Value>, ours: Option<&str>) -> Judged<()> {
    let named = match found {
        None => return if ours.is_some() { Err(TokenError::Missing("aud")) } else { Ok(()) },
        Some(Value::String(one)) => vec![one],
        Some(several) => texts("aud", several)?,
    };
    if ours.is_some_and(|ours| named.iter().any(|name| name == ours)) {
        Ok(())
    } else {
        Err(TokenError::Audience)
    }
}

/// Claims as they are written.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    sub: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Name<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    desks: &'a [String],
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
}

/// An id: an integer where it is one.
#[derive(Serialize)]
#[serde(untagged)]
enum Name<'a> {
    Number(u64),
    Text(&'a str),
}

impl<'a> From<&'a Id> for Name<'a> {
    fn from(id: &'a Id) -> Name<'a> {
        match id {
            Id::Number(number) => Name::Number(*number),
            Id::Text(text) => Name::Text(text),
        }
    }
}

impl<'a> Told<'a> {
    pub(super) fn new(claims: &'a Claims, audience: Option<&'a str>) -> Told<'a> {
        Told {
            aud: audience,
            sub: Name::from(&claims.uid),
            name: claims.name.as_deref(),
            role: match claims.role {
                Role::User => None,
                Role::Agent => Some("agent"),
                Role::Admin => Some("admin"),
            },
            groups: claims.groups.iter().map(Name::from).collect(),
            desks: &claims.desks,
            exp: claims.exp_s,
            nbf: claims.not_before.map(|from| from.0 / 1_000),
        }
    }
}
