//! Every setting, once: one argument of clap, from which all else follows.
//!
//! | what | from |
//! |---|---|
//! | flag, environment variable, help, default, what is allowed | the definitions here, in `token.rs` (which `karez token` has too), `front.rs`, `desk.rs`, `retention.rs`, `limits.rs` |
//! | how times, sizes and numbers are read | `units.rs` |
//! | the key in the file, and what is written about it | `setting.rs`, `sample.rs` |
//! | reading the file, with line and column of every mistake | `file.rs` |
//! | flag over environment over file over default | `layers.rs` |
//! | what may change while the daemon runs | `live.rs` |
//!
//! A new setting is a new argument, and nothing else; `tests/config/` finds it in all of these places, and
//! in `src/manual/operating.md`. The tutorial has its address and its port in the code.

mod api;
mod credential;
mod desk;
mod file;
mod files;
mod front;
mod layers;
mod limits;
mod live;
mod observe;
mod retention;
mod sample;
mod setting;
mod token;
mod units;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

pub use api::{ApiSettings, KEYS_FILE};
pub use desk::DeskSettings;
pub use file::{FileError, Mistake, Values, read_text};
pub use files::FilesSettings;
pub use front::FrontSettings;
pub use layers::{Layers, LayersError, PLACES, locate};
pub use limits::LimitSettings;
pub use live::{Change, Effect, changes, is_live};
pub use observe::{LogFormat, ObserveSettings};
pub use retention::RetentionSettings;
pub use sample::sample;
pub use setting::{Setting, settings};
pub use token::{TokenAlgorithm, TokenSettings};
use units::within;

use crate::app::{self, FailedLogins, Guests, MetricsAt, Settings};
use crate::base::limits as table;
use crate::chat::{self, BroadcastPolicy};
use crate::http;
use crate::net::{self, Deflate, Listen, TlsIdentity};
use crate::store;

/// The settings of the daemon.
#[derive(Clone, Debug, Parser)]
pub struct Config {
    /// Where to listen: `ADDRESS:PORT`, `[IPv6]:PORT`, `:PORT`, or `unix:PATH`. May be given several times.
    #[arg(
        long,
        env = "KAREZ_LISTEN",
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = "127.0.0.1:8282"
    )]
    pub listen: Vec<Listen>,

    /// The folder of the store. It is made if it is not there.
    #[arg(long, env = "KAREZ_DATA", value_name = "FOLDER", default_value = "karez-data")]
    pub data: PathBuf,

    /// Where what is said is kept.
    #[arg(long, env = "KAREZ_STORE", value_name = "WHERE", default_value = "disk")]
    pub store: StoreKind,

    /// What an `ack` waits for.
    #[arg(long, env = "KAREZ_DURABILITY", value_name = "HOW", default_value = "full")]
    pub durability: Durability,

    /// How much of what is said is kept, and who.
    #[command(flatten)]
    pub retention: RetentionSettings,

    /// Whether whoever comes without a token gets a uid. Default: yes if only this machine can connect and there
    /// is no key for tokens.
    #[arg(long, env = "KAREZ_GUESTS", value_name = "WHETHER")]
    pub guests: Option<YesNo>,

    /// Tokens of the site's own back end.
    #[command(flatten)]
    pub token: TokenSettings,

    /// TLS, and the proxies in front.
    #[command(flatten)]
    pub front: FrontSettings,

    /// The HTTP API for the site's own back end.
    #[command(flatten)]
    pub api: ApiSettings,

    /// The support desk.
    #[command(flatten)]
    pub desk: DeskSettings,

    /// Files and images that users send.
    #[command(flatten)]
    pub files: FilesSettings,

    /// Who may send `broadcast` to everyone who is connected.
    #[arg(long, env = "KAREZ_BROADCAST", value_name = "WHO", default_value = "admins")]
    pub broadcast: Broadcasters,

    /// A site whose pages may connect, as `scheme://host[:port]`. May be given several times. The server's own
    /// pages always may.
    #[arg(long, env = "KAREZ_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub origin: Vec<String>,

    /// Whether clients may have messages compressed (permessage-deflate).
    #[arg(long, env = "KAREZ_DEFLATE", value_name = "WHETHER", default_value = "yes")]
    pub deflate: YesNo,

    /// A folder with the files of the chat page, as src/web, for whoever works on them: they are read anew each
    /// time. Without it they come out of the binary.
    #[arg(long, env = "KAREZ_UI_DIR", value_name = "FOLDER")]
    pub ui_dir: Option<PathBuf>,

    /// How much and how long.
    #[command(flatten)]
    pub limits: LimitSettings,

    /// What whoever looks after the daemon sees of it.
    #[command(flatten)]
    pub observe: ObserveSettings,

    /// What to log: error, warn, info, debug, trace, or a level per module as karez::net=debug.
    #[arg(long, env = "KAREZ_LOG", value_name = "LEVEL", default_value = "info")]
    pub log: String,
}

/// An answer to a question of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes.
    #[value(alias = "true")]
    Yes,
    /// No.
    #[value(alias = "false")]
    No,
}

/// Where what is said is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// In the folder of `--data`.
    Disk,
    /// In memory: forgotten when the daemon ends.
    Memory,
}

/// What an `ack` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// For the disk: what was acknowledged survives a power cut.
    Full,
    /// For the system: a power cut may lose the last second or so. For disks that take long over it.
    Relaxed,
}

