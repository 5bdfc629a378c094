//! Scenarios of throughput: so many messages under way, each replaced when it has arrived. They have 64 bytes where
//! the title names no other size.

use crate::contest::{Contest, Outcome};
use crate::load::{Counted, Stamp};
use crate::loads::{Echo, Pairs, Plan, Rooms, Speech};
use crate::peers::{Entrant, KAREZ, LIMIT, Mode, RIVAL, entrants};
use crate::record::{Goal, Row, Standing};
use crate::table::print;
use crate::{Bench, chat};

const MESSAGE_BYTES: usize = 64;
const ECHO_CLIENTS: usize = 100;
const ROOM_MEMBERS: usize = 1000;
const PAIRED_USERS: usize = 200;
/// By how many members, and how many messages under way. Those of one member come in one segment, so that a server
/// that works through a whole turn sees them together; those of many come as the generator gets round to them.
const ROOM_SPEECHES: [(usize, usize, Row); 3] =
    [(1, 16, Row::Further), (1, 160, Row::Telling), (160, 160, Row::Further)];

pub fn echo(bench: &Bench) {
    for (window, row) in [(1, Row::Further), (16, Row::Telling)] {
        let title = format!("Echo, {ECHO_CLIENTS} connections, {window} under way each");
        let outcome = contest(&title, row, entrants(bench, Mode::Echo)).run(
            bench,
            |_| ECHO_CLIENTS,
            |_| Echo::new(ECHO_CLIENTS, window, Stamp::new(MESSAGE_BYTES)),
        );
        engine_goals(bench, &title, outcome.as_ref());
    }
    let title = format!("Echo of 1 KiB of Chinese, {ECHO_CLIENTS} connections, 16 under way each");
    let outcome = contest(&title, Row::Telling, entrants(bench, Mode::Echo)).run(
        bench,
        |_| ECHO_CLIENTS,
        |_| Echo::new(ECHO_CLIENTS, 16, Stamp::filled(1024, "坎儿井")),
    );
    if let Some(outcome) = outcome {
        times_rival(bench, &title, &outcome, 2.5);
    }
}

pub fn fan_out(bench: &Bench) {
    for (speakers, under_way, row) in ROOM_SPEECHES {
        let title = format!("Fan-out, 1 room of {ROOM_MEMBERS}, {under_way} under way by {speakers}");
        let outcome = contest(&title, row, entrants(bench, Mode::Room)).run(
            bench,
            |_| ROOM_MEMBERS,
            |_| one_room(Speech::Bare, speakers, under_way),
        );
        engine_goals(bench, &title, outcome.as_ref());
    }
}

pub fn chat(bench: &Bench) {
    for (speakers, under_way, row) in ROOM_SPEECHES {
        let title = format!("Chat, 1 group of {ROOM_MEMBERS}, {under_way} under way by {speakers}");
        let outcome = contest(&title, row, entrants(bench, Mode::Chat)).run(
            bench,
            |_| ROOM_MEMBERS,
            |fleet| {
                chat::login(fleet);
                chat::join(fleet, |_| 1);
                one_room(Speech::Group, speakers, under_way)
            },
        );
        let Some(outcome) = outcome else { continue };
        chat_goals(bench, &title, &outcome);
        if under_way == 160 {
            times_rival(bench, &title, &outcome, 2.0);
        }
    }
}

pub fn rooms(bench: &Bench) {
    let title = "Chat, 100 groups of 10, each user in 10 of them, 160 under way";
    let plan = Plan::overlapping(100, 10);
    let outcome = contest(title, Row::Telling, entrants(bench, Mode::Chat)).run(
        bench,
        |_| plan.clients,
        |fleet| {
            chat::login(fleet);
            for place in 0..plan.members_per_room {
                chat::join(fleet, |client| 1 + (client + plan.clients - place) % plan.clients);
            }
            Rooms::new(Speech::Group, plan, plan.members_per_room, 160, Stamp::new(MESSAGE_BYTES))
        },
    );
    if let Some(outcome) = outcome {
        times_rival(bench, title, &outcome, 1.5);
    }
}

pub fn private(bench: &Bench) {
    let title = format!("Chat, private messages, {PAIRED_USERS} users in pairs, 16 under way each");
    let outcome = contest(&title, Row::Telling, entrants(bench, Mode::Chat)).run(
        bench,
        |_| PAIRED_USERS,
        |fleet| Pairs::new(chat::login(fleet), 16, Stamp::new(MESSAGE_BYTES)),
    );
    if let Some(outcome) = outcome {
        chat_goals(bench, &title, &outcome);
        times_rival(bench, &title, &outcome, 10.0);
    }
}

/// Large messages, where the limit has the daemon's send buffer: with a larger one it would be spared writes.
pub fn large(bench: &Bench) {
    let send_buffer_bytes = karez::net::Limits::default().socket_send_buffer_bytes.to_string();
    let mut all = entrants(bench, Mode::Echo);
    all.iter_mut().filter(|it| it.name == LIMIT).for_each(|it| it.command.push(send_buffer_bytes.clone()));
    let title = format!("Echo of 16 KiB, {ECHO_CLIENTS} connections, 4 under way each");
    let outcome = contest(&title, Row::Further, all).run(
        bench,
        |_| ECHO_CLIENTS,
        |_| Echo::new(ECHO_CLIENTS, 4, Stamp::new(16 * 1024)),
    );
    if let Some(outcome) = outcome {
        let what = format!("{title}: deliveries for the same CPU, of {LIMIT}'s");
        bench.record.goal(&what, outcome.cpu_ratio(LIMIT, KAREZ), Goal::AtLeast(0.9));
    }
}

