//! JSON Web Tokens (RFC 7519, signed as in RFC 7515): who somebody is, in the words of the site's own back end.
//!
//! A [`JwtKey`] is a key with its one algorithm. What a token says about how to check it counts for nothing:
//! its `alg` must be the key's, `kid`, `jku`, `jwk` and `x5c` are not looked at, and a header that demands to
//! be understood (`crit`) is refused. So there is no `none`, and no public key that is taken for a secret.
//!
//! What the claims must be is in [`claims`](super::claims).
//!
//! Knows keys and claims. Does not know the clock (time is an argument), files, and whether a uid is a guest's:
//! the core refuses that. Headers, keys and signatures are `jsonwebtoken`'s; what the claims mean is judged
//! here, since the library reads a clock of its own and has its own mind about what is absent. A token is
//! bounded before anything is looked at. Tests: `tests/auth/jwt.rs`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, crypto, decode_header, encode};

use super::TokenError;
use super::claims::{Claims, Found, Told};
use crate::base::clock::UnixMillis;
use crate::base::limits;

/// The shortest secret for HS256: RFC 7518, section 3.2, wants as many bytes as the digest has.
pub const SECRET_BYTES_MIN: usize = 32;
/// The shortest RSA modulus: RFC 7518, section 3.3.
const RSA_MODULUS_BYTES_MIN: usize = 256;
/// An uncompressed point of P-256 (SEC 1, section 2.3.3).
const P256_POINT_BYTES: usize = 65;

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256: who can check can sign too.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The `alg` of a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::Rs256 => "RS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    const fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// Why a key cannot be used, in words for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Shorter than [`SECRET_BYTES_MIN`].
    ShortSecret,
    /// No public key in PEM, or more than one thing in the file.
    NoPublicKey,
    /// A private key, which has no business on this machine.
    PrivateKey,
    /// An elliptic curve that is not P-256.
    Curve,
    /// An RSA modulus of less than 2048 bits.
    ShortRsa,
    /// The key is for another algorithm than the one that was named.
    OtherAlgorithm(Algorithm),
    /// The library would not sign.
    NotSigned,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::ShortSecret => write!(
                f,
                "the secret is shorter than {SECRET_BYTES_MIN} bytes; make one: openssl rand -hex 32"
            ),
            KeyError::NoPublicKey => f.write_str(
                "this is not one public key in PEM (BEGIN PUBLIC KEY, or BEGIN RSA PUBLIC KEY) of RSA, P-256 or \
                 Ed25519",
            ),
            KeyError::PrivateKey => f.write_str(
                "this is a private key, which only the signer may have; take the public one from it: \
                 openssl pkey -in FILE -pubout",
            ),
            KeyError::Curve => f.write_str("the curve is not P-256, which is the one of ES256"),
            KeyError::ShortRsa => f.write_str("an RSA key needs 2048 bits or more"),
            KeyError::OtherAlgorithm(algorithm) => write!(f, "this key is for {}", algorithm.as_str()),
            KeyError::NotSigned => f.write_str("the token could not be signed"),
        }
    }
}

impl std::error::Error for KeyError {}

/// A key, the one algorithm for which it is used, and whom tokens must be meant for.
#[derive(Clone)]
pub struct JwtKey {
    algorithm: Algorithm,
    key: DecodingKey,
    audience: Option<String>,
}

impl JwtKey {
    /// A shared secret, for HS256.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`].
    pub fn from_secret(secret: &Secret) -> Result<JwtKey, KeyError> {
        if secret.0.len() < SECRET_BYTES_MIN {
            return Err(KeyError::ShortSecret);
        }
        Ok(JwtKey::new(Algorithm::Hs256, DecodingKey::from_secret(&secret.0)))
    }

