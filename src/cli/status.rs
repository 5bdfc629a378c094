//! `karez status`: how a running daemon is.
//!
//! With a key the figures are those of `GET /v1/stats`. Without one they are the metrics without labels, which the
//! daemon tells whoever asks from its own machine. Whether it is ready, everybody is told.
//! Tests: `tests/app/remote.rs`.

use clap::Args;
use serde_json::{Map, Value};

use super::remote::{Keyed, plain};
use super::{Failure, RUNTIME, print};

/// Which daemon, and in which form.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  karez status                            on the machine of the daemon\n  karez status \
                        --json --key-file key \\\n    --url https://chat.example.org        from anywhere"
)]
pub(super) struct Status {
    #[command(flatten)]
    keyed: Keyed,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the figures. A daemon that is not ready is exit code 1, with the figures all the same.
pub(super) fn run(status: &Status) -> Result<(), Failure> {
    let remote = &status.keyed.remote;
    let ready = remote.ask(None, "GET", "/readyz", None)?;
    let is_ready = ready.status == 200;
    let mut figures = Map::new();
    figures.insert("ready".to_owned(), Value::Bool(is_ready));
    match status.keyed.key()? {
        Some(key) => match remote.call(&key, "GET", "/v1/stats", None)? {
            Value::Object(stats) => figures.extend(stats),
            _ => return Err(unknown()),
        },
        None => figures.extend(remote_metrics(status)?),
    }
    if status.json {
        print(&Value::Object(figures).to_string())?;
    } else {
        for (name, value) in &figures {
            print(&format!("{:<36} {}", plain(name), plain(&value.to_string())))?;
        }
    }
    if is_ready {
        return Ok(());
    }
    let words = plain(String::from_utf8_lossy(&ready.body).trim());
    Err(Failure { code: RUNTIME, words: format!("the daemon is not ready: {words}") })
}

fn unknown() -> Failure {
    Failure { code: RUNTIME, words: "the answer is none of this daemon's".to_owned() }
}

fn remote_metrics(status: &Status) -> Result<Map<String, Value>, Failure> {
    let answer = status.keyed.remote.ask(None, "GET", "/metrics", None)?;
    if answer.status != 200 {
        return Err(Failure {
            code: RUNTIME,
            words: "the daemon tells its figures only on its own machine, or for a key: --key-file"
                .to_owned(),
        });
    }
    let text = String::from_utf8(answer.body).map_err(|_| unknown())?;
    Ok(without_labels(&text))
}

/// The samples of a text exposition that have no labels.
fn without_labels(text: &str) -> Map<String, Value> {
    let samples = text.lines().filter(|line| !line.starts_with('#') && !line.contains('{'));
    let pairs = samples.filter_map(|line| line.split_once(' '));
    let is_of_histogram = |name: &str| name.ends_with("_sum") || name.ends_with("_count");
    pairs
        .filter(|(name, _)| !is_of_histogram(name))
        .filter_map(|(name, value)| Some((name.to_owned(), serde_json::from_str(value.trim()).ok()?)))
        .collect()
}
