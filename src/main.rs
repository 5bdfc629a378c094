//! The `karez` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    karez::cli::main()
}
