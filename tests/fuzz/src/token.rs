//! Tokens: any bytes as a token, and any bytes as the claims of one that is well signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use karez::auth::jwt::{Secret, unverified_claims};
use karez::auth::{Claims, JwtKey, TokenError};
use karez::base::clock::UnixMillis;
use serde_json::Value;

const SECRET: &[u8] = b"a secret of 32 bytes for testing";
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// Any bytes, as a token and as claims.
pub fn check(data: &[u8]) {
    let secret = Secret::new(SECRET.to_vec());
    let key = JwtKey::from_secret(&secret).expect("a secret of 32 bytes");
    let as_token = String::from_utf8_lossy(data);
    assert!(key.verify(&as_token, NOW).is_err(), "nobody guesses a signature");
    let _ = unverified_claims(&as_token);

    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(data));
    let signer = EncodingKey::from_secret(SECRET);
    let signature = crypto::sign(message.as_bytes(), &signer, Algorithm::HS256).expect("an HMAC");
    match key.verify(&format!("{message}.{signature}"), NOW) {
        Ok(claims) => check_claims(data, &claims, &secret, &key),
        Err(error) => {
            let of_the_form =
                [TokenError::Header, TokenError::Algorithm, TokenError::Critical, TokenError::Signature];
            assert!(!of_the_form.contains(&error), "{error:?}");
        }
    }
}

/// What was read is what stands there, and can be written and read again.
fn check_claims(data: &[u8], claims: &Claims, secret: &Secret, key: &JwtKey) {
    let said: Value = serde_json::from_slice(data).expect("claims are JSON");
    assert!(said["exp"].is_number() && !said["sub"].is_null());
    assert_eq!(said.get("name").and_then(Value::as_str), claims.name.as_deref());
    let groups = said.get("groups").map_or(0, |groups| groups.as_array().expect("a list").len());
    assert_eq!(claims.groups.len(), groups);
    assert_ne!(claims.uid.to_string(), "system");
    assert!(claims.holds_until() > NOW);
    let again = secret.sign(claims, None).expect("claims that were read");
    // Written anew it may be longer than a token may be: an escape of one character is never shorter.
    assert!(
        matches!(key.verify(&again, NOW), Err(TokenError::TooLong))
            || key.verify(&again, NOW).as_ref() == Ok(claims)
    );
}
