//! The command: from its arguments to an exit code.
//!
//! Settings come in layers (`config/layers.rs`); which commands look at them is said in `Command::has_settings`.
//! Data goes to standard output, words to standard error. Tests: `tests/app/binary.rs`, `tests/app/settings.rs`.

mod backup;
mod forget;
mod key;
mod log_format;
mod logger;
mod reload;
mod remote;
mod send;
mod settings;
mod status;
mod tail;
mod token;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::{App, Guests, Settings, StartError, Supervisor};
use crate::auth::JwtKey;
use crate::auth::jwt::Algorithm;
use crate::base::limits;
use crate::config::{Config, ConfigError, Durability, Layers, LayersError, StoreKind, locate};
use crate::net::{self, BindError, Handed, Listen, Server};
use crate::store::{self, Memory, Sqlite, Storage};

/// The command line: the settings alone serve, and so do they behind `serve`.
#[derive(Debug, Parser)]
#[command(
    name = "karez",
    version,
    about = "Karez (坎儿井): chat rooms and private messages over WebSocket, in one small daemon",
    before_help = "Examples:\n  karez                                     the chat on http://127.0.0.1:8282/\n  \
                   karez --listen 0.0.0.0:8282 --guests yes  the same for everybody who can reach the machine",
    after_help = "Exit codes: 0 ended as asked, 1 failed while running, 2 wrong usage, 65 store not to be used, 69 \
                  address not to be had or nobody there, 78 settings that are wrong or contradict each other.\n\nSettings: a flag wins \
                  over the environment, the environment over the file of --config, that over the default. Every \
                  setting with its default: karez gen-config",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    config: Config,

    /// A file with settings. Default: ./karez.toml, or else /etc/karez/karez.toml, if it is there; an empty name is
    /// none.
    #[arg(long = "config", env = "KAREZ_CONFIG", value_name = "FILE", global = true)]
    config_file: Option<OsString>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves, as `karez` alone does.
    Serve(Box<Config>),
    /// Makes a token for trying things out, or says why one is refused.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Makes, lists and revokes the keys of the HTTP API.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Copies the store, and the files that users have sent, into one file, while a daemon serves from it or not.
    Backup(backup::Backup),
    /// Puts such a copy in the place of the store and the files. No daemon may be running; the old store is kept.
    Restore(backup::Restore),
    /// Says how a daemon is that runs.
    Status(status::Status),
    /// Prints what is said, as it is said.
    Tail(tail::Tail),
    /// Says something in a group or to a user.
    Send(send::Send),
    /// Deletes a person, with everything that is kept of one, and reports what went.
    Forget(forget::Forget),
    /// Looks for mistakes in a file of settings, as a start with it would, and starts nothing.
    CheckConfig(settings::CheckConfig),
    /// Prints a file with every setting, commented out at its default.
    GenConfig,
    /// Prints the completions for a shell.
    Completions(settings::Completions),
    /// Prints the manual page.
    Man,
    /// Prints the version.
    Version(settings::Version),
}

impl Command {
    /// Whether it is told settings, so that it needs the file with them.
    fn has_settings(&self) -> bool {
        match self {
            Command::Serve(_)
            | Command::Token(_)
            | Command::Key(_)
            | Command::Backup(_)
            | Command::Restore(_) => true,
            Command::Status(_)
            | Command::Tail(_)
            | Command::Send(_)
            | Command::Forget(_)
            | Command::CheckConfig(_)
            | Command::GenConfig
            | Command::Completions(_)
            | Command::Man
            | Command::Version(_) => false,
        }
    }
}

/// Why the daemon did not start, or did not go on: words for the operator and an exit code (sysexits.h).
#[derive(Debug)]
struct Failure {
    code: u8,
    words: String,
}

const RUNTIME: u8 = 1;
const STORE_UNUSABLE: u8 = 65;
const UNAVAILABLE: u8 = 69;
const CONFIG: u8 = 78;

impl Failure {
    fn config(error: &ConfigError) -> Failure {
        Failure { code: CONFIG, words: error.to_string() }
    }
}

/// Reads the arguments and serves until it is told to end.
#[must_use]
pub fn main() -> ExitCode {
    match run(std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("karez: {}", failure.words));
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: Vec<OsString>) -> Result<(), Failure> {
    let layers = Layers::new(Cli::command(), arguments);
    let above = layers.above().map_err(refused)?;
    let cli = parsed(&above)?;
    if cli.command.as_ref().is_some_and(|command| !command.has_settings()) {
        return run_without_settings(cli);
    }
    let file = locate(cli.config_file.as_deref());
    let matches = match &file {
        Some(file) => layers.over(file).map_err(refused)?.0,
        None => above,
    };
    let given = Given { layers, matches, file };
    match parsed(&given.matches)? {
        Cli { command: None, config, .. } => serve(&config, given),
        Cli { command: Some(Command::Serve(config)), .. } => serve(&config, given),
        Cli { command: Some(Command::Token(command)), .. } => token::run(command),
        Cli { command: Some(Command::Key(command)), .. } => key::run(command),
        Cli { command: Some(Command::Backup(command)), .. } => backup::back_up(&command),
        Cli { command: Some(Command::Restore(command)), .. } => backup::restore(&command),
        cli => run_without_settings(cli),
    }
}

