//! The settings of the HTTP API: where its keys are, and how much may be asked.

use std::path::{Path, PathBuf};

use clap::Args;

use super::units::size;
use super::within;
use crate::base::limits;
use crate::base::units::Size;

/// The name of the file of keys, in the folder of the store.
pub const KEYS_FILE: &str = "api-keys";

/// The HTTP API for the site's own back end.
#[derive(Clone, Debug, Args)]
pub struct ApiSettings {
    /// The file with the digests of the API keys. Default: `api-keys` in the folder of --data. See: karez key --help
    #[arg(long, env = "KAREZ_API_KEYS_FILE", value_name = "PATH")]
    pub api_keys_file: Option<PathBuf>,

    /// Calls of the HTTP API that one key may make in a second.
    #[arg(long, env = "KAREZ_API_CALLS_PER_SECOND", value_name = "COUNT",
          default_value_t = limits::API_CALLS_PER_SECOND.default,
          value_parser = within(limits::API_CALLS_PER_SECOND))]
    pub api_calls_per_second: u64,

    /// The largest body of an HTTP request that is accepted.
    #[arg(long, env = "KAREZ_HTTP_BODY_BYTES_MAX", value_name = "BYTES",
          default_value_t = Size(limits::HTTP_BODY_BYTES_MAX.default), value_parser = size(limits::HTTP_BODY_BYTES_MAX))]
    pub http_body_bytes_max: Size,
}

impl ApiSettings {
    /// Where the keys are.
    #[must_use]
    pub fn keys_file(&self, data: &Path) -> PathBuf {
        self.api_keys_file.clone().unwrap_or_else(|| data.join(KEYS_FILE))
    }
}
