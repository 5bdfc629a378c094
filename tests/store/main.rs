//! One suite that every store passes, and what is particular to each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod answers;
mod backup;
mod bans;
mod checkpoints;
mod common;
mod desk;
mod desk_common;
mod desk_talk;
mod files;
mod folder;
mod forgotten;
mod governing;
mod groups;
mod guests;
mod index;
mod listing;
mod memory;
mod opening;
mod pages;
mod probe;
mod pushes;
mod reading;
mod recall;
mod retention;
mod search;
mod sends;
mod sqlite;
mod suite;
mod waiting;
