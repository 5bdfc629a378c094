//! Guest tokens: what brings a guest back as the same user, on a second device or after a reconnect.
//!
//! A token is `kg1.<uid>.<mac>`, both parts in base64url without padding (RFC 4648, section 5); the MAC is
//! HMAC-SHA-256 (RFC 2104) over all that stands before the second dot. So the version is signed too: a token
//! of a later form never passes for one of this form.
//!
//! Invariants: a token has no expiry and is good for as long as its key; it says the uid and nothing else;
//! for each uid and key there is exactly one token, since base64 with stray bits is refused.
//!
//! It is no JWT on purpose: there is no header in which a forger could name an algorithm.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{AuthError, TokenError};
use crate::chat::ids::{ID_BYTES_MAX, Id};

const VERSION: &str = "kg1";
/// Of a SHA-256 digest.
const MAC_BYTES: usize = 32;
/// The longest token: version, uid and MAC with two dots; base64 takes four characters for three bytes.
pub const TOKEN_BYTES_MAX: usize =
    VERSION.len() + 1 + (ID_BYTES_MAX * 4).div_ceil(3) + 1 + (MAC_BYTES * 4).div_ceil(3);

/// The key that signs guest tokens.
pub struct GuestKey {
    key: hmac::Key,
}

impl GuestKey {
    /// What a new key is made of. Tokens of any other key do not hold under it.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoRandomness`]: do not serve guests.
    pub fn random_secret() -> Result<[u8; MAC_BYTES], AuthError> {
        let mut secret = [0; MAC_BYTES];
        SystemRandom::new().fill(&mut secret).map_err(|_| AuthError::NoRandomness)?;
        Ok(secret)
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoRandomness`], as of [`GuestKey::random_secret`].
    pub fn generate() -> Result<GuestKey, AuthError> {
        GuestKey::random_secret().map(GuestKey::from_bytes)
    }

    /// A key that was kept.
    #[must_use]
    pub fn from_bytes(secret: [u8; MAC_BYTES]) -> GuestKey {
        GuestKey { key: hmac::Key::new(hmac::HMAC_SHA256, &secret) }
    }

    /// The token of a guest.
    #[must_use]
    pub fn sign(&self, uid: &Id) -> String {
        let mut token = format!("{VERSION}.");
        URL_SAFE_NO_PAD.encode_string(uid.to_string(), &mut token);
        let mac = hmac::sign(&self.key, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(mac, &mut token);
        token
    }

    /// Whether a token is of this form, in whatever version and whoever signed it. No JWT is: its first part
    /// is a JSON object in base64url, which begins with another letter.
    #[must_use]
    pub fn is_meant_by(token: &str) -> bool {
        token.starts_with("kg")
    }

    /// The guest whose token this is.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for the log. Tell the client no more than `unauthorized`.
    pub fn verify(&self, token: &str) -> Result<Id, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, mac) = token.rsplit_once('.').ok_or(TokenError::Form)?;
        let uid =
            signed.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('.')).ok_or(TokenError::Form)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| TokenError::Form)?;
        // Takes the same time wherever the first wrong byte stands.
        hmac::verify(&self.key, signed.as_bytes(), &mac).map_err(|_| TokenError::Signature)?;
        let uid = URL_SAFE_NO_PAD.decode(uid).map_err(|_| TokenError::Uid)?;
        let uid = String::from_utf8(uid).map_err(|_| TokenError::Uid)?;
        Id::from_text(&uid).ok_or(TokenError::Uid)
    }
}

impl fmt::Debug for GuestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestKey(..)")
    }
}
