//! The daemon as its users meet it: the app in the loop, turned by hand, and the real programs over sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod api;
mod api_batch;
mod api_calls;
mod api_idempotency;
mod api_keys;
mod api_lists;
mod api_push;
mod api_stats;
mod backup;
mod binary;
mod client;
mod commits;
mod crash;
#[cfg(target_os = "linux")]
mod descriptors;
mod desk;
mod desk_peers;
mod examples;
#[cfg(target_os = "linux")]
mod faults;
mod files;
mod files_gone;
mod files_user;
mod full;
#[cfg(target_os = "linux")]
mod handed;
mod health;
mod kept;
mod logins;
mod logs;
mod metrics;
mod metrics_page;
mod pages;
mod process;
mod reload;
mod remote;
mod returning;
mod scrape;
mod sessions;
mod settings;
mod slow;
mod supervisor;
mod tidy;
mod tls;
mod tokens;
mod widget;
mod world;