    /// A public key in PEM. Its kind says the algorithm; one that is named must agree.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what is wrong with the key.
    pub fn from_pem(pem: &str, named: Option<Algorithm>) -> Result<JwtKey, KeyError> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateKey);
        }
        // In a certificate the library would take the first bits that it meets for the key.
        let is_one = pem.matches("-----BEGIN ").count() == 1;
        if !is_one
            || !pem.contains("-----BEGIN PUBLIC KEY-----") && !pem.contains("-----BEGIN RSA PUBLIC KEY-----")
        {
            return Err(KeyError::NoPublicKey);
        }
        let (algorithm, key) = read_pem(pem.as_bytes())?;
        match named {
            Some(named) if named != algorithm => Err(KeyError::OtherAlgorithm(algorithm)),
            _ => Ok(JwtKey::new(algorithm, key)),
        }
    }

    fn new(algorithm: Algorithm, key: DecodingKey) -> JwtKey {
        JwtKey { algorithm, key, audience: None }
    }

    /// Only tokens whose `aud` names this are for us.
    #[must_use]
    pub fn for_audience(self, audience: Option<String>) -> JwtKey {
        JwtKey { audience, ..self }
    }

    /// How tokens of this key are signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What a token says, if it holds at this time.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for the log and for the operator. Tell the client no more than `unauthorized`.
    pub fn verify(&self, token: &str, now: UnixMillis) -> Result<Claims, TokenError> {
        if token.len() > limits::TOKEN_BYTES_MAX.count() {
            return Err(TokenError::TooLong);
        }
        if token.matches('.').count() != 2 {
            return Err(TokenError::Form);
        }
        // An `alg` that the library does not know, `none` above all, ends here too.
        let header = decode_header(token).map_err(|_| TokenError::Header)?;
        if header.alg != self.algorithm.of_library() {
            return Err(TokenError::Algorithm);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Form)?;
        match crypto::verify(signature, message.as_bytes(), &self.key, header.alg) {
            Ok(true) => {}
            Ok(false) => return Err(TokenError::Signature),
            Err(_) => return Err(TokenError::Form),
        }
        let (_, payload) = message.split_once('.').ok_or(TokenError::Form)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Form)?;
        // Where a claim is passed over, serde would pass over bytes that are no UTF-8 too.
        let payload = std::str::from_utf8(&payload).map_err(|_| TokenError::Claims)?;
        // To serde a list would do as well, and its items would be taken for the claims in their order.
        if !payload.trim_ascii_start().starts_with('{') {
            return Err(TokenError::Claims);
        }
        let found: Found = serde_json::from_str(payload).map_err(|_| TokenError::Claims)?;
        let claims = found.judged(self.audience.as_deref())?;
        let leeway_ms = limits::TOKEN_LEEWAY_MS.default;
        if claims.not_before.is_some_and(|from| from.0 > now.0.saturating_add(leeway_ms)) {
            return Err(TokenError::NotYet);
        }
        if now >= claims.holds_until() {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn read_pem(pem: &[u8]) -> Result<(Algorithm, DecodingKey), KeyError> {
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        return Ok((Algorithm::EdDsa, key));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        return match key.try_get_as_bytes() {
            Ok(point) if point.len() == P256_POINT_BYTES => Ok((Algorithm::Es256, key)),
            _ => Err(KeyError::Curve),
        };
    }
    let key = DecodingKey::from_rsa_pem(pem).map_err(|_| KeyError::NoPublicKey)?;
    let der = key.try_get_as_bytes().map_err(|_| KeyError::NoPublicKey)?;
    let rsa = aws_lc_rs::rsa::PublicKey::from_der(der).map_err(|_| KeyError::NoPublicKey)?;
    if rsa.modulus_len() < RSA_MODULUS_BYTES_MIN {
        Err(KeyError::ShortRsa)
    } else {
        Ok((Algorithm::Rs256, key))
    }
}

/// A secret for HS256. No `Debug` shows it.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// These bytes, without one newline at the end: editors and `echo` put one there.
    #[must_use]
    pub fn new(mut bytes: Vec<u8>) -> Secret {
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        Secret(bytes)
    }

    /// A token that says this, signed with HS256, and meant for an audience (`aud`) where one is named.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`]; [`KeyError::NotSigned`] if the library fails.
    pub fn sign(&self, claims: &Claims, audience: Option<&str>) -> Result<String, KeyError> {
        if self.0.len() < SECRET_BYTES_MIN {
            return Err(KeyError::ShortSecret);
        }
        let header = Header::new(Algorithm::Hs256.of_library());
        let told = Told::new(claims, audience);
        encode(&header, &told, &EncodingKey::from_secret(&self.0)).map_err(|_| KeyError::NotSigned)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What a token says, whoever signed it, as JSON for people. `None`: it is no JWT.
///
/// Nothing of it may be believed.
#[must_use]
pub fn unverified_claims(token: &str) -> Option<String> {
    if token.len() > limits::TOKEN_BYTES_MAX.count() {
        return None;
    }
    let claims: serde_json::Value = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    serde_json::to_string_pretty(&claims).ok()
}
