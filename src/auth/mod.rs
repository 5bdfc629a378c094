//! Tokens: who somebody is, said in a way that nobody else can say.
//!
//! Now there are [`guest`] tokens, which the daemon gives itself. A token is data in and an identity out:
//! no clock, no store, no JSON.
//!
//! Invariants: what a token says is looked at only after its signature has been found good; secrets are
//! compared in constant time and no `Debug` shows them. Why a token does not hold is for the log alone, the
//! client hears one word for all of it.
//!
//! The tutorial has no identities: any browser may write any `uid`. Tests: `tests/auth`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub mod guest;

pub use guest::GuestKey;

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

/// Why a token does not hold. For the log: a client hears `unauthorized` and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Longer than any token of ours; not looked at.
    TooLong,
    /// Not of the form of our tokens, or of a version that we do not know.
    Form,
    /// Not signed with our key: forged, or from before a restart that made a new key.
    Signature,
    /// Well signed, but for what is no uid.
    Uid,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenError::TooLong => "the token is too long",
            TokenError::Form => "the token is not of a form that is known",
            TokenError::Signature => "the token is not signed with this key",
            TokenError::Uid => "the token is signed for what is no uid",
        })
    }
}

impl std::error::Error for TokenError {}
