//! `karez forget`: deletes a person, with a report of what went.
//!
//! Where a key is given, a running daemon does it (`DELETE /v1/users/{uid}`), and is asked again until every text is out
//! of its store. Without a key it is done on the store itself, which no daemon may be using: the core does it here as it
//! would there, so that the groups of the person get new owners by the same rules.
//! Tests: `tests/app/remote.rs`.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::remote::{Keyed, part};
use super::{Failure, RUNTIME, STORE_UNUSABLE, print, say, token};
use crate::app::offline;
use crate::chat;
use crate::chat::ids::Id;
use crate::chat::output::ForgetReport;
use crate::store::{Options, Sqlite, Storage};

/// Between two looks at how far the daemon has come.
const PAUSE: Duration = Duration::from_millis(500);

/// Whom.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  karez forget --data /var/lib/karez 1002         on the store, while no daemon \
                        runs\n  karez forget --key-file key 1002                by a daemon that runs; the key needs the \
                        scope manage\n\nIt cannot be taken back. A backup that was made before still has everything."
)]
pub(super) struct Forget {
    #[command(flatten)]
    keyed: Keyed,

    /// The folder of the store, for when no daemon runs.
    #[arg(long, env = "KAREZ_DATA", value_name = "FOLDER", default_value = "karez-data")]
    data: PathBuf,

    /// Who is deleted.
    #[arg(value_parser = token::id)]
    uid: Id,
}

/// Prints the report as JSON.
pub(super) fn run(forget: &Forget) -> Result<(), Failure> {
    let report = match forget.keyed.key()? {
        Some(key) => by_daemon(forget, &key)?,
        None => on_store(forget)?,
    };
    print(&report.to_string())
}

fn by_daemon(forget: &Forget, key: &str) -> Result<Value, Failure> {
    let path = format!("/v1/users/{}", part(&forget.uid));
    loop {
        let report = forget.keyed.remote.call(key, "DELETE", &path, None)?;
        if report.get("done") == Some(&Value::Bool(true)) {
            return Ok(report);
        }
        thread::sleep(PAUSE);
    }
}

fn on_store(forget: &Forget) -> Result<Value, Failure> {
    let options = Options::new(&forget.data);
    if !options.file().exists() {
        let words = format!("there is no store in {}; choose its folder with --data", forget.data.display());
        return Err(Failure { code: STORE_UNUSABLE, words });
    }
    let mut store = Sqlite::open(&options).map_err(|error| Failure {
        code: STORE_UNUSABLE,
        words: format!("{error}\nIf a daemon runs on it, that one must do it: --key-file, and perhaps --url"),
    })?;
    let failure = |words: String| Failure { code: RUNTIME, words };
    let report = offline::forget(&mut store, chat::Limits::default(), &forget.uid)
        .map_err(|error| failure(error.to_string()))?;
    store.close().map_err(|error| failure(format!("the store did not close well: {error}")))?;
    say(&format!("{} is forgotten in {}", forget.uid, store.file().display()));
    Ok(json_of(&forget.uid, &report))
}

/// As the API says it.
fn json_of(uid: &Id, report: &ForgetReport) -> Value {
    let answer = crate::wire::api::render(&chat::output::Answer::Forgotten { uid, report: *report });
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!({}))
}
