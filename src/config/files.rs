//! The settings of files and images that users send.
//!
//! Tests: `tests/config/`, `tests/app/files.rs`.

use clap::Args;

use super::StoreKind;
use super::units::size;
use crate::app::FileSettings;
use crate::base::limits;
use crate::base::units::Size;

/// How much there may be of files.
#[derive(Clone, Debug, Args)]
pub struct FilesSettings {
    /// The largest file or image that a user may send; 0 is that nobody may send any.
    #[arg(long, env = "KAREZ_FILES_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::FILES_BYTES_MAX.default), value_parser = size(limits::FILES_BYTES_MAX))]
    pub files_bytes_max: Size,

    /// Bytes of all files together: when there are so many, nobody can send another (64 MiB with `--store memory`, if
    /// that is less).
    #[arg(long, env = "KAREZ_FILES_TOTAL_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::FILES_TOTAL_BYTES_MAX.default),
          value_parser = size(limits::FILES_TOTAL_BYTES_MAX))]
    pub files_total_bytes_max: Size,
}

impl FilesSettings {
    /// What the app is told for a store of this kind.
    pub(super) fn settings(&self, store: StoreKind) -> FileSettings {
        let total_bytes_max = match store {
            StoreKind::Disk => self.files_total_bytes_max.0,
            StoreKind::Memory => self.files_total_bytes_max.0.min(limits::FILES_IN_MEMORY_BYTES_MAX.default),
        };
        FileSettings { bytes_max: self.files_bytes_max.0, total_bytes_max }
    }
}