/// Who may speak to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Broadcasters {
    /// Users whose token says `admin`.
    Admins,
    /// Every user.
    Anyone,
}

/// Settings that contradict each other, in words for whoever wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Whether guests are let in.
    ///
    /// # Errors
    ///
    /// Nobody could log in; or others than this machine can connect, and nobody has said whether they may.
    pub fn guests(&self) -> Result<Guests, ConfigError> {
        let foreign = self.listen.iter().find(|listen| !is_local(listen));
        match (self.guests, self.token.names_a_key(), foreign) {
            (Some(YesNo::No), false, _) => Err(ConfigError(
                "--guests no: without guests and without a key for tokens nobody can log in; give \
                 --token-secret-file or --token-public-key, or say --guests yes"
                    .to_owned(),
            )),
            (Some(YesNo::No), true, _) | (None, true, _) => Ok(Guests::Refused),
            (Some(YesNo::Yes), ..) | (None, false, None) => Ok(Guests::Welcome),
            (None, false, Some(listen)) => Err(ConfigError(format!(
                "--listen {listen}: others than this machine can connect there, and every one of them may log \
                 in as a guest; say --guests yes if that is meant, or give a key for tokens: --token-secret-file \
                 or --token-public-key"
            ))),
        }
    }

    /// Whether only this machine can connect.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.listen.iter().all(is_local)
    }

    /// What the app is told.
    ///
    /// # Errors
    ///
    /// As [`Config::guests`] and [`TokenSettings::key`].
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            chat: chat::Limits {
                guest_kept_days: self.retention.guest_kept_days,
                broadcast: match self.broadcast {
                    Broadcasters::Admins => BroadcastPolicy::Admins,
                    Broadcasters::Anyone => BroadcastPolicy::Anyone,
                },
                desk: self.desk.limits(),
                ..self.limits.chat()
            },
            guests: self.guests()?,
            token_key: self.token.key()?,
            api: app::ApiSettings {
                keys_file: Some(self.api.keys_file(&self.data)),
                calls_per_second: self.api.api_calls_per_second,
                signer: self.token.signer()?,
            },
            files: self.files.settings(self.store),
            failed_logins: FailedLogins {
                per_address_max: self.limits.failed_logins_per_address_max(),
                window_ms: table::FAILED_LOGINS_WINDOW_MS.default,
                addresses_max: table::FAILED_LOGIN_ADDRESSES_MAX.count(),
            },
            login_timeout_ms: self.limits.login_timeout.0,
            heartbeat_s: (self.limits.ping_after.0 / 1000).max(1),
            message_bytes_max: self.limits.message_bytes_max(),
            tidy_every_ms: table::TIDY_EVERY_MS.default,
            metrics: match self.observe.metrics_listen.is_empty() {
                true => MetricsAt::Main,
                false => MetricsAt::Side,
            },
            widget_sites: self.desk.widget_sites.clone(),
            ui_dir: self.ui_dir.clone(),
        })
    }

    /// What the loop is told. `before` is what it speaks TLS with now, if it runs already.
    ///
    /// # Errors
    ///
    /// As [`FrontSettings::tls`] and [`FrontSettings::proxy_protocol`].
    pub fn net(&self, before: Option<&TlsIdentity>) -> Result<net::Config, ConfigError> {
        Ok(net::Config {
            listen: self.listen.clone(),
            side: self.observe.metrics_listen.clone(),
            websocket_paths: &["/", "/ws"],
            subprotocols: &["karez.v1"],
            origins: self.origin.clone(),
            deflate: match self.deflate {
                YesNo::Yes => Deflate::Offered,
                YesNo::No => Deflate::Declined,
            },
            tls: self.front.tls(before)?,
            trusted_proxies: self.front.trusted_proxy.clone(),
            proxy_protocol: self.front.proxy_protocol()?,
            signals: net::Signals::Handled,
            limits: net::Limits {
                http: http::Limits {
                    body_bytes_max: usize::try_from(self.api.http_body_bytes_max.0).unwrap_or(usize::MAX),
                    ..http::Limits::default()
                },
                drain_delay_ms: self.observe.drain_delay.0,
                ..self.limits.net()
            },
        })
    }

    /// What the loop may be told again while it runs. `before` is what it speaks TLS with now.
    ///
    /// # Errors
    ///
    /// As [`Config::net`].
    pub fn adjustment(&self, before: Option<&TlsIdentity>) -> Result<net::Adjustment, ConfigError> {
        Ok(self.net(before)?.into())
    }

    /// What the store keeps.
    ///
    /// # Errors
    ///
    /// As [`RetentionSettings::of`].
    pub fn retention(&self) -> Result<store::Retention, ConfigError> {
        self.retention.of(self.store)
    }

    /// Where and how the store on disk is opened.
    #[must_use]
    pub fn store(&self) -> store::Options {
        store::Options {
            durability: match self.durability {
                Durability::Full => store::Durability::Full,
                Durability::Relaxed => store::Durability::Relaxed,
            },
            ..store::Options::new(&self.data)
        }
    }
}

fn is_local(listen: &Listen) -> bool {
    match listen {
        Listen::Tcp(address) => address.ip().to_canonical().is_loopback(),
        Listen::Unix(_) => true,
    }
}
