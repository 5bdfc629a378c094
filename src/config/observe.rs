//! The settings for whoever looks after the daemon: where metrics are, how the log looks, how it goes down.

use clap::{Args, ValueEnum};

use super::units::time;
use crate::base::limits;
use crate::base::units::Time;
use crate::net::Listen;

/// What whoever looks after the daemon sees of it.
#[derive(Clone, Debug, Args)]
pub struct ObserveSettings {
    /// Where /metrics, /livez and /readyz are served, and nothing else; as --listen. Without it /metrics is at --listen,
    /// for programs on this machine. May be given several times.
    #[arg(long, env = "KAREZ_METRICS_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub metrics_listen: Vec<Listen>,

    /// How long after SIGTERM the first farewell is said. Meanwhile /readyz already says that the end is near.
    #[arg(long, env = "KAREZ_DRAIN_DELAY", value_name = "TIME",
          default_value_t = Time(limits::DRAIN_DELAY_MS.default), value_parser = time(limits::DRAIN_DELAY_MS))]
    pub drain_delay: Time,

    /// How the lines of the log look.
    #[arg(long, env = "KAREZ_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How the lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