/// One room, with clients that offer permessage-deflate and with clients that do not.
pub fn deflate(bench: &Bench) {
    const TEXT: &str = "The water comes from the mountains, under the desert, without a pump: ";
    const PLAIN: &str = "karez, plain";
    let title =
        format!("Fan-out of 436 bytes with permessage-deflate, 1 room of {ROOM_MEMBERS}, 16 under way by 1");
    let compressed = entrants(bench, Mode::Deflate);
    let plain = compressed.iter().map(|it| it.clone().named(format!("{}, plain", it.name)));
    let all = plain.chain(compressed.iter().map(|it| it.clone().with_deflate())).collect();
    let contest = Contest { mark: PLAIN, ..contest(&title, Row::Further, all) };
    let outcome = contest.run(
        bench,
        |_| ROOM_MEMBERS,
        |_| {
            let stamp = Stamp::filled(Stamp::DIGITS + 6 * TEXT.len(), TEXT);
            Rooms::new(Speech::Bare, Plan::one_room(ROOM_MEMBERS), 1, 16, stamp)
        },
    );
    if let Some(outcome) = outcome {
        let what = format!("{title}: CPU against plain");
        bench.record.goal(&what, outcome.cpu_ratio(KAREZ, PLAIN), Goal::AtMost(1.5));
    }
}

/// Whether a delivery costs the same in rooms of any size: sizes are compared, not servers. What a message costs
/// where nobody but its author hears it is taken off before: ten members share it by ten, ten thousand do not notice.
pub fn members(bench: &Bench) {
    const SIZES: [usize; 5] = [1, 10, 100, 1000, 10_000];
    let mut rows = Vec::new();
    let of_size = |size: &usize| match size {
        1 => "alone".to_owned(),
        _ => format!("{size} members"),
    };
    for mode in [Mode::Room, Mode::Chat] {
        for entrant in entrants(bench, mode).iter().filter(|it| [KAREZ, LIMIT, RIVAL].contains(&&*it.name)) {
            let (speech, what) = match mode {
                Mode::Chat => (Speech::Group, "Chat, 1 group"),
                _ => (Speech::Bare, "Fan-out, 1 room"),
            };
            let title = format!("{what}, 16 under way by 1, by size: {}", entrant.name);
            let sizes = SIZES.iter().map(|size| entrant.clone().named(of_size(size))).collect();
            let contest = Contest { mark: "10 members", ..contest(&title, Row::Further, sizes) };
            let outcome = contest.run(
                bench,
                |it| SIZES.into_iter().find(|size| it.name == of_size(size)).expect("one of the sizes"),
                |fleet| {
                    if mode == Mode::Chat {
                        chat::login(fleet);
                        chat::join(fleet, |_| 1);
                    }
                    Rooms::new(speech, Plan::one_room(fleet.len()), 1, 16, Stamp::new(MESSAGE_BYTES))
                },
            );
            let Some(outcome) = outcome.filter(|it| it.standings().len() == SIZES.len()) else { continue };
            let further = further_members(&outcome, &SIZES);
            let spread = further.iter().copied().fold(0.0, f64::max)
                / further.iter().copied().fold(f64::INFINITY, f64::min);
            if entrant.name == KAREZ {
                let what = format!("{what} of 10 to 10,000: dearest further member against cheapest");
                bench.record.goal(&what, Some(spread), Goal::AtMost(1.2));
            }
            let figures = further.iter().map(|it| format!("{it:.3}"));
            let names = [what.to_owned(), entrant.name.clone()].into_iter();
            rows.push(names.chain(figures).chain([format!("{spread:.2}")]).collect());
        }
    }
    if !rows.is_empty() {
        let head = ["what", "server", "10", "100", "1000", "10,000", "dearest against cheapest"];
        print("CPU µs that each further member adds to a message, 16 under way, by size", &head, &rows);
    }
}

/// What each member beside the author adds to the cost of a message, for all sizes but the first, which is 1.
fn further_members(outcome: &Outcome, sizes: &[usize]) -> Vec<f64> {
    let per_message = |(it, size): (&Standing, &usize)| (it.cpu_us * *size as f64, *size as f64);
    let mut costs = outcome.standings().iter().zip(sizes).map(per_message);
    let alone = costs.next().map_or(0.0, |(cost, _)| cost);
    costs.map(|(cost, size)| (cost - alone) / (size - 1.0)).collect()
}

fn contest(title: &str, row: Row, entrants: Vec<Entrant>) -> Contest {
    Contest { title: title.to_owned(), row, mark: LIMIT, entrants }
}

fn one_room(speech: Speech, speakers: usize, under_way: usize) -> Counted<Rooms> {
    Rooms::new(speech, Plan::one_room(ROOM_MEMBERS), speakers, under_way, Stamp::new(MESSAGE_BYTES))
}

fn engine_goals(bench: &Bench, title: &str, outcome: Option<&Outcome>) {
    if let Some(outcome) = outcome {
        cpu_goals(bench, title, outcome, 1.15);
    }
}

fn chat_goals(bench: &Bench, title: &str, outcome: &Outcome) {
    cpu_goals(bench, title, outcome, 1.3);
}

fn cpu_goals(bench: &Bench, title: &str, outcome: &Outcome, of_limit: f64) {
    for (other, most) in [(LIMIT, of_limit), (RIVAL, 1.0)] {
        let what = format!("{title}: CPU against {other}");
        bench.record.goal(&what, outcome.cpu_ratio(KAREZ, other), Goal::AtMost(most));
    }
}

/// So many times what the rival delivers, for the same CPU.
fn times_rival(bench: &Bench, title: &str, outcome: &Outcome, least: f64) {
    let what = format!("{title}: deliveries for the same CPU, times {RIVAL}'s");
    bench.record.goal(&what, outcome.cpu_ratio(RIVAL, KAREZ), Goal::AtLeast(least));
}
