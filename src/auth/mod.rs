//! Tokens: who somebody is, said in a way that nobody else can say.
//!
//! There are [`guest`] tokens, which the daemon gives itself, and [`jwt`] tokens, which the site's own back end
//! gives. The back end itself shows an [`api_key`]. A token is data in and an identity out: no clock, no store, no file.
//!
//! Invariants: what a token says is looked at only after its signature has been found good; secrets are
//! compared in constant time and no `Debug` shows them. Why a token does not hold is for the log alone, the
//! client hears one word for all of it.
//!
//! The tutorial has no identities: any browser may write any `uid`. Tests: `tests/auth`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub mod api_key;
pub mod claims;
pub mod guest;
pub mod jwt;

pub use api_key::{ApiKey, ApiKeys, KeysError, KnownKey, Scope};
pub use claims::Claims;
pub use guest::GuestKey;
pub use jwt::JwtKey;

/// A name that nobody has had before: 96 random bits, as 16 characters of base64url.
///
/// # Errors
///
/// [`AuthError::NoRandomness`].
pub fn random_name() -> Result<String, AuthError> {
    let mut bytes = [0; 12];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AuthError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the machine could not do for us. The operator must know; there is nothing to fall back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The operating system gave no random bytes.
    NoRandomness,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthError::NoRandomness => f.write_str("the operating system gives no random bytes"),
        }
    }
}

impl std::error::Error for AuthError {}

/// Why a token does not hold. For the log and for the operator: a client hears `unauthorized` and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Longer than a token may be; not looked at.
    TooLong,
    /// Not of the form of our tokens, or of a version that we do not know.
    Form,
    /// Not signed with our key: forged, or of another store.
    Signature,
    /// A guest's token, well signed, but for what is no uid.
    Uid,
    /// The header is not JSON, or names an algorithm that nobody knows, `none` among them.
    Header,
    /// The header names another algorithm than the key's.
    Algorithm,
    /// The header demands that something be understood that is not.
    Critical,
    /// Well signed, but what was signed is no JSON object, or has a claim twice.
    Claims,
    /// A claim that must be there is not.
    Missing(&'static str),
    /// A claim is not what it should be.
    Claim(&'static str, &'static str),
    /// `exp` has passed, and the leeway too.
    Expired,
    /// `nbf` has not come.
    NotYet,
    /// `aud` does not name us.
    Audience,
    /// There is no key to check it with.
    NoKey,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenError::TooLong => "the token is too long",
            TokenError::Form => "the token is not of a form that is known",
            TokenError::Signature => "the token is not signed with this key",
            TokenError::Uid => "the token is signed for what is no uid",
            TokenError::Header => {
                "the token's header is not readable, or its algorithm (perhaps none) not known"
            }
            TokenError::Algorithm => "the token's header names another algorithm than the key's",
            TokenError::Critical => "the token's header demands what is not understood (crit)",
            TokenError::Claims => "the token's claims are no JSON object, or one of them is there twice",
            TokenError::Missing(claim) => return write!(f, "the token has no claim {claim}"),
            TokenError::Claim(claim, words) => return write!(f, "the token's claim {claim} {words}"),
            TokenError::Expired => "the token has expired (exp)",
            TokenError::NotYet => "the token does not hold yet (nbf)",
            TokenError::Audience => "the token is meant for others (aud)",
            TokenError::NoKey => "there is no key for such tokens",
        })
    }
}

impl std::error::Error for TokenError {}
