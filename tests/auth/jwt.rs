//! Tokens of the site's back end. The keys under tests/data/keys are for tests only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::sign;
use karez::auth::jwt::{Algorithm, KeyError, SECRET_BYTES_MIN, Secret, unverified_claims};
use karez::auth::{Claims, JwtKey, TokenError};
use karez::base::clock::UnixMillis;
use karez::base::limits;
use karez::chat::desk::Desk;
use karez::chat::ids::Id;
use karez::chat::input::{Grant, Role};

const NOW_S: u64 = 1_700_000_000;
const NOW: UnixMillis = UnixMillis(NOW_S * 1_000);
const LATER: u64 = NOW_S + 3_600;
const SECRET: &[u8] = b"a secret of 32 bytes for testing";

const RS256: [&str; 2] =
    [include_str!("../data/keys/rs256.private.pem"), include_str!("../data/keys/rs256.public.pem")];
const ES256: [&str; 2] =
    [include_str!("../data/keys/es256.private.pem"), include_str!("../data/keys/es256.public.pem")];
const EDDSA: [&str; 2] =
    [include_str!("../data/keys/eddsa.private.pem"), include_str!("../data/keys/eddsa.public.pem")];

fn secret() -> Secret {
    Secret::new(SECRET.to_vec())
}

fn key() -> JwtKey {
    JwtKey::from_secret(&secret()).unwrap()
}

