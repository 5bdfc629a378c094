//! The settings of tokens: with which key those of the site's back end are checked, and where it is kept.
//!
//! A secret is never an argument, which every user of the machine can read in the list of processes: it is a
//! file, an environment variable, or a credential of systemd by the name of the setting (`token_secret`,
//! `token_public_key`) where nobody names another key. One key, one algorithm; what contradicts itself ends the start.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ConfigError;
use super::credential::credential;
use crate::app::Signer;
use crate::auth::jwt::{Algorithm, JwtKey, Secret};

/// The environment variable of the secret itself.
const SECRET_VARIABLE: &str = "KAREZ_TOKEN_SECRET";
/// Its name as a credential of systemd.
const SECRET_CREDENTIAL: &str = "token_secret";
/// That of the public key.
const KEY_CREDENTIAL: &str = "token_public_key";

/// What tokens (JWT) of the site's back end are checked with.
#[derive(Clone, Debug, Default, Args)]
pub struct TokenSettings {
    /// A file with the secret of HS256, at least 32 bytes. Or the secret itself in the environment as
    /// KAREZ_TOKEN_SECRET, or as a credential of systemd, token_secret; it is never an argument.
    #[arg(long, env = "KAREZ_TOKEN_SECRET_FILE", value_name = "PATH")]
    pub token_secret_file: Option<PathBuf>,

    /// A file with the public key of RS256, ES256 or EdDSA, in PEM.
    #[arg(long, env = "KAREZ_TOKEN_PUBLIC_KEY", value_name = "PATH")]
    pub token_public_key: Option<PathBuf>,

    /// How tokens are signed. The key says it; this is for whoever wants to be sure.
    #[arg(long, env = "KAREZ_TOKEN_ALGORITHM", value_name = "ALGORITHM")]
    pub token_algorithm: Option<TokenAlgorithm>,

    /// Whom tokens must be meant for (`aud`). Without it, tokens that are meant for somebody are refused.
    #[arg(long, env = "KAREZ_TOKEN_AUDIENCE", value_name = "NAME")]
    pub token_audience: Option<String>,
}

/// How tokens are signed, by the names of RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names of a standard")]
pub enum TokenAlgorithm {
    #[value(name = "HS256")]
    Hs256,
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<TokenAlgorithm> for Algorithm {
    fn from(algorithm: TokenAlgorithm) -> Algorithm {
        match algorithm {
            TokenAlgorithm::Hs256 => Algorithm::Hs256,
            TokenAlgorithm::Rs256 => Algorithm::Rs256,
            TokenAlgorithm::Es256 => Algorithm::Es256,
            TokenAlgorithm::EdDsa => Algorithm::EdDsa,
        }
    }
}

impl TokenSettings {
    /// Whether any key is configured, good or bad.
    #[must_use]
    pub fn names_a_key(&self) -> bool {
        self.names_one() || credential(SECRET_CREDENTIAL).is_some() || credential(KEY_CREDENTIAL).is_some()
    }

    fn names_one(&self) -> bool {
        self.token_secret_file.is_some() || self.token_public_key.is_some() || secret_variable().is_some()
    }

    /// The file that is named, or the credential, if no setting names any key.
    fn file_or_credential(&self, named: Option<&PathBuf>, name: &str) -> Option<PathBuf> {
        named.cloned().or_else(|| if self.names_one() { None } else { credential(name) })
    }

    /// The key. `None`: there is none, so no such token holds.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, a key that cannot be used, or settings that contradict each other.
    pub fn key(&self) -> Result<Option<JwtKey>, ConfigError> {
        let named = self.token_algorithm.map(Algorithm::from);
        let public_key = self.file_or_credential(self.token_public_key.as_ref(), KEY_CREDENTIAL);
        let key = match (self.secret()?, &public_key) {
            (Some(_), Some(_)) => {
                return Err(ConfigError(
                    "--token-public-key: there is a secret too; one key is allowed, and it has one algorithm"
                        .to_owned(),
                ));
            }
            (Some((secret, key)), None) => match named {
                Some(named) if named != Algorithm::Hs256 => {
                    return Err(ConfigError(format!(
                        "--token-algorithm {}: this needs --token-public-key; a secret is for HS256",
                        named.as_str()
                    )));
                }
                _ => JwtKey::from_secret(&secret).map_err(|error| ConfigError(format!("{key}: {error}")))?,
            },
            (None, Some(path)) => {
                let words = |error: &dyn std::fmt::Display| {
                    ConfigError(format!("--token-public-key {}: {error}", path.display()))
                };
                let pem = std::fs::read_to_string(path).map_err(|error| words(&error))?;
                JwtKey::from_pem(&pem, named).map_err(|error| words(&error))?
            }
            (None, None) => return self.without_key().map(|()| None),
        };
        Ok(Some(key.for_audience(self.token_audience.clone())))
    }

    /// What tokens can be signed with. `None`: there is no secret.
    ///
    /// # Errors
    ///
    /// As [`TokenSettings::secret`].
    pub fn signer(&self) -> Result<Option<Signer>, ConfigError> {
        let audience = self.token_audience.clone();
        Ok(self.secret()?.map(|(secret, _)| Signer { secret, audience }))
    }

    fn without_key(&self) -> Result<(), ConfigError> {
        let needs = |setting: &str| {
            ConfigError(format!(
                "{setting}: there is no key; give --token-secret-file, --token-public-key or {SECRET_VARIABLE}"
            ))
        };
        match (self.token_algorithm, &self.token_audience) {
            (Some(named), _) => Err(needs(&format!("--token-algorithm {}", Algorithm::from(named).as_str()))),
            (None, Some(name)) => Err(needs(&format!("--token-audience {name}"))),
            (None, None) => Ok(()),
        }
    }

    /// The secret, and the name of the setting that has it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or two secrets.
    pub fn secret(&self) -> Result<Option<(Secret, String)>, ConfigError> {
        let file = self.file_or_credential(self.token_secret_file.as_ref(), SECRET_CREDENTIAL);
        match (file, secret_variable()) {
            (Some(_), Some(_)) => Err(ConfigError(format!(
                "--token-secret-file: {SECRET_VARIABLE} is set too; one of them is allowed"
            ))),
            (Some(path), None) => {
                let setting = format!("--token-secret-file {}", path.display());
                let bytes =
                    std::fs::read(&path).map_err(|error| ConfigError(format!("{setting}: {error}")))?;
                Ok(Some((Secret::new(bytes), setting)))
            }
            (None, Some(secret)) => Ok(Some((Secret::new(secret), SECRET_VARIABLE.to_owned()))),
            (None, None) => Ok(None),
        }
    }
}

/// An empty variable is as good as none: that is how some shells and unit files unset one.
fn secret_variable() -> Option<Vec<u8>> {
    let value = std::env::var_os(SECRET_VARIABLE).filter(|value| !value.is_empty())?;
    Some(value.into_encoded_bytes())
}
