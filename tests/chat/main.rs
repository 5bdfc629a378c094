//! Stories about the chat core: one file per behaviour.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

#[path = "../sim/lines.rs"]
mod lines;
#[path = "../sim/net.rs"]
#[allow(dead_code)]
mod net;
mod story;

mod banning;
mod block;
mod broadcast;
mod calls;
mod conversations;
mod cursor;
mod desk_calls;
mod desk_canned;
mod desk_duty;
mod desk_figures;
mod desk_files;
mod desk_forgetting;
mod desk_graces;
mod desk_hours;
mod desk_idle;
mod desk_lists;
mod desk_notes;
mod desk_opening;
mod desk_queue;
mod desk_rating;
mod desk_routing;
mod desk_settings;
mod desk_standing;
mod desk_story;
mod desk_tags;
mod desk_talk;
mod desk_transfer;
mod desk_words;
mod erasure;
mod expiry;
mod files;
mod forgetting;
mod govern;
mod group;
mod history;
mod limits;
mod listing;
mod login;
mod members;
mod offline;
mod overview;
mod parking;
mod permission;
mod pm;
mod presence;
mod push;
mod rate;
mod recall;
mod resend;
mod resume;
mod rollback;
mod sanctions;
mod search;
mod typing;
mod words;
