//! The `karez` command.

fn main() {}
