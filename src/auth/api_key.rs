//! API keys: what the site's back end shows instead of a password.
//!
//! A key is `kz_` and 256 random bits, as 43 characters of base64url: nobody guesses one, so a digest of it without
//! salt and stretching is enough to know it again, and it cannot be had back from the digest. Who reads the file of
//! keys, or a backup of it, has no key.
//!
//! Each key has a name, by which it is told apart and revoked, and scopes: what it is for. Several hold at once, so
//! that a new one can be brought in before the old one goes.
//!
//! The file is text, a line for each key: name, scopes, SHA-256 in hexadecimal. What this module knows is the text;
//! where it lies and when it is read, `app` knows. Comparing takes the same time whichever byte differs, and goes
//! through all keys in any case. No `Debug` shows a key.
//!
//! The tutorial has no back end. Tests: `tests/auth/api_key.rs`.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::AuthError;
use crate::base::limits;

/// How every key begins, so that people and scanners for leaked secrets know one when they see it.
const PREFIX: &str = "kz_";
/// The longest name of a key, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Speaks and pushes.
    Publish,
    /// Looks at groups, members, users, what was said, figures.
    Read,
    /// Changes groups and members, ends connections, bans, makes tokens.
    Manage,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Publish, Scope::Read, Scope::Manage];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Publish => "publish",
            Scope::Read => "read",
            Scope::Manage => "manage",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A new key, to be shown once.
pub struct ApiKey(String);

impl ApiKey {
    /// A key that nobody has had before.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoRandomness`].
    pub fn random() -> Result<ApiKey, AuthError> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AuthError::NoRandomness)?;
        Ok(ApiKey(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The key itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// What is known of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// How people call it: 1 to 64 visible characters of ASCII.
    pub name: Box<str>,
    /// What it is for, in order, each once.
    pub scopes: Vec<Scope>,
    digest: [u8; 32],
}

impl fmt::Debug for KnownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownKey")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl KnownKey {
    /// What is to be kept of a new key.
    ///
    /// # Errors
    ///
    /// [`KeysError::Name`], [`KeysError::NoScope`].
    pub fn new(key: &ApiKey, name: &str, scopes: &[Scope]) -> Result<KnownKey, KeysError> {
        let is_name =
            (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        // A comment begins so.
        if !is_name || name.starts_with('#') {
            return Err(KeysError::Name);
        }
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(KeysError::NoScope);
        }
        Ok(KnownKey { name: name.into(), scopes, digest: digest_of(key.reveal()) })
    }

    /// Whether the key is for this.
    #[must_use]
    pub fn is_for(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

fn digest_of(key: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let digest = digest::digest(&digest::SHA256, key.as_bytes());
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
    bytes
}

/// The keys that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiKeys {
    keys: Vec<KnownKey>,
}

/// What is wrong with keys, in words for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysError {
    /// A line, counted from 1, is not that of a key.
    Line(usize),
    /// A name is there twice.
    Twice,
    /// There is no key of that name.
    NoSuchKey,
    /// There are as many keys as there may be.
    TooMany,
    /// A name that is none.
    Name,
    /// A key that is for nothing.
    NoScope,
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeysError::Line(line) => return write!(f, "line {line} is not a name, scopes and a SHA-256"),
            KeysError::Twice => "a key of this name is there already",
            KeysError::NoSuchKey => "there is no key of this name",
            KeysError::TooMany => {
                return write!(f, "there are {} keys; revoke one first", limits::API_KEYS_MAX.default);
            }
            KeysError::Name => "a name is 1 to 64 visible characters of ASCII, and does not begin with #",
            KeysError::NoScope => "a key needs a scope: publish, read or manage",
        })
    }
}

impl std::error::Error for KeysError {}

impl ApiKeys {
    /// Reads the text of a file. Empty lines, and those that begin with `#`, are passed over.
    ///
    /// # Errors
    ///
    /// [`KeysError::Line`], [`KeysError::Twice`], [`KeysError::TooMany`].
    pub fn parse(text: &str) -> Result<ApiKeys, KeysError> {
        let mut keys = ApiKeys::default();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            keys.add(known(line).ok_or(KeysError::Line(number))?)?;
        }
        Ok(keys)
    }

    /// The text of a file with these keys.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text =
            "# API keys of karez: name, scopes, SHA-256 of the key. See: karez key --help\n".to_owned();
        for key in &self.keys {
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            let hex: String = key.digest.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!("{} {} {hex}\n", key.name, scopes.join(",")));
        }
        text
    }

    /// The keys, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &KnownKey> {
        self.keys.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// One key more.
    ///
    /// # Errors
    ///
    /// [`KeysError::Twice`], [`KeysError::TooMany`].
    pub fn add(&mut self, key: KnownKey) -> Result<(), KeysError> {
        if self.keys.iter().any(|other| other.name == key.name) {
            return Err(KeysError::Twice);
        }
        if self.keys.len() >= limits::API_KEYS_MAX.count() {
            return Err(KeysError::TooMany);
        }
        self.keys.push(key);
        Ok(())
    }

    /// One key less.
    ///
    /// # Errors
    ///
    /// [`KeysError::NoSuchKey`].
    pub fn remove(&mut self, name: &str) -> Result<(), KeysError> {
        let before = self.keys.len();
        self.keys.retain(|key| &*key.name != name);
        if self.keys.len() == before { Err(KeysError::NoSuchKey) } else { Ok(()) }
    }

    /// What is known of the key that somebody shows, if it holds.
    #[must_use]
    pub fn find(&self, shown: &str) -> Option<&KnownKey> {
        let digest = digest_of(shown);
        let mut found = None;
        for key in &self.keys {
            if verify_slices_are_equal(&key.digest, &digest).is_ok() {
                found = Some(key);
            }
        }
        found
    }
}

/// The key of a line.
fn known(line: &str) -> Option<KnownKey> {
    let mut words = line.split_ascii_whitespace();
    let (name, scopes, hex) = (words.next()?, words.next()?, words.next()?);
    let scopes: Option<Vec<Scope>> = scopes.split(',').map(Scope::from_word).collect();
    let is_whole = words.next().is_none() && hex.len() == 64 && name.len() <= NAME_BYTES_MAX;
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        for digit in pair {
            *byte = *byte << 4 | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        }
    }
    Some(KnownKey { name: name.into(), scopes: scopes?, digest }).filter(|_| is_whole)
}
