//! Guest tokens.

use karez::auth::guest::TOKEN_BYTES_MAX;
use karez::auth::{GuestKey, TokenError};
use karez::chat::ids::{ID_NUMBER_MAX, Id};

/// Of uid 1001 under [`key`]; computed by another implementation of HMAC.
const TOKEN: &str = "kg1.MTAwMQ.3RkIv1kFbyp5QNYEVqrrVc5R4RKQpIgLsUsGbYIfyW8";

fn key() -> GuestKey {
    GuestKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn uid(text: &str) -> Id {
    Id::from_text(text).unwrap()
}

#[test]
fn a_token_has_this_form() {
    assert_eq!(key().sign(&uid("1001")), TOKEN);
    assert_eq!(key().sign(&uid("坎儿井")), "kg1.5Z2O5YS_5LqV.x5NGii2ublpsjFLUHYZtcuuis1KxULUnpwaGpZJvZp8");
}

#[test]
fn a_token_brings_back_its_uid() {
    let key = GuestKey::generate().unwrap();
    let longest = uid(&"x".repeat(64));
    for uid in [uid("1"), uid("1001"), Id::Number(ID_NUMBER_MAX), uid("0123"), uid("a.b"), uid("井"), longest]
    {
        let token = key.sign(&uid);
        assert!(token.len() <= TOKEN_BYTES_MAX, "{token}");
        assert_eq!(key.verify(&token), Ok(uid));
    }
    assert_eq!(key.sign(&uid(&"x".repeat(64))).len(), TOKEN_BYTES_MAX);
}

#[test]
fn a_token_holds_under_its_own_key_only() {
    let (one, other) = (GuestKey::generate().unwrap(), GuestKey::generate().unwrap());
    let token = one.sign(&uid("1001"));
    assert_eq!(one.verify(&token), Ok(uid("1001")));
    assert_eq!(other.verify(&token), Err(TokenError::Signature));
}

#[test]
fn no_changed_token_holds() {
    let key = key();
    assert_eq!(key.verify(TOKEN), Ok(uid("1001")));
    for at in 0..TOKEN.len() {
        for byte in b"AMz9-_.+/= \0" {
            let mut changed = TOKEN.as_bytes().to_vec();
            changed[at] = *byte;
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed == TOKEN || key.verify(&changed).is_err(), "{changed}");
        }
        assert!(key.verify(&TOKEN[..at]).is_err(), "{}", &TOKEN[..at]);
        assert!(key.verify(&TOKEN[at + 1..]).is_err(), "{}", &TOKEN[at + 1..]);
    }
}

#[test]
fn what_is_wrong_is_told_to_the_log() {
    for (error, token) in [
        (TokenError::Form, String::new()),
        (TokenError::Form, "kg1".into()),
        (TokenError::Form, "eyJhbGciOiJub25lIn0.e30.".into()),
        (TokenError::Form, TOKEN.replacen("kg1", "KG1", 1)),
        (TokenError::Form, format!("{TOKEN}=")),
        (TokenError::Form, format!(" {TOKEN}")),
        // Signed with our key, but of a version that is not this one.
        (TokenError::Form, "kg2.MTAwMQ.MudXyDxelEvZkvrLJq1uxMCGvnoM8oMSMklPgmmAUKQ".into()),
        // The last character says two bits more than there are: the same bytes, but not the same token.
        (TokenError::Form, TOKEN.replace("fyW8", "fyW9")),
        (TokenError::Signature, "kg1.MTAwMQ.".into()),
        (TokenError::Signature, "kg1.MTAwMQ.3RkI".into()),
        (TokenError::Signature, TOKEN.replace("MTAwMQ", "MTAwMg")),
        (TokenError::Signature, TOKEN.replace("3RkI", "3RkJ")),
        (TokenError::Uid, "kg1..se1Feeec3PaDxjetYp0Cyt_h2IU3U4rpetGtYFoeiE4".into()),
        (TokenError::Uid, "kg1._w.sot7jPHuP2cce8BLTmp9DaVedxwcKxGP0upLcTD6KHA".into()),
        (TokenError::Uid, "kg1.!.xU-aHdHvigJcvPIWF8vidAQyVaol3HgwBCD63q83KUE".into()),
        (TokenError::TooLong, "x".repeat(TOKEN_BYTES_MAX + 1)),
        (TokenError::Form, "x".repeat(TOKEN_BYTES_MAX)),
        (TokenError::TooLong, "井".repeat(1 << 20)),
    ] {
        assert_eq!(key().verify(&token), Err(error), "{token}");
    }
}

#[test]
fn debug_does_not_show_the_secret() {
    assert_eq!(format!("{:?}", key()), "GuestKey(..)");
}
