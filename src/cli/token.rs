//! `karez token`: makes tokens for trying things out, and says why one is refused.
//!
//! A site's own back end makes its tokens itself, with any library for JWT. Data goes to standard output,
//! words to standard error.

use std::io::{self, Read};

use clap::{Args, Subcommand, ValueEnum};

use super::{CONFIG, Failure, RUNTIME, print, say};
use crate::auth::jwt::unverified_claims;
use crate::auth::{Claims, GuestKey, TokenError};
use crate::base::clock::{Clock, UnixMillis};
use crate::base::limits;
use crate::base::units::Time;
use crate::chat::ids::Id;
use crate::chat::input::Role;
use crate::config::{ConfigError, TokenSettings};

/// What to do with tokens.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Prints a token that is signed with the secret (HS256).
    Create(Create),
    /// Prints what a token says, and whether it holds; if not, why, with exit code 1.
    Inspect(Inspect),
}

/// What the token says.
#[derive(Clone, Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    settings: TokenSettings,

    /// Who it is for: an integer or a text, as on the wire.
    #[arg(long, value_parser = id)]
    uid: Id,

    /// The display name.
    #[arg(long)]
    name: Option<String>,

    /// What the bearer may do.
    #[arg(long, default_value = "user")]
    role: RoleName,

    /// Groups that the bearer joins at login.
    #[arg(long, value_name = "GID", value_delimiter = ',', value_parser = id)]
    groups: Vec<Id>,

    /// Desks for which an agent is on duty.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    desks: Vec<String>,

    /// For how long it holds: a number with s, m, h or d behind it.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    ttl: u64,
}

/// The token, and what it is checked with.
#[derive(Clone, Debug, Args)]
pub(super) struct Inspect {
    #[command(flatten)]
    settings: TokenSettings,

    /// The token, or `-` to read it from standard input, where no list of processes shows it.
    token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleName {
    User,
    Agent,
    Admin,
}

pub(super) fn id(text: &str) -> Result<Id, &'static str> {
    match Id::from_text(text) {
        Some(_) if text == "system" => Err("\"system\" is reserved"),
        Some(id) => Ok(id),
        None => Err("must be an integer, or a text of 1 to 64 bytes without control characters"),
    }
}

/// A time such as `90`, `90s`, `15m`, `1h` or `7d`, in seconds.
fn seconds(text: &str) -> Result<u64, &'static str> {
    // A hundred years: what is longer has one zero too many.
    let is_sound = |seconds: &u64| (1..=36_525 * 86_400).contains(seconds);
    let seconds = match Time::parse(text) {
        Ok(time) => Some(time.0 / 1_000),
        Err(_) => text.parse().ok(),
    };
    seconds.filter(is_sound).ok_or("must be a time such as 90s, 15m, 1h or 7d, up to 36525d")
}

pub(super) fn run(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(create) => self::create(create),
        TokenCommand::Inspect(inspect) => self::inspect(&inspect),
    }
}

fn create(create: Create) -> Result<(), Failure> {
    let config = |error: ConfigError| Failure { code: CONFIG, words: error.to_string() };
    let secret = create.settings.secret().map_err(config)?;
    let (secret, setting) = secret.ok_or_else(|| Failure {
        code: CONFIG,
        words: "there is no secret to sign with; give --token-secret-file or KAREZ_TOKEN_SECRET. Tokens of \
                --token-public-key are signed by whoever has the private key"
            .to_owned(),
    })?;
    let claims = Claims {
        uid: create.uid,
        name: create.name,
        role: match create.role {
            RoleName::User => Role::User,
            RoleName::Agent => Role::Agent,
            RoleName::Admin => Role::Admin,
        },
        groups: create.groups,
        desks: create.desks,
        exp_s: now().0 / 1_000 + create.ttl,
        not_before: None,
    };
    let token = secret
        .sign(&claims, create.settings.token_audience.as_deref())
        .map_err(|error| Failure { code: CONFIG, words: format!("{setting}: {error}") })?;
    print(&token)
}

fn inspect(inspect: &Inspect) -> Result<(), Failure> {
    let key = inspect.settings.key().map_err(|error| Failure { code: CONFIG, words: error.to_string() })?;
    let token = if inspect.token == "-" { read()? } else { inspect.token.clone() };
    let token = token.trim();
    let refused = |words: String| Err(Failure { code: RUNTIME, words });
    if GuestKey::is_meant_by(token) {
        return refused(
            "refused: this is a guest's token; only the daemon that gave it can check it".to_owned(),
        );
    }
    if let Some(claims) = unverified_claims(token) {
        print(&claims)?;
    }
    let now = now();
    match key.ok_or(TokenError::NoKey).and_then(|key| key.verify(token, now)) {
        Ok(claims) => {
            let left_s = claims.holds_until().0.saturating_sub(now.0) / 1_000;
            say(&format!("holds for {left_s} s more, for uid {}, unless that is a guest's", claims.uid));
            Ok(())
        }
        Err(error @ TokenError::NoKey) => refused(format!(
            "refused: {error}; give --token-secret-file, --token-public-key or KAREZ_TOKEN_SECRET"
        )),
        Err(error) => refused(format!("refused: {error}")),
    }
}

/// The token on standard input; more of it than any token has is not read.
fn read() -> Result<String, Failure> {
    let mut token = String::new();
    let most = limits::TOKEN_BYTES_MAX.max.saturating_mul(2);
    io::stdin()
        .take(most)
        .read_to_string(&mut token)
        .map_err(|error| Failure { code: RUNTIME, words: format!("standard input: {error}") })?;
    Ok(token)
}

fn now() -> UnixMillis {
    Clock::start().now().unix
}
