//! Secrets that systemd hands over: files in a folder that only this service can read.
//!
//! `LoadCredential=token_secret:/etc/karez/token_secret` in a unit makes one. It stands in for a file that no
//! setting names. Tests: `tests/config/credentials.rs`.

use std::path::{Path, PathBuf};

/// The file of a credential, if systemd has handed one over by this name.
pub(super) fn credential(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let path = Path::new(&folder).join(name);
    path.is_file().then_some(path)
}
