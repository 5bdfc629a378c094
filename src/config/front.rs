//! The settings of what stands in front: TLS, and the proxies whose word is believed.
//!
//! A certificate and its key are files, read at the start: whatever is wrong with them ends it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::credential::credential;
use super::{ConfigError, YesNo};
use crate::net::{ProxyProtocol, TlsError, TlsIdentity, TrustedProxy};

/// TLS and proxies.
#[derive(Clone, Debug, Args)]
pub struct FrontSettings {
    /// A file with the certificate for TLS, in PEM: that of the server first, then those between it and the root.
    /// With it every TCP address speaks https and wss and nothing else. Or a credential of systemd, tls_cert.
    #[arg(long, env = "KAREZ_TLS_CERT", value_name = "PATH")]
    pub tls_cert: Option<PathBuf>,

    /// A file with the private key of the certificate, in PEM, without a passphrase. Or a credential of systemd,
    /// tls_key.
    #[arg(long, env = "KAREZ_TLS_KEY", value_name = "PATH")]
    pub tls_key: Option<PathBuf>,

    /// A proxy whose word on where a connection comes from is believed: an address, a network as 10.0.0.0/8, or
    /// `unix` for whoever connects to a Unix socket. May be given several times.
    #[arg(long, env = "KAREZ_TRUSTED_PROXY", value_name = "NETWORK", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,

    /// Whether connections of trusted proxies begin with a header of the PROXY protocol, version 2. Then one
    /// without it is closed.
    #[arg(long, env = "KAREZ_PROXY_PROTOCOL", value_name = "WHETHER", default_value = "no")]
    pub proxy_protocol: YesNo,
}

impl FrontSettings {
    /// The certificate and its key. `None`: there is no TLS. A daemon that runs says what it has had `before`: then
    /// who was connected comes back as cheaply as if nothing had changed.
    ///
    /// # Errors
    ///
    /// One of them alone, a file that cannot be read, or what cannot be used.
    pub fn tls(&self, before: Option<&TlsIdentity>) -> Result<Option<TlsIdentity>, ConfigError> {
        let cert = self.tls_cert.clone().or_else(|| credential("tls_cert"));
        let key = self.tls_key.clone().or_else(|| credential("tls_key"));
        let (cert, key) = match (&cert, &key) {
            (Some(cert), Some(key)) => (cert, key),
            (None, None) => return Ok(None),
            (Some(cert), None) => {
                return Err(ConfigError(format!("--tls-cert {}: --tls-key is missing", cert.display())));
            }
            (None, Some(key)) => {
                return Err(ConfigError(format!("--tls-key {}: --tls-cert is missing", key.display())));
            }
        };
        let certificates = read("--tls-cert", cert)?;
        let private = read("--tls-key", key)?;
        let identity = match before {
            Some(before) => before.renewed(&certificates, &private),
            None => TlsIdentity::from_pem(&certificates, &private),
        };
        let words = |error: TlsError| {
            let (setting, path) = match error {
                TlsError::NoKey | TlsError::Key(_) => ("--tls-key", key),
                _ => ("--tls-cert", cert),
            };
            ConfigError(format!("{setting} {}: {error}", path.display()))
        };
        identity.map(Some).map_err(words)
    }

    /// Whether trusted proxies announce whose connections they pass on.
    ///
    /// # Errors
    ///
    /// They do, and there are none.
    pub fn proxy_protocol(&self) -> Result<ProxyProtocol, ConfigError> {
        match (self.proxy_protocol, self.trusted_proxy.is_empty()) {
            (YesNo::No, _) => Ok(ProxyProtocol::Unused),
            (YesNo::Yes, false) => Ok(ProxyProtocol::Expected),
            (YesNo::Yes, true) => Err(ConfigError(
                "--proxy-protocol yes: of whom? Name the proxies by --trusted-proxy".to_owned(),
            )),
        }
    }
}

fn read(setting: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    fs::read(path).map_err(|error| ConfigError(format!("{setting} {}: {error}", path.display())))
}