fn run_without_settings(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Some(Command::Status(status)) => status::run(&status),
        Some(Command::Tail(tail)) => tail::run(&tail),
        Some(Command::Send(send)) => send::run(&send),
        Some(Command::Forget(forget)) => forget::run(&forget),
        Some(Command::CheckConfig(check)) => settings::check(&check, cli.config_file.as_deref()),
        Some(Command::Completions(completions)) => settings::completions(&completions),
        Some(Command::Man) => settings::man(),
        Some(Command::Version(version)) => settings::version(&version),
        Some(Command::GenConfig) => settings::generate(),
        // Settled before.
        None
        | Some(
            Command::Serve(_)
            | Command::Token(_)
            | Command::Key(_)
            | Command::Backup(_)
            | Command::Restore(_),
        ) => Ok(()),
    }
}

/// What the daemon was told, to be read again.
struct Given {
    layers: Layers,
    matches: ArgMatches,
    file: Option<PathBuf>,
}

/// The command line as values. What clap has let through is one.
fn parsed(matches: &ArgMatches) -> Result<Cli, Failure> {
    Cli::from_arg_matches(matches).map_err(|error| refused(LayersError::Usage(error)))
}

/// Wrong usage ends here, with exit code 2 and clap's words; so does who asks for help, with 0.
fn refused(error: LayersError) -> Failure {
    match error {
        LayersError::Usage(error) => error.exit(),
        error => Failure { code: CONFIG, words: error.to_string() },
    }
}

fn serve(config: &Config, given: Given) -> Result<(), Failure> {
    let levels =
        logger::start(&config.log, config.observe.log_format).map_err(|error| Failure::config(&error))?;
    let handed = Handed::take().map_err(|error| bind_failure(&BindError::Handed(error)))?;
    let addresses = handed.addresses().map_err(|error| bind_failure(&BindError::Handed(error)))?;
    let mut config = config.clone();
    if !addresses.is_empty() {
        log::info!("listening where the service manager does; --listen is passed over");
        config.listen = addresses;
    }
    let config = &config;
    let settings = config.settings().map_err(|error| Failure::config(&error))?;
    let retention = config.retention().map_err(|error| Failure::config(&error))?;
    let net = config.net(None).map_err(|error| Failure::config(&error))?;
    let reload = reload::Rereader::new(given, config.clone(), net.tls.clone(), levels);
    let begun = Begun { handed, net, reload };
    match config.store {
        StoreKind::Memory => {
            let store = Memory::new(limits::ENTRIES_PER_CONVERSATION_MAX.count()).with_retention(retention);
            let line = "in memory: what is said is forgotten when the daemon ends";
            serve_from(store, line, config, settings, begun)
        }
        StoreKind::Disk => {
            let store = Sqlite::open(&store::Options { retention, ..config.store() })
                .map_err(|error| Failure { code: STORE_UNUSABLE, words: error.to_string() })?;
            let file = std::path::absolute(store.file()).unwrap_or_else(|_| store.file().to_owned());
            let line = match config.durability {
                Durability::Full => file.display().to_string(),
                Durability::Relaxed => {
                    format!("{} (RELAXED: a power cut may lose the last second or so)", file.display())
                }
            };
            serve_from(store, &line, config, settings, begun)
        }
    }
}

/// What a start has made before there is a server.
struct Begun {
    handed: Handed,
    net: net::Config,
    reload: reload::Rereader,
}

fn serve_from<S: Storage>(
    store: S,
    store_line: &str,
    config: &Config,
    settings: Settings,
    begun: Begun,
) -> Result<(), Failure> {
    let (guests, tokens) = (settings.guests, settings.token_key.as_ref().map(JwtKey::algorithm));
    let app = App::new(settings, store).map_err(|error| Failure {
        code: if matches!(error, StartError::Store(_)) { STORE_UNUSABLE } else { RUNTIME },
        words: error.to_string(),
    })?;
    let Begun { handed, net, reload } = begun;
    let file = reload.file().map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    let app = app.with_reload(Box::new(reload));
    let schemes = if net.tls.is_some() { ("https", "wss") } else { ("http", "ws") };
    let app = app.supervised_by(Supervisor::from_environment());
    let mut server = Server::bind_with(handed, net, app).map_err(|error| bind_failure(&error))?;
    greet(&server, schemes, store_line);
    match file {
        Some(file) => say(&format!("  settings  {}", file.display())),
        None => say("  settings  defaults, environment and flags; all that there are: karez gen-config"),
    }
    greet_about_logins(config, guests, tokens);
    greet_about_keys(config);
    // A turn that waits for nobody: what comes round by the clock is set going.
    let served = server.turn(Some(Duration::ZERO)).and_then(|_| server.run());
    let closed = server.handler_mut().store_mut().close();
    served.map_err(|error| Failure { code: RUNTIME, words: format!("the event loop failed: {error}") })?;
    closed.map_err(|error| Failure { code: RUNTIME, words: format!("the store did not close well: {error}") })
}

