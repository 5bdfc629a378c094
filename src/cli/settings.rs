//! The commands about settings and about the command itself: `check-config`, `gen-config`, `completions`, `man`,
//! `version`. None of them touches the store or a socket.
//!
//! Tests: `tests/app/settings.rs`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

use clap::{Args, CommandFactory};
use serde::Serialize;

use super::{CONFIG, Cli, Failure, RUNTIME, logger, parsed, refused, say};
use crate::config::{Layers, locate, sample};

/// Which file.
#[derive(Clone, Debug, Args)]
pub(super) struct CheckConfig {
    /// The file. Default: the one that a start would read.
    #[arg(value_name = "FILE")]
    file: Option<OsString>,
}

/// Which shell.
#[derive(Clone, Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

/// In which form.
#[derive(Clone, Debug, Args)]
pub(super) struct Version {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Says what a start with the file would say against its settings.
pub(super) fn check(check: &CheckConfig, named: Option<&OsStr>) -> Result<(), Failure> {
    let Some(file) = locate(check.file.as_deref().or(named)) else {
        return Err(Failure { code: CONFIG, words: "there is no file of settings; name one".to_owned() });
    };
    // As `karez serve` would be told, with the environment as it is here.
    let arguments = ["karez", "serve"].map(OsString::from);
    let layers = Layers::new(Cli::command(), arguments.to_vec());
    let (matches, values) = layers.over(&file).map_err(refused)?;
    let mistakes = match parsed(&matches)?.command {
        Some(super::Command::Serve(config)) => [
            logger::filter(&config.log).err(),
            config.settings().err(),
            config.retention().err(),
            config.net(None).err(),
        ],
        _ => [const { None }; 4],
    };
    let lines: Vec<_> =
        mistakes.into_iter().flatten().map(|error| format!("{}: {error}", file.display())).collect();
    if !lines.is_empty() {
        return Err(Failure { code: CONFIG, words: lines.join("\n") });
    }
    say(&format!("{}: good, {} settings", file.display(), values.len()));
    Ok(())
}

/// Prints the commented file.
pub(super) fn generate() -> Result<(), Failure> {
    print(sample().as_bytes())
}

/// Prints the completions of a shell.
pub(super) fn completions(completions: &Completions) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(completions.shell, &mut Cli::command(), "karez", &mut bytes);
    print(&bytes)
}

/// Prints the manual page.
pub(super) fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    write_man(&mut page)
        .map_err(|error| Failure { code: RUNTIME, words: format!("the manual page: {error}") })?;
    print(&page)
}

fn write_man(out: &mut Vec<u8>) -> io::Result<()> {
    let page = clap_mangen::Man::new(Cli::command()).manual("Karez");
    page.render_title(out)?;
    page.render_name_section(out)?;
    // The generated ones would name every setting in one line, and pages of commands that there are not.
    out.write_all(SYNOPSIS.as_bytes())?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    writeln!(
        out,
        ".SH COMMANDS\nWhat each of them takes is said by \\fBkarez\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR."
    )?;
    for command in Cli::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(out, ".TP\n\\fB{}\\fR\n{}.", roff(command.get_name()), roff(&about))?;
    }
    out.write_all(FILES.as_bytes())
}

/// A text in which nothing is an order to the formatter.
fn roff(text: &str) -> String {
    text.replace('\\', "\\(rs").replace('-', "\\-")
}

const SYNOPSIS: &str = "\
.SH SYNOPSIS
\\fBkarez\\fR [\\fIOPTIONS\\fR]
.br
\\fBkarez\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]
";

const FILES: &str = "\
.SH EXAMPLES
.TP
\\fBkarez\\fR
The chat on http://127.0.0.1:8282/
.TP
\\fBkarez \\-\\-listen 0.0.0.0:8282 \\-\\-guests yes\\fR
The same for everybody who can reach the machine.
.SH FILES
.TP
\\fI./karez.toml\\fR, \\fI/etc/karez/karez.toml\\fR
The first of them that is there has the settings, if \\-\\-config names no other. Keys are the long names of the options
with _ for \\-; a file with all of them: \\fBkarez gen\\-config\\fR.
.SH EXIT STATUS
.TP
0
Ended as asked.
.TP
1
Failed while running.
.TP
2
Wrong usage of the command line.
.TP
65
The store cannot be used.
.TP
69
An address cannot be listened on, or nobody answers.
.TP
78
Settings that are wrong or contradict each other.
.SH SIGNALS
.TP
SIGHUP
The settings are read again. If anything in them is wrong, everything stays as it is.
.TP
SIGTERM, SIGINT
Every client is told, and the daemon ends; a second one ends it at once.
";

#[derive(Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
    sqlite: &'static str,
    system: &'static str,
    machine: &'static str,
}

/// Prints the version.
pub(super) fn version(version: &Version) -> Result<(), Failure> {
    let about = About {
        name: "karez",
        version: env!("CARGO_PKG_VERSION"),
        sqlite: rusqlite::version(),
        system: std::env::consts::OS,
        machine: std::env::consts::ARCH,
    };
    let text = if version.json {
        serde_json::to_string(&about)
            .map_err(|error| Failure { code: RUNTIME, words: format!("the version: {error}") })?
    } else {
        format!(
            "{} {}\nSQLite {}, {} on {}",
            about.name, about.version, about.sqlite, about.system, about.machine
        )
    };
    print(format!("{text}\n").as_bytes())
}

/// Standard output may be a pipe whose reader has seen enough: that is no failure.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure { code: RUNTIME, words: format!("standard output: {error}") })
        }
        _ => Ok(()),
    }
}
