//! Keys that come and go while the daemon runs, and what becomes of those who guess.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use karez::app::key_file::{change_keys, read_keys};
use karez::auth::Scope;
use karez::net::AddressExemption;

use crate::api::{Keys, Site};
use crate::process::{DataFolder, run_to_end};
use crate::world::*;

#[test]
fn a_key_is_made_listed_and_revoked_by_command() {
    let folder = DataFolder::new("key-command");
    let data = folder.0.to_str().unwrap();
    let create = ["key", "create", "--data", data, "--name", "site", "--scope", "publish,read"];
    let (code, key, words) = run_to_end(&create, &[]);
    assert_eq!(code, 0, "{words}");
    let key = key.trim();
    assert!(key.starts_with("kz_") && key.len() == 46, "{key}");
    let file = folder.0.join("api-keys");
    let kept = fs::read_to_string(&file).unwrap();
    assert!(!kept.contains(key), "{kept}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(run_to_end(&["key", "list", "--data", data], &[]).1, "site publish,read\n");
    let (code, _, words) = run_to_end(&create, &[]);
    assert_eq!(code, 78, "{words}");
    assert!(words.contains("a key of this name is there already"), "{words}");
    let revoke = ["key", "revoke", "--data", data, "--name", "site"];
    assert_eq!(run_to_end(&revoke, &[]).0, 0);
    assert_eq!(run_to_end(&revoke, &[]).0, 78);
    assert_eq!(run_to_end(&["key", "list", "--data", data], &[]).1, "");
}

#[test]
fn keys_come_and_go_without_a_restart() {
    let mut site = Site::new();
    site.call("GET /v1/stats", "").expect(200);
    let all = site.key.clone();
    site.key = site.keys.make("new", &[Scope::Read]);
    until(&mut site, 200);
    change_keys(&site.keys.file, |keys| keys.remove("all")).unwrap();
    site.key = all;
    until(&mut site, 401);
}

/// Calls until the answer is this; the file is looked at once a second.
fn until(site: &mut Site, status: u16) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while site.call("GET /v1/stats", "").status != status {
        assert!(std::time::Instant::now() < end, "never {status}");
    }
}

#[test]
fn a_damaged_file_changes_nothing() {
    let mut site = Site::with(&["--api-calls-per-second", "1000000"]);
    site.call("GET /v1/stats", "").expect(200);
    fs::write(&site.keys.file, "damaged\n").unwrap();
    assert!(read_keys(&site.keys.file).is_err());
    let end = std::time::Instant::now() + std::time::Duration::from_millis(1_300);
    while std::time::Instant::now() < end {
        site.call("GET /v1/stats", "").expect(200);
    }
}

#[test]
fn a_key_makes_so_many_calls_a_second() {
    let mut site = Site::with(&["--api-calls-per-second", "2"]);
    let statuses: Vec<u16> = (0..3).map(|_| site.call("GET /v1/stats", "").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
    let refused = site.call("GET /v1/stats", "");
    assert_eq!((&*refused.code(), refused.header("retry-after")), ("rate_limited", Some("1")));
    site.key = site.keys.make("other", &[Scope::Read]);
    until(&mut site, 200);
}

#[test]
fn who_tries_many_keys_is_put_off() {
    let keys = Keys::new();
    let key = keys.make("all", &Scope::ALL);
    let file = keys.file.clone();
    let world = World::with(&[], |config, settings| {
        config.limits.address_exemption = AddressExemption::Nobody;
        settings.api.keys_file = Some(file);
    });
    let mut site = Site { world, keys, key };
    let good = std::mem::replace(&mut site.key, "kz_wrong".to_owned());
    for _ in 0..10 {
        assert_eq!(site.call("GET /v1/stats", "").status, 401);
    }
    site.key = good;
    let refused = site.call("GET /v1/stats", "");
    assert_eq!(refused.code(), "rate_limited", "whatever is tried");
    assert!(refused.header("retry-after").is_some());
}