/// What can be done about an address that cannot be listened on.
fn bind_failure(error: &BindError) -> Failure {
    let advice = match error {
        BindError::Listen(listen, cause) => match cause.kind() {
            io::ErrorKind::AddrInUse => format!(
                "\nAnother program listens there, perhaps another karez. End it, or choose another address: \
                 karez --listen {}",
                next_to(listen)
            ),
            io::ErrorKind::AddrNotAvailable => "\nThis machine does not have that address.".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "\nPorts under 1024, and other people's folders, are for root: choose another.".to_owned()
            }
            _ => String::new(),
        },
        BindError::TooFewDescriptors(_) => "\nRaise it: ulimit -n 65536".to_owned(),
        BindError::Handed(_) | BindError::Setup(_) => String::new(),
    };
    let code = match error {
        BindError::Listen(..) | BindError::Handed(_) => UNAVAILABLE,
        BindError::TooFewDescriptors(_) | BindError::Setup(_) => RUNTIME,
    };
    Failure { code, words: format!("{error}{advice}") }
}

fn next_to(listen: &Listen) -> String {
    match listen {
        Listen::Tcp(address) => format!("{}:{}", address.ip(), address.port().saturating_add(1)),
        Listen::Unix(path) => format!("unix:{}.2", path.display()),
    }
}

/// What a newcomer needs to know, on standard error: standard output is for data.
fn greet<S: Storage>(server: &Server<App<S>>, (page, websocket): (&str, &str), store_line: &str) {
    say(&format!(
        "karez {} serves up to {} connections",
        env!("CARGO_PKG_VERSION"),
        server.connections_max()
    ));
    for listen in server.addresses() {
        match listen {
            Listen::Tcp(address) => {
                // Everybody's address is nobody's: a browser here reaches it under this name.
                let host = match address.ip() {
                    ip if !ip.is_unspecified() => address.to_string(),
                    ip if ip.is_ipv6() => format!("[::1]:{}", address.port()),
                    _ => format!("127.0.0.1:{}", address.port()),
                };
                say(&format!("  page      {page}://{host}/"));
                say(&format!(
                    "  terminal  (echo '{{\"type\":\"login\",\"content\":\"login\"}}'; \
                     echo '{{\"type\":\"group\",\"content\":\"hello\",\"gid\":123}}'; cat) | websocat {websocket}://{host}/ws"
                ));
            }
            Listen::Unix(path) => say(&format!("  socket    {}", path.display())),
        }
    }
    for listen in server.side_addresses() {
        match listen {
            Listen::Tcp(address) if address.ip().is_loopback() => {
                say(&format!("  metrics   http://{address}/metrics"));
            }
            Listen::Tcp(address) => {
                say(&format!(
                    "  metrics   http://{address}/metrics (EVERYBODY who can connect may read them)"
                ));
            }
            Listen::Unix(path) => say(&format!("  metrics   {}", path.display())),
        }
    }
    say(&format!("  store     {store_line}"));
}

/// How people log in.
fn greet_about_logins(config: &Config, guests: Guests, tokens: Option<Algorithm>) {
    if let Some(algorithm) = tokens {
        say(&format!("  tokens    JWT of your site, {}; try: karez token --help", algorithm.as_str()));
    }
    match (guests, config.is_local()) {
        (Guests::Refused, _) => say("  guests    none: without a token nobody logs in"),
        (Guests::Welcome, true) => say("  guests    whoever connects may log in without a token"),
        (Guests::Welcome, false) => say("  guests    EVERYBODY who can connect may log in as a guest"),
    }
}

/// How the site's back end comes in.
fn greet_about_keys(config: &Config) {
    let file = config.api.keys_file(&config.data);
    let file = std::path::absolute(&file).unwrap_or(file);
    say(&format!(
        "  api       curl -H 'Authorization: Bearer KEY' .../v1/stats; a key: karez key create; they are in {}",
        file.display()
    ));
}

/// A line of data.
fn print(line: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}")
        .map_err(|error| Failure { code: RUNTIME, words: format!("standard output: {error}") })
}

/// Standard error may be closed; then there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