fn base64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn signed_by(key: &EncodingKey, algorithm: jsonwebtoken::Algorithm, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", base64(header), base64(claims));
    let signature = sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// Signed with [`SECRET`], whatever header and claims say.
fn signed(header: &str, claims: &str) -> String {
    signed_by(&EncodingKey::from_secret(SECRET), jsonwebtoken::Algorithm::HS256, header, claims)
}

fn token(claims: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

/// A token of uid 7 that holds, with further claims.
fn token_with(claims: &str) -> String {
    token(&format!(r#"{{"sub":7,"exp":{LATER},{claims}}}"#))
}

fn verify(token: &str) -> Result<Claims, TokenError> {
    key().verify(token, NOW)
}

/// Claim and words of a token that is refused for a claim.
fn refused(claims: &str) -> (&'static str, &'static str) {
    match verify(&token(claims)) {
        Err(TokenError::Claim(claim, words)) => (claim, words),
        other => panic!("{claims}: {other:?}"),
    }
}

fn claims(uid: Id) -> Claims {
    Claims {
        uid,
        name: None,
        role: Role::User,
        groups: Vec::new(),
        desks: Vec::new(),
        exp_s: LATER,
        not_before: None,
    }
}

#[test]
fn every_algorithm_is_checked_with_its_key() {
    let signers = [
        (Algorithm::Rs256, RS256, EncodingKey::from_rsa_pem(RS256[0].as_bytes()), "RS256"),
        (Algorithm::Es256, ES256, EncodingKey::from_ec_pem(ES256[0].as_bytes()), "ES256"),
        (Algorithm::EdDsa, EDDSA, EncodingKey::from_ed_pem(EDDSA[0].as_bytes()), "EdDSA"),
    ];
    let said = format!(r#"{{"sub":7,"exp":{LATER}}}"#);
    let hs256 = (key(), token(&said));
    let mut all = vec![hs256];
    for (algorithm, [_, public], signer, name) in signers {
        let key = JwtKey::from_pem(public, None).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(JwtKey::from_pem(public, Some(algorithm)).unwrap().algorithm(), algorithm);
        let header = format!(r#"{{"alg":"{name}"}}"#);
        let token = signed_by(&signer.unwrap(), name.parse().unwrap(), &header, &said);
        all.push((key, token));
    }
    for (at, (key, own)) in all.iter().enumerate() {
        assert_eq!(key.verify(own, NOW), Ok(claims(Id::Number(7))), "{key:?}");
        for (other, (_, token)) in all.iter().enumerate() {
            let refused = if at == other { Ok(claims(Id::Number(7))) } else { Err(TokenError::Algorithm) };
            assert_eq!(key.verify(token, NOW), refused, "{key:?} and {token}");
        }
        // Another signature of the right length and form.
        let (message, signature) = own.rsplit_once('.').unwrap();
        let turned: String = signature.chars().rev().collect();
        assert!(key.verify(&format!("{message}.{turned}"), NOW).is_err());
        assert!(key.verify(&format!("{message}."), NOW).is_err());
    }
}

#[test]
fn no_token_is_checked_as_its_header_wishes() {
    let said = format!(r#"{{"sub":7,"exp":{LATER},"role":"admin"}}"#);
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let unsigned = format!("{}.{}.", base64(&format!(r#"{{"alg":"{none}"}}"#)), base64(&said));
        assert_eq!(verify(&unsigned), Err(TokenError::Header), "{none}");
        assert_eq!(verify(&signed(&format!(r#"{{"alg":"{none}"}}"#), &said)), Err(TokenError::Header));
    }
    // The public key is known to everybody: it must never be taken for a secret.
    let rsa = JwtKey::from_pem(RS256[1], None).unwrap();
    let public = EncodingKey::from_secret(RS256[1].as_bytes());
    for (name, error) in [("HS256", TokenError::Algorithm), ("RS256", TokenError::Signature)] {
        let header = format!(r#"{{"alg":"{name}"}}"#);
        let confused = signed_by(&public, jsonwebtoken::Algorithm::HS256, &header, &said);
        assert_eq!(rsa.verify(&confused, NOW), Err(error), "{name}");
    }
    for (header, error) in [
        (r#"{"alg":"HS512"}"#, Err(TokenError::Algorithm)),
        (r#"{"alg":"RS256"}"#, Err(TokenError::Algorithm)),
        (r#"{"alg":"HS256","alg":"none"}"#, Err(TokenError::Header)),
        (r#"{"typ":"JWT"}"#, Err(TokenError::Header)),
        ("[]", Err(TokenError::Header)),
        ("", Err(TokenError::Header)),
        (r#"{"alg":"HS256","crit":["exp"]}"#, Err(TokenError::Critical)),
        (r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, Err(TokenError::Critical)),
        // Where a key could be had is not looked at.
        (r#"{"alg":"HS256","kid":"../../dev/null","jku":"http://127.0.0.1:1/","x5u":"x"}"#, Ok(())),
    ] {
        let verified = verify(&signed(header, &format!(r#"{{"sub":7,"exp":{LATER}}}"#)));
        assert_eq!(verified.map(|_| ()), error, "{header}");
    }
}

#[test]
fn another_key_is_another_site() {
    let other = EncodingKey::from_secret(b"another secret of 32 bytes, also");
    let said = format!(r#"{{"sub":7,"exp":{LATER}}}"#);
    let token = signed_by(&other, jsonwebtoken::Algorithm::HS256, r#"{"alg":"HS256"}"#, &said);
    assert_eq!(verify(&token), Err(TokenError::Signature));
}

#[test]
fn a_token_holds_until_the_leeway_is_over() {
    let leeway_ms = limits::TOKEN_LEEWAY_MS.default;
    let ends =
        |exp: u64, now: u64| key().verify(&token(&format!(r#"{{"sub":7,"exp":{exp}}}"#)), UnixMillis(now));
    let last = NOW.0 + leeway_ms - 1;
    assert_eq!(ends(NOW_S, last).unwrap().holds_until(), UnixMillis(last + 1));
    assert_eq!(ends(NOW_S, last + 1), Err(TokenError::Expired));
    assert_eq!(ends(0, NOW.0), Err(TokenError::Expired));
    assert_eq!(ends(253_402_300_799, NOW.0).unwrap().exp_s, 253_402_300_799);

    let begins = |nbf: &str| verify(&token_with(&format!(r#""nbf":{nbf}"#))).map(|_| ());
    let leeway_s = leeway_ms / 1_000;
    assert_eq!(begins("0"), Ok(()));
    assert_eq!(begins(&(NOW_S + leeway_s).to_string()), Ok(()));
    assert_eq!(begins(&(NOW_S + leeway_s + 1).to_string()), Err(TokenError::NotYet));
}

#[test]
fn times_are_numbers_of_seconds() {
    assert_eq!(verify(&token(r#"{"sub":7}"#)), Err(TokenError::Missing("exp")));
    assert_eq!(verify(&token(&format!(r#"{{"sub":7,"exp":{LATER}.75}}"#))).unwrap().exp_s, LATER);
    assert_eq!(verify(&token(r#"{"sub":7,"exp":2.5e9}"#)).unwrap().exp_s, 2_500_000_000);
    for claim in ["exp", "nbf"] {
        let other = if claim == "exp" { "iat" } else { "exp" };
        for (value, words) in [
            (r#""1800000000""#, "must be a number"),
            ("null", "must be a number"),
            ("true", "must be a number"),
            ("[1800000000]", "must be a number"),
            ("{}", "must be a number"),
            ("-1", "must not be negative"),
            ("-1800000000.5", "must not be negative"),
            ("1800000000000", "is after the year 9999; it is counted in seconds"),
            ("18446744073709551616", "is after the year 9999; it is counted in seconds"),
            ("1e300", "is after the year 9999; it is counted in seconds"),
        ] {
            let said = format!(r#"{{"sub":7,"{claim}":{value},"{other}":{LATER}}}"#);
            assert_eq!(refused(&said), (claim, words), "{value}");
        }
        let said = format!(r#"{{"sub":7,"{claim}":1e999,"{other}":{LATER}}}"#);
        assert_eq!(verify(&token(&said)), Err(TokenError::Claims), "no number of this machine");
    }
}

#[test]
fn sub_is_a_uid() {
    let longest = "x".repeat(64);
    for (sub, uid) in [
        ("7", "7"),
        (r#""7""#, "7"),
        ("9007199254740991", "9007199254740991"),
        (r#""ann""#, "ann"),
        (r#""坎儿井""#, "坎儿井"),
        (r#""\u0061nn""#, "ann"),
        (&format!("\"{longest}\""), &longest),
    ] {
        let said = format!(r#"{{"sub":{sub},"exp":{LATER}}}"#);
        assert_eq!(verify(&token(&said)).unwrap().uid, Id::from_text(uid).unwrap(), "{sub}");
    }
    assert_eq!(verify(&token(&format!(r#"{{"exp":{LATER}}}"#))), Err(TokenError::Missing("sub")));
    let too_long = format!("\"{longest}x\"");
    for sub in [
        "0",
        "-7",
        "7.0",
        "7e0",
        "9007199254740992",
        "null",
        "true",
        "{}",
        "[7]",
        r#""""#,
        r#""a\nb""#,
        &too_long,
    ] {
        let (claim, words) = refused(&format!(r#"{{"sub":{sub},"exp":{LATER}}}"#));
        assert!(claim == "sub" && words.starts_with("must be an integer from 1"), "{sub}: {words}");
    }
    let system = refused(&format!(r#"{{"sub":"system","exp":{LATER}}}"#));
    assert_eq!(system, ("sub", "names \"system\", which is reserved"));
}

#[test]
fn what_else_a_token_says() {
    let all = verify(&token_with(
        r#""name":"Ann","role":"agent","groups":[123,"123","tea"],"desks":["sales"],"iss":5,"iat":"x","jti":[]"#,
    ));
    let groups = ["123", "123", "tea"].map(|gid| Id::from_text(gid).unwrap()).to_vec();
    let expected = Claims {
        name: Some("Ann".to_owned()),
        role: Role::Agent,
        groups: groups.clone(),
        desks: vec!["sales".to_owned()],
        ..claims(Id::Number(7))
    };
    assert_eq!(all, Ok(expected.clone()));
    let grant = expected.into_grant();
    let holds_until = UnixMillis(LATER * 1_000 + limits::TOKEN_LEEWAY_MS.default);
    let (uid, name, role) = (Id::Number(7), Some("Ann".to_owned()), Role::Agent);
    let desks = Some(vec![Desk::from_text("sales").unwrap()]);
    assert_eq!(grant, Grant { uid, name, role, groups, desks, exp_s: LATER, holds_until });
    for (role, expected) in [("user", Role::User), ("agent", Role::Agent), ("admin", Role::Admin)] {
        assert_eq!(verify(&token_with(&format!(r#""role":"{role}""#))).unwrap().role, expected);
    }
}

#[test]
fn a_claim_of_the_wrong_type_is_not_an_absent_one() {
    for (claim, values) in [
        ("name", &["null", "5", "[]", "{}", "false"][..]),
        ("role", &["null", "5", r#""Admin""#, r#""""#, r#""owner""#, r#"["admin"]"#]),
        (
            "groups",
            &["null", "5", r#""123""#, "{}", "[null]", "[[1]]", "[0]", "[1.5]", r#"["system"]"#, r#"[""]"#],
        ),
        ("desks", &["null", r#""sales""#, "{}", "[5]", "[null]"]),
        ("aud", &["null", "5", "{}", "[5]"]),
    ] {
        for value in values {
            let (found, _) = refused(&format!(r#"{{"sub":7,"exp":{LATER},"{claim}":{value}}}"#));
            assert_eq!(found, claim, "{value}");
        }
    }
    let most = limits::GROUPS_PER_USER_MAX.count();
    let groups = |count: usize| format!(r#""groups":[{}]"#, vec!["1"; count].join(","));
    assert_eq!(verify(&token_with(&groups(most))).unwrap().groups.len(), most);
    assert!(matches!(verify(&token_with(&groups(most + 1))), Err(TokenError::Claim("groups", _))));
}

#[test]
fn a_claim_that_comes_twice_counts_for_nothing() {
    for claim in
        [r#""sub":8"#, r#""exp":9"#, r#""role":"admin""#, r#""name":"x""#, r#""nbf":0"#, r#""groups":[]"#]
    {
        let twice = token_with(&format!(r#""role":"user","name":"x","nbf":0,"groups":[],{claim}"#));
        assert_eq!(verify(&twice), Err(TokenError::Claims), "{claim}");
    }
    for not_claims in ["", "[]", "[7,1800000000]", "5", "null", "\"x\"", "{", "{}x", "\u{1}"] {
        assert_eq!(verify(&token(not_claims)), Err(TokenError::Claims), "{not_claims}");
    }
}

#[test]
fn a_token_that_is_meant_for_others_is_refused() {
    let own = || key().for_audience(Some("karez".to_owned()));
    for (aud, without, with) in [
        ("", Ok(()), Err(TokenError::Missing("aud"))),
        (r#","aud":"karez""#, Err(TokenError::Audience), Ok(())),
        (r#","aud":["shop","karez"]"#, Err(TokenError::Audience), Ok(())),
        (r#","aud":"shop""#, Err(TokenError::Audience), Err(TokenError::Audience)),
        (r#","aud":[]"#, Err(TokenError::Audience), Err(TokenError::Audience)),
    ] {
        let token = token(&format!(r#"{{"sub":7,"exp":{LATER}{aud}}}"#));
        assert_eq!(verify(&token).map(|_| ()), without, "{aud}");
        assert_eq!(own().verify(&token, NOW).map(|_| ()), with, "{aud}");
    }
}

#[test]
fn a_token_is_bounded_before_it_is_looked_at() {
    let most = limits::TOKEN_BYTES_MAX.count();
    for garbage in ["x".repeat(most + 1), ".".repeat(1 << 20), "井".repeat(most)] {
        assert_eq!(verify(&garbage), Err(TokenError::TooLong));
    }
    // Three bytes of a claim are four of a token.
    let padded = |bytes: usize| token_with(&format!(r#""x":"{}""#, "x".repeat(bytes)));
    let spare = most - padded(0).len();
    let longest = padded(spare / 4 * 3);
    assert!(longest.len() > most - 4 && longest.len() <= most, "{}", longest.len());
    assert_eq!(verify(&longest), Ok(claims(Id::Number(7))));
    assert_eq!(verify(&padded(spare / 4 * 3 + 4)), Err(TokenError::TooLong));
}

#[test]
fn garbage_is_no_token() {
    for garbage in
        ["", ".", "..", "...", "a.b", "a.b.c.d", "not.a.token", "é.é.é", "kg1.MTAwMQ.3RkIv1k", " . . "]
    {
        assert!(matches!(verify(garbage), Err(TokenError::Form | TokenError::Header)), "{garbage}");
    }
    let good = token_with(r#""name":"Ann""#);
    assert!(verify(&good).is_ok());
    for at in 0..good.len() {
        assert!(verify(&good[..at]).is_err(), "{}", &good[..at]);
        assert!(verify(&good[at + 1..]).is_err(), "{}", &good[at + 1..]);
        for byte in ["A", "z", "-", "=", "+", " ", "\0"] {
            let changed = format!("{}{byte}{}", &good[..at], &good[at + 1..]);
            assert!(changed == good || verify(&changed).is_err(), "{changed}");
        }
    }
    for around in [format!("{good}="), format!(" {good}"), format!("{good}\n")] {
        assert!(verify(&around).is_err(), "{around}");
    }
}

/// The token of the manual's examples; made by another implementation.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOjcsImV4cCI6MTcwMDAwMzYwMH0._DJA6zuM251c_mNuBCTnW3XxBx89lE_k6sEVZ2jjqpM";

#[test]
fn what_is_made_elsewhere_holds_here() {
    let key = JwtKey::from_secret(&Secret::new(b"0123456789abcdef0123456789abcdef".to_vec())).unwrap();
    assert_eq!(key.verify(TOKEN, NOW), Ok(claims(Id::Number(7))));
    assert!(include_str!("../../src/manual/protocol.md").contains(TOKEN));
}

#[test]
fn what_is_made_here_holds_here() {
    let made = Claims {
        name: Some("坎儿井 \"x\"".to_owned()),
        role: Role::Admin,
        groups: vec![Id::Number(1), Id::from_text("tea").unwrap()],
        desks: vec!["sales".to_owned()],
        not_before: Some(NOW),
        ..claims(Id::from_text("ann").unwrap())
    };
    let token = secret().sign(&made, None).unwrap();
    assert_eq!(verify(&token), Ok(made.clone()));
    let bare = secret().sign(&claims(Id::Number(7)), None).unwrap();
    let said: serde_json::Value = serde_json::from_str(&unverified_claims(&bare).unwrap()).unwrap();
    assert_eq!(said, serde_json::json!({"sub": 7, "exp": LATER}), "nothing is told that is not said");
    let meant = secret().sign(&made, Some("karez")).unwrap();
    assert_eq!(key().for_audience(Some("karez".to_owned())).verify(&meant, NOW), Ok(made));
}

#[test]
fn what_a_token_says_is_shown_whoever_signed_it() {
    assert_eq!(unverified_claims("not.a.token"), None);
    assert_eq!(unverified_claims(""), None);
    assert_eq!(unverified_claims(&".".repeat(1 << 20)), None);
    let unsigned = format!("{}.{}.", base64(r#"{"alg":"HS256"}"#), base64(r#"{"sub":"eve"}"#));
    assert!(unverified_claims(&unsigned).unwrap().contains("\"eve\""));
}

#[test]
fn a_key_is_one_public_key_of_a_kind_that_is_known() {
    let certificate = include_str!("../data/keys/certificate.pem");
    let both = format!("{}{}", RS256[1], ES256[1]);
    for (pem, named, error) in [
        (RS256[0], None, KeyError::PrivateKey),
        (EDDSA[0], None, KeyError::PrivateKey),
        (certificate, None, KeyError::NoPublicKey),
        (&both, None, KeyError::NoPublicKey),
        ("", None, KeyError::NoPublicKey),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", None, KeyError::NoPublicKey),
        (include_str!("../data/keys/p384.public.pem"), None, KeyError::Curve),
        (include_str!("../data/keys/rsa1024.public.pem"), None, KeyError::ShortRsa),
        (RS256[1], Some(Algorithm::Es256), KeyError::OtherAlgorithm(Algorithm::Rs256)),
        (RS256[1], Some(Algorithm::Hs256), KeyError::OtherAlgorithm(Algorithm::Rs256)),
        (ES256[1], Some(Algorithm::EdDsa), KeyError::OtherAlgorithm(Algorithm::Es256)),
    ] {
        assert_eq!(JwtKey::from_pem(pem, named).unwrap_err(), error, "{pem}");
    }
    let old_form = include_str!("../data/keys/rs256.pkcs1.public.pem");
    assert_eq!(JwtKey::from_pem(old_form, None).unwrap().algorithm(), Algorithm::Rs256);
}

#[test]
fn a_secret_is_as_long_as_the_digest() {
    let of = |text: &str| Secret::new(text.as_bytes().to_vec());
    let short = "x".repeat(SECRET_BYTES_MIN - 1);
    for text in [short.clone(), format!("{short}\n"), format!("{short}\r\n"), String::new()] {
        assert_eq!(JwtKey::from_secret(&of(&text)).unwrap_err(), KeyError::ShortSecret);
        assert_eq!(of(&text).sign(&claims(Id::Number(7)), None).unwrap_err(), KeyError::ShortSecret);
    }
    // One newline at the end is the editor's; what else is there is the secret's.
    let text = std::str::from_utf8(SECRET).unwrap();
    for (form, holds) in
        [(format!("{text}\n"), true), (format!("{text}\r\n"), true), (format!("{text}\n\n"), false)]
    {
        let token = of(&form).sign(&claims(Id::Number(7)), None).unwrap();
        assert_eq!(verify(&token).is_ok(), holds, "{form:?}");
    }
}

#[test]
fn debug_does_not_show_keys() {
    assert_eq!(format!("{:?}", secret()), "Secret(..)");
    assert_eq!(format!("{:?}", key()), "JwtKey { algorithm: Hs256, .. }");
}
