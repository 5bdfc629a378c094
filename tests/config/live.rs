//! What may change while the daemon runs.

use karez::config::{is_live, settings};

/// What a running daemon cannot change: sockets that are open, the store that is open, how it looks and goes.
const RESTART: [&str; 9] = [
    "listen",
    "data",
    "store",
    "durability",
    "ui_dir",
    "api_keys_file",
    "metrics_listen",
    "drain_delay",
    "log_format",
];

#[test]
fn every_setting_is_applied_while_it_runs_or_takes_a_restart() {
    for setting in settings() {
        let key = setting.key();
        assert_ne!(
            is_live(&key),
            RESTART.contains(&key.as_str()),
            "{key}: name it in src/config/live.rs if SIGHUP applies it, or here if it takes a restart"
        );
    }
}
