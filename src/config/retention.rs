//! The settings of retention: how much of what people write is kept, by default all of it, and how long guests are
//! known.

use clap::Args;

use super::units::{days, size};
use super::{ConfigError, StoreKind, within};
use crate::base::limits;
use crate::base::units::Size;
use crate::store::Retention;

/// A store of fewer bytes would give up everything at once: even an empty one has some.
const BYTES_MIN: u64 = 1024 * 1024;

/// How much of what is said is kept, and who.
#[derive(Clone, Debug, Default, Args)]
pub struct RetentionSettings {
    /// Days for which what is said is kept; 0 is for as long as there is room.
    #[arg(long, env = "KAREZ_RETENTION_DAYS_MAX", value_name = "DAYS",
          default_value_t = limits::RETENTION_DAYS_MAX.default, value_parser = days(limits::RETENTION_DAYS_MAX))]
    pub retention_days_max: u64,

    /// Entries that are kept of one conversation; 0 is all (1,000 with `--store memory`).
    #[arg(long, env = "KAREZ_RETENTION_ENTRIES_PER_CONVERSATION_MAX", value_name = "COUNT",
          default_value_t = limits::RETENTION_ENTRIES_PER_CONVERSATION_MAX.default,
          value_parser = within(limits::RETENTION_ENTRIES_PER_CONVERSATION_MAX))]
    pub retention_entries_per_conversation_max: u64,

    /// Bytes of the store above which the oldest of what was said goes; 0 is no limit.
    #[arg(long, env = "KAREZ_RETENTION_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::RETENTION_BYTES_MAX.default),
          value_parser = size(limits::RETENTION_BYTES_MAX))]
    pub retention_bytes_max: Size,

    /// Days after which a guest who was not here is forgotten. What the guest has said stays.
    #[arg(long, env = "KAREZ_GUEST_KEPT_DAYS", value_name = "DAYS",
          default_value_t = limits::GUEST_KEPT_DAYS.default, value_parser = days(limits::GUEST_KEPT_DAYS))]
    pub guest_kept_days: u64,
}

impl RetentionSettings {
    /// What a store of this kind keeps.
    ///
    /// # Errors
    ///
    /// Bytes of a store that has none, or too few of them.
    pub fn of(&self, store: StoreKind) -> Result<Retention, ConfigError> {
        let limit = |max: u64| (max > 0).then_some(max);
        let retention = Retention {
            days_max: limit(self.retention_days_max),
            entries_per_conversation_max: limit(self.retention_entries_per_conversation_max),
            bytes_max: limit(self.retention_bytes_max.0),
        };
        let (size, least) = (self.retention_bytes_max, Size(BYTES_MIN));
        match (retention.bytes_max, store) {
            (Some(_), StoreKind::Memory) => Err(ConfigError(format!(
                "--retention-bytes-max {size}: a store in memory has no file whose bytes could be counted; say \
                 --retention-entries-per-conversation-max, or --store disk"
            ))),
            (Some(bytes), StoreKind::Disk) if bytes < BYTES_MIN => Err(ConfigError(format!(
                "--retention-bytes-max {size}: an empty store has some too; say {least} or more, or 0 for no \
                 limit"
            ))),
            _ => Ok(retention),
        }
    }
}
