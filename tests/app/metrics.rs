//! Each metric moves by what it counts, and none by what clients call things.

use std::time::Duration;

use karez::net::AddressExemption;
use karez::store::{Options, Sqlite};
use karez::ws::Opcode;

use crate::api::Site;
use crate::client::*;
use crate::files_user::upload_and_download;
use crate::process::*;
use crate::scrape::*;
use crate::world::*;

/// Does something that must move the samples.
type Deed = fn(&mut World, &mut Vec<Client>);
/// What is to move, under which arguments, and by what.
type Case = (&'static [&'static str], &'static [&'static str], Deed);

const QUICK: &[&str] = &["--messages-per-second", "100000", "--messages-burst", "100000"];

/// A guest says these things.
fn says(world: &mut World, clients: &mut Vec<Client>, messages: &[&str]) {
    let (mut guest, _) = world.guest();
    messages.iter().for_each(|message| guest.say(message));
    world.settle();
    clients.push(guest);
}

/// A member who does not read, and what is too much for its queue.
fn flood(world: &mut World, clients: &mut Vec<Client>, times: usize) {
    let [mut speaker, mut deaf] = world.guests();
    socket2::SockRef::from(&deaf.stream).set_recv_buffer_size(16 * 1024).unwrap();
    deaf.say(r#"{"type":"join","gid":123}"#);
    world.settle();
    let loud = format!(r#"{{"type":"group","gid":123,"content":"{}"}}"#, "k".repeat(30_000));
    for _ in 0..times {
        speaker.say(&loud);
        world.settle();
        while speaker.pull() {}
    }
    clients.extend([speaker, deaf]);
}

const CASES: &[Case] = &[
    (
        &[
            r#"karez_connections{state="open"}"#,
            "karez_connections_accepted_total",
            "karez_connections_opened_total",
            "karez_receive_bytes_total",
            "karez_transmit_bytes_total",
            "karez_http_requests_total",
            "karez_loop_turn_duration_seconds_count",
            "karez_loop_turn_duration_seconds_sum",
            r#"karez_loop_turn_duration_seconds_bucket{le="+Inf"}"#,
        ],
        &[],
        |world, clients| clients.push(world.open()),
    ),
    (&[r#"karez_connections{state="handshaking"}"#], &[], |world, clients| {
        clients.push(world.dial());
        world.settle();
    }),
    (
        &[
            r#"karez_connections{state="closing"}"#,
            r#"karez_connections_closed_total{reason="told"}"#,
            r#"karez_messages_received_total{kind="login"}"#,
            r#"karez_requests_refused_total{code="unauthorized"}"#,
            r#"karez_messages_delivered_total{kind="error"}"#,
            "karez_failed_logins_total",
            r#"karez_byes_total{code="unauthorized"}"#,
        ],
        &[],
        |world, clients| {
            let mut client = world.open();
            client.say(r#"{"type":"login","token":"nonsense"}"#);
            world.settle();
            clients.push(client);
        },
    ),
    (&[r#"karez_connections_closed_total{reason="peer"}"#], &[], |world, clients| {
        let mut client = world.open();
        client.send(&close(1000));
        world.settle();
        clients.push(client);
    }),
    (&[r#"karez_connections_closed_total{reason="failed"}"#], &[], |world, clients| {
        let mut client = world.open();
        client.send(&[0xff; 8]);
        world.settle();
        clients.push(client);
    }),
    (&[r#"karez_connections_closed_total{reason="lost"}"#], &[], |world, _| {
        drop(world.open());
        world.settle();
    }),
    (
        &[r#"karez_connections_closed_total{reason="silent"}"#, "karez_deadlines_late_total"],
        &[],
        |world, clients| {
            clients.push(world.open());
            // The whole loop stands still for longer than ping and patience take.
            std::thread::sleep(Duration::from_millis(2_500));
            world.settle();
        },
    ),
    (
        &[
            r#"karez_messages_received_total{kind="unreadable"}"#,
            r#"karez_messages_received_total{kind="ping"}"#,
            r#"karez_requests_refused_total{code="bad_json"}"#,
            r#"karez_requests_refused_total{code="login_required"}"#,
            r#"karez_requests_refused_total{code="unknown_type"}"#,
            r#"karez_requests_refused_total{code="bad_request"}"#,
        ],
        &[],
        |world, clients| {
            let mut client = world.open();
            for message in [
                "{",
                r#"{"type":"ping"}"#,
                r#"{"type":"x"}"#,
                r#"{"type":"join"}"#,
                r#"{"type":"groups","my":true}"#,
            ] {
                client.say(message);
            }
            client.say(r#"{"type":"join","gid":1}"#);
            world.settle();
            clients.push(client);
        },
    ),
    (
        &[
            r#"karez_messages_received_total{kind="refresh"}"#,
            r#"karez_messages_received_total{kind="join"}"#,
            r#"karez_messages_received_total{kind="leave"}"#,
            r#"karez_messages_received_total{kind="members"}"#,
            r#"karez_messages_received_total{kind="group"}"#,
            r#"karez_messages_received_total{kind="govern"}"#,
            r#"karez_messages_received_total{kind="groups"}"#,
            r#"karez_messages_received_total{kind="profile"}"#,
            r#"karez_messages_received_total{kind="block"}"#,
            r#"karez_messages_received_total{kind="pm"}"#,
            r#"karez_messages_received_total{kind="history"}"#,
            r#"karez_messages_received_total{kind="recall"}"#,
            r#"karez_messages_received_total{kind="conversations"}"#,
            r#"karez_messages_received_total{kind="read"}"#,
            r#"karez_messages_received_total{kind="search"}"#,
            r#"karez_messages_received_total{kind="broadcast"}"#,
            r#"karez_messages_received_total{kind="typing"}"#,
            r#"karez_messages_received_total{kind="presence"}"#,
            r#"karez_messages_delivered_total{kind="session"}"#,
            r#"karez_messages_delivered_total{kind="group"}"#,
            r#"karez_messages_delivered_total{kind="pm"}"#,
            r#"karez_messages_delivered_total{kind="broadcast"}"#,
            r#"karez_messages_delivered_total{kind="ack"}"#,
            r#"karez_messages_delivered_total{kind="membership"}"#,
            r#"karez_messages_delivered_total{kind="page"}"#,
            r#"karez_messages_delivered_total{kind="read"}"#,
            r#"karez_messages_delivered_total{kind="typing"}"#,
            r#"karez_messages_delivered_total{kind="presence"}"#,
            r#"karez_requests_refused_total{code="not_found"}"#,
            r#"karez_requests_refused_total{code="conflict"}"#,
            "karez_users_online",
            "karez_sessions",
            "karez_groups",
            "karez_store_commit_duration_seconds_count",
            "karez_store_commit_duration_seconds_sum",
            r#"karez_store_commit_duration_seconds_bucket{le="+Inf"}"#,
        ],
        &["--broadcast", "anyone"],
        |world, clients| {
            let (mut other, _) = world.guest();
            other.say(r#"{"type":"join","gid":7}"#);
            world.settle();
            clients.push(other);
            says(
                world,
                clients,
                &[
                    r#"{"type":"join","gid":7}"#,
                    r#"{"type":"group","gid":7,"content":"hi","id":"1"}"#,
                    r#"{"type":"pm","uid":1001,"content":"psst"}"#,
                    r#"{"type":"members","gid":7}"#,
                    r#"{"type":"kick","gid":99,"uid":1}"#,
                    r#"{"type":"groups"}"#,
                    r#"{"type":"profile","name":"Ann"}"#,
                    r#"{"type":"block","uid":1001,"on":false}"#,
                    r#"{"type":"history","gid":7}"#,
                    r#"{"type":"recall","gid":7,"seq":1}"#,
                    r#"{"type":"conversations"}"#,
                    r#"{"type":"read","gid":7,"seq":1}"#,
                    r#"{"type":"search","q":"hi"}"#,
                    r#"{"type":"broadcast","content":"all"}"#,
                    r#"{"type":"typing","gid":7}"#,
                    r#"{"type":"presence","uids":[1001]}"#,
                    r#"{"type":"leave","gid":7}"#,
                    r#"{"type":"refresh","token":"nonsense"}"#,
                    r#"{"type":"login"}"#,
                ],
            );
        },
    ),
    (
        &[
            r#"karez_requests_refused_total{code="rate_limited"}"#,
            r#"karez_requests_refused_total{code="too_large"}"#,
            r#"karez_requests_refused_total{code="forbidden"}"#,
        ],
        &["--messages-burst", "3", "--messages-per-second", "1"],
        |world, clients| {
            let long = format!(r#"{{"type":"search","q":"{}"}}"#, "x".repeat(1_000));
            says(world, clients, &[&long, r#"{"type":"broadcast","content":"x"}"#]);
            says(world, clients, &[r#"{"type":"typing","gid":1}"#; 10]);
        },
    ),
    (&[r#"karez_requests_refused_total{code="muted"}"#], QUICK, |world, clients| {
        let [mut owner, mut member] = world.guests();
        for (who, message) in [
            (true, r#"{"type":"join","gid":7}"#),
            (false, r#"{"type":"join","gid":7}"#),
            (true, r#"{"type":"mute","gid":7,"uid":1002}"#),
            (false, r#"{"type":"group","gid":7,"content":"hi"}"#),
        ] {
            if who {
                owner.say(message)
            } else {
                member.say(message)
            }
            world.settle();
        }
        clients.extend([owner, member]);
    }),
    (
        &[
            r#"karez_requests_refused_total{code="internal"}"#,
            r#"karez_messages_dropped_total{reason="not_stored"}"#,
            "karez_store_failures_total",
        ],
        &[],
        |world, clients| {
            let (mut guest, _) = world.guest();
            world.fail_next_commit();
            guest.say(r#"{"type":"group","gid":7,"content":"hi"}"#);
            world.settle();
            clients.push(guest);
        },
    ),
    (
        &[r#"karez_messages_delivered_total{kind="offline"}"#, "karez_resume_gaps_total"],
        QUICK,
        |world, clients| {
            let (mut ann, login) = world.guest();
            says(world, clients, &[]);
            ann.say(r#"{"type":"join","gid":7}"#);
            world.settle();
            drop(ann);
            world.settle();
            says(world, clients, &[r#"{"type":"pm","uid":1001,"content":"late"}"#]);
            let token = field(&login, "token");
            let mut ann = world.open();
            let resume = r#"{"epoch":"another","groups":{"7":3}}"#;
            ann.say(&format!(r#"{{"type":"login","token":{token},"resume":{resume}}}"#));
            world.settle();
            clients.push(ann);
        },
    ),
    (&["karez_outbound_queue_bytes"], QUICK, |world, clients| flood(world, clients, 5)),
    (
        &[
            r#"karez_connections_closed_total{reason="slow_consumer"}"#,
            r#"karez_messages_dropped_total{reason="slow_consumer"}"#,
            r#"karez_byes_total{code="too_slow"}"#,
        ],
        QUICK,
        |world, clients| flood(world, clients, 40),
    ),
    (&[r#"karez_messages_dropped_total{reason="lost"}"#], QUICK, |world, clients| {
        flood(world, clients, 5);
        clients.pop();
        world.settle();
    }),
    (
        &[r#"karez_byes_total{code="too_many_messages"}"#],
        &["--messages-burst", "1", "--messages-per-second", "1"],
        |world, clients| {
            let (mut guest, _) = world.guest();
            while world.server.counters().closed.handler == 0 {
                guest.say(r#"{"type":"typing","gid":1}"#);
                world.turn();
                while guest.pull() {}
            }
            clients.push(guest);
        },
    ),
    (&[r#"karez_byes_total{code="login_timeout"}"#], &[], |world, clients| {
        clients.push(world.open());
        world.turn_until("the farewell", |world| world.server.counters().closed.handler == 1);
    }),
    (&[r#"karez_byes_total{code="overloaded"}"#], &[], |world, clients| {
        for _ in 0..2 {
            let mut client = world.open();
            client.say(r#"{"type":"login","token":"nonsense"}"#);
            world.settle();
            clients.push(client);
        }
    }),
    (&["karez_connections_refused_total"], &[], |world, clients| {
        clients.extend([world.dial(), world.dial(), world.dial(), world.dial()]);
        world.settle();
    }),
    (
        &[
            r#"karez_uploads_total{result="stored"}"#,
            r#"karez_uploads_total{result="refused"}"#,
            r#"karez_uploads_total{result="broken"}"#,
            "karez_uploads_under_way",
            "karez_downloads_total",
            "karez_files_size_bytes",
        ],
        &[],
        upload_and_download,
    ),
    (&["karez_accept_pauses_total"], &[], |world, clients| {
        clients.extend([world.dial(), world.dial(), world.dial(), world.dial()]);
        world.settle();
    }),
];

/// What no deed in the loop moves, and which test shows it instead.
const ELSEWHERE: &[&str] = &[
    concat!(r#"karez_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#),
    "process_resident_memory_bytes",
    // Here the memory has none: `the_size_of_a_store_is_that_of_its_files`.
    "karez_store_size_bytes",
    // `the_limit_of_connections_is_told`.
    "karez_connections_max",
    // A scrape is not possible any more: `the_last_farewells_are_counted`.
    r#"karez_connections_closed_total{reason="drain"}"#,
    r#"karez_byes_total{code="restart"}"#,
    // `api_calls::a_user_is_looked_at_sent_away_and_kept_out`.
    r#"karez_byes_total{code="kicked"}"#,
    r#"karez_byes_total{code="banned"}"#,
    r#"karez_messages_delivered_total{kind="push"}"#,
    // `desk::what_happens_at_the_desk_is_counted`.
    r#"karez_messages_received_total{kind="desk"}"#,
    r#"karez_messages_delivered_total{kind="support"}"#,
    r#"karez_messages_delivered_total{kind="desk"}"#,
    r#"karez_tickets{state="waiting"}"#,
    r#"karez_tickets{state="open"}"#,
    r#"karez_tickets{state="offline"}"#,
    "karez_tickets_opened_total",
    "karez_tickets_closed_total",
    r#"karez_agents{state="online"}"#,
    r#"karez_agents{state="busy"}"#,
];

fn world_of(case: &Case) -> World {
    let (moved, arguments, _) = case;
    World::with(arguments, |config, settings| {
        let limits = &mut config.limits;
        limits.socket_send_buffer_bytes = 8 * 1024;
        limits.output_soft_bytes_max = 256 * 1024;
        limits.output_hard_bytes_max = 512 * 1024;
        match moved[0] {
            "karez_connections_refused_total" => {
                limits.address_exemption = AddressExemption::Nobody;
                limits.connections_per_address_max = 3;
            }
            r#"karez_connections_closed_total{reason="slow_consumer"}"# => limits.output_hard_timeout_ms = 0,
            "karez_accept_pauses_total" => limits.connections_max = 3,
            r#"karez_connections_closed_total{reason="silent"}"# => {
                (limits.ping_after_ms, limits.ping_timeout_ms) = (500, 250);
            }
            r#"karez_byes_total{code="login_timeout"}"# => settings.login_timeout_ms = 300,
            r#"karez_byes_total{code="overloaded"}"# => {
                limits.address_exemption = AddressExemption::Nobody;
                settings.failed_logins.per_address_max = 1;
            }
            _ => {}
        }
    })
}

#[test]
fn each_metric_moves_by_what_it_counts() {
    let mut left: Vec<String> = Vec::new();
    let mut unmoved = Vec::new();
    let mut moved_ever: Vec<&str> = ELSEWHERE.to_vec();
    for case in CASES {
        let mut world = world_of(case);
        let mut clients = Vec::new();
        let mut asker = world.dial();
        let before = world.scrape(&mut asker);
        (case.2)(&mut world, &mut clients);
        let after = world.scrape(&mut asker);
        let names = |samples: &Samples| samples.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&before), names(&after), "whatever happens, the samples are the same");
        for name in case.0 {
            let values = (before.get(*name), after.get(*name));
            if values.0 >= values.1 {
                unmoved.push(*name);
            }
        }
        moved_ever.extend(case.0);
        left = names(&after);
    }
    assert!(unmoved.is_empty(), "{unmoved:#?}");
    // Each bucket but the last moves or not by luck.
    left.retain(|name| !name.contains("_bucket{") && !moved_ever.iter().any(|moved| moved == name));
    assert_eq!(left, [""; 0], "nothing moves these");
}

#[test]
fn the_last_farewells_are_counted() {
    let mut world = World::new();
    let [_ann, _ben] = world.guests();
    let mut asker = world.dial();
    let before = world.scrape(&mut asker);
    assert_eq!(before[r#"karez_connections_closed_total{reason="drain"}"#], 0.0);
    world.server.stop();
    world.settle();
    assert_eq!(world.server.counters().closed.drain, 2);
    assert_eq!(world.server.counters().open(), 0);
}

#[test]
fn pushes_are_counted() {
    let mut site = Site::new();
    let (_ann, _) = site.world.guest();
    let mut asker = site.world.dial();
    let name = r#"karez_messages_delivered_total{kind="push"}"#;
    assert_eq!(site.world.scrape(&mut asker)[name], 0.0);
    site.call("POST /v1/push/uid/1001", r#"{"content":"tea"}"#).expect(200);
    site.world.settle();
    assert_eq!(site.world.scrape(&mut asker)[name], 1.0);
}

#[test]
fn the_limit_of_connections_is_told() {
    let mut world = World::with(&[], |config, _| config.limits.connections_max = 77);
    let mut asker = world.dial();
    assert_eq!(world.scrape(&mut asker)["karez_connections_max"], 77.0);
}

#[test]
fn the_size_of_a_store_is_that_of_its_files() {
    let folder = DataFolder::new("metrics");
    let (config, settings) = told(QUICK);
    let store = Sqlite::open(&Options::new(&folder.0)).unwrap();
    let mut world = World::on(store, config, settings);
    let mut asker = world.dial();
    let before = world.scrape(&mut asker)["karez_store_size_bytes"];
    let (mut guest, _) = world.guest();
    for _ in 0..20 {
        guest.say(&format!(r#"{{"type":"group","gid":7,"content":"{}"}}"#, "x".repeat(5_000)));
        world.settle();
        while guest.pull() {}
    }
    let after = world.scrape(&mut asker)["karez_store_size_bytes"];
    assert!(before > 0.0 && after > before + 50_000.0, "{before}, then {after}");
}

#[test]
fn what_clients_call_things_is_nowhere_in_it() {
    let mut world = World::new();
    let mut asker = world.dial();
    let mut clients = Vec::new();
    let odd = ["zzkind", "zzname", "zzgid", "zztype"];
    says(
        &mut world,
        &mut clients,
        &[
            r#"{"type":"profile","name":"zzname"}"#,
            r#"{"type":"group","gid":"zzgid","content":"x","kind":"zzkind"}"#,
            r#"{"type":"zztype"}"#,
        ],
    );
    let (_, page) = world.get(&mut asker, "/metrics");
    assert!(odd.iter().all(|word| !page.contains(word)), "{page}");
}

#[test]
fn a_pong_is_no_message() {
    let mut world = World::new();
    let mut client = world.open();
    client.send(&frame(Opcode::Ping, b""));
    world.settle();
    assert_eq!(world.server.counters().messages_queued_total.iter().sum::<u64>(), 0);
}
