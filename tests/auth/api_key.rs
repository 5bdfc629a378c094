//! API keys: how they look, what is kept of them, which hold.

use karez::auth::{ApiKey, ApiKeys, KeysError, KnownKey, Scope};
use karez::base::limits::API_KEYS_MAX;

fn known(name: &str) -> (ApiKey, KnownKey) {
    let key = ApiKey::random().unwrap();
    let known = KnownKey::new(&key, name, &[Scope::Read]).unwrap();
    (key, known)
}

#[test]
fn a_key_has_256_random_bits_and_is_shown_by_no_debug() {
    let (one, other) = (ApiKey::random().unwrap(), ApiKey::random().unwrap());
    assert_ne!(one.reveal(), other.reveal());
    let rest = one.reveal().strip_prefix("kz_").unwrap();
    assert_eq!(rest.len(), 43);
    assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    let known = KnownKey::new(&one, "site", &[Scope::Read]).unwrap();
    assert!(!format!("{one:?} {known:?}").contains(rest));
}

#[test]
fn what_is_kept_is_a_digest() {
    // Computed by another implementation.
    let digest = "584ba5d6a63240b6159a2112cb9a3e40fe19c12c2fd9a56569a0f889bfaf14d9";
    let test = ApiKeys::parse(&format!("test read {digest}\n")).unwrap();
    assert!(test.find("kz_test").is_some());
    let (key, known) = known("site");
    let mut keys = ApiKeys::default();
    keys.add(known).unwrap();
    let text = keys.render();
    assert!(!text.contains(key.reveal()));
    let again = ApiKeys::parse(&text).unwrap();
    assert_eq!(again, keys);
    assert_eq!(again.find(key.reveal()).map(|key| &*key.name), Some("site"));
}

#[test]
fn only_the_whole_key_is_found() {
    let mut keys = ApiKeys::default();
    let pairs = ["one", "two", "three"].map(known);
    for (_, known) in &pairs {
        keys.add(known.clone()).unwrap();
    }
    for (key, known) in &pairs {
        assert_eq!(keys.find(key.reveal()), Some(known));
        let shown = key.reveal();
        for wrong in ["", "kz_", &shown[..45], &format!("{shown} "), &shown.to_uppercase()] {
            assert_eq!(keys.find(wrong), None, "{wrong}");
        }
    }
    keys.remove("two").unwrap();
    assert_eq!(keys.find(pairs[1].0.reveal()), None);
    assert!(keys.find(pairs[2].0.reveal()).is_some());
    assert_eq!(keys.remove("two"), Err(KeysError::NoSuchKey));
}

#[test]
fn a_key_is_for_its_scopes() {
    let key = ApiKey::random().unwrap();
    let known = KnownKey::new(&key, "site", &[Scope::Manage, Scope::Publish, Scope::Manage]).unwrap();
    assert_eq!(known.scopes, [Scope::Publish, Scope::Manage]);
    assert!(known.is_for(Scope::Manage) && !known.is_for(Scope::Read));
    assert_eq!(KnownKey::new(&key, "site", &[]), Err(KeysError::NoScope));
}

#[test]
fn a_name_is_one_word() {
    let key = ApiKey::random().unwrap();
    for name in ["", "two words", "#comment", "line\n", "井", &"x".repeat(65)] {
        assert_eq!(KnownKey::new(&key, name, &[Scope::Read]), Err(KeysError::Name), "{name:?}");
    }
    let (_, one) = known("same");
    let (_, other) = known("same");
    let mut keys = ApiKeys::default();
    keys.add(one).unwrap();
    assert_eq!(keys.add(other), Err(KeysError::Twice));
}

#[test]
fn only_so_many_keys_hold() {
    let mut keys = ApiKeys::default();
    for number in 0..API_KEYS_MAX.default {
        keys.add(known(&number.to_string()).1).unwrap();
    }
    assert_eq!(keys.add(known("more").1), Err(KeysError::TooMany));
}

#[test]
fn a_damaged_file_is_refused_by_line() {
    let hex = "0".repeat(64);
    let good = format!("# a comment\n\nsite publish,read {hex}\n");
    assert_eq!(ApiKeys::parse(&good).unwrap().iter().count(), 1);
    for line in [
        "site".to_owned(),
        format!("site publish {hex} more"),
        format!("site speak {hex}"),
        format!("site publish, {hex}"),
        format!("site publish {}", &hex[1..]),
        format!("site publish {}g", &hex[1..]),
        format!("site publish +{}", &hex[1..]),
        format!("{} publish {hex}", "x".repeat(65)),
    ] {
        let text = format!("{good}{line}\n");
        assert_eq!(ApiKeys::parse(&text), Err(KeysError::Line(4)), "{line}");
    }
    assert_eq!(ApiKeys::parse(&format!("{good}{good}")), Err(KeysError::Twice));
}
