//! Who may do what, as a table: every request about a group from every standing in every kind of group.

use karez::chat::act::Act;
use karez::chat::call::Call;
use karez::chat::files::Bearer;
use karez::chat::ids::SessionId;
use karez::chat::input::{Bounds, Command, Role, Target};
use karez::chat::output::{GroupRole, Refusal};

use crate::files::{bearer, file_id, keep, with_file};
use crate::net::{Answered, Told, World};
use crate::story::*;

/// `+` is done, `f` forbidden, `n` not found, `m` muted, `y` refused because it is oneself, `z` because it is no
/// message. `recall` is of the words of somebody else, `recall_2nd` of one's own, long after they were recalled.
const TABLE: &str = "
    asker       owner admin member muted overseer | outside left kicked banned | outside left kicked banned | outside overseer
    group       any   any   any    any   any      | open    open open   open   | closed  closed closed closed | unknown unknown
    join        +     +     +      +     +        | +       +    +      f      | n       n    n      n      | +       +
    speak       +     +     +      m     +        | +       +    +      f      | n       n    n      n      | +       +
    leave       +     +     +      +     +        | +       +    +      +      | n       n    n      n      | n       n
    upload      +     +     +      m     +        | +       +    +      f      | n       n    n      n      | +       +
    fetch       +     +     +      +     +        | n       n    n      n      | n       n    n      n      | n       n
    members     +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    history     +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    read        +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    search      +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    typing      +     +     +      m     +        | f       f    f      f      | n       n    n      n      | n       n
    recall      +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    recall_own  +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    recall_late +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    recall_2nd  +     +     +      +     +        | f       f    f      f      | n       n    n      n      | n       n
    recall_acts z     z     z      z     z        | f       f    f      f      | n       n    n      n      | n       n
    recall_none n     n     n      n     n        | f       f    f      f      | n       n    n      n      | n       n
    update      +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    add         +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    kick        +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    ban         +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    mute        +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    promote     +     +     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    kick_admin  +     y     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    kick_owner  y     f     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    ban_owner   y     f     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    mute_owner  y     f     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    hand_over   +     f     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
    delete      +     f     f      f     +        | f       f    f      f      | n       n    n      n      | n       n
";

const OWNER: u64 = 1001;
const ADMIN: u64 = 1002;
/// A member on whom the others act.
const TARGET: u64 = 1009;
/// The last entry of the group that was closed or not: that somebody was banned. Before it stand the words of eight.
const LAST: u64 = 12;

/// The number of what somebody has said; of what the target has, where that is nothing.
fn words_of(asker: &str) -> u64 {
    let speakers = ["owner", "admin", "member", "muted", "left", "kicked", "banned"];
    (1..).zip(speakers).find(|(_, name)| *name == asker).map_or(8, |(seq, _)| seq)
}

fn deed(asker: &str, name: &str) -> Command<'static> {
    let update = Act::GroupUpdate { name: Some("new".into()), open: None };
    match name {
        "join" => join(7),
        "speak" => group(7, "hi"),
        "leave" => leave(7),
        "members" => members(7),
        "history" => Command::History { target: Target::Group(id(7)), bounds: Bounds::Newest, limit: None },
        "read" => read_in(7, 1),
        "search" => {
            let target = Some(Target::Group(id(7)));
            Command::Search { query: "hi".into(), target, cursor: None, limit: None }
        }
        "typing" => typing_in(7),
        "recall" => recall(7, if asker == "owner" { 2 } else { 1 }),
        "recall_own" | "recall_late" | "recall_2nd" => recall(7, words_of(asker)),
        "recall_acts" => recall(7, LAST),
        "recall_none" => recall(7, 99),
        "update" => act(7, update),
        "add" => act(7, Act::Add { uid: id(5) }),
        "kick" => kick(7, TARGET),
        "ban" => ban(7, TARGET, None),
        "mute" => mute(7, TARGET, None),
        "promote" => role(7, TARGET, GroupRole::Admin),
        "kick_admin" => kick(7, ADMIN),
        "kick_owner" => kick(7, OWNER),
        "ban_owner" => ban(7, OWNER, Some(60)),
        "mute_owner" => mute(7, OWNER, Some(60)),
        "hand_over" => role(7, TARGET, GroupRole::Owner),
        "delete" => act(7, Act::GroupDelete),
        other => panic!("{other}"),
    }
}

/// A group with somebody of every standing, and the session of each.
fn world_of(place: &str) -> (World, Vec<(&'static str, SessionId)>) {
    let mut w = world();
    let names = ["owner", "admin", "member", "muted", "outside", "left", "kicked", "banned", "target"];
    let mut sessions: Vec<_> = (1..).zip(names).map(|(n, name)| (name, w.guest(n, name))).collect();
    let overseer = SessionId(20);
    w.send(overseer, admin_login(id(9)));
    sessions.push(("overseer", overseer));
    if place != "unknown" {
        for (name, session) in &sessions {
            if !["outside", "overseer"].contains(name) {
                w.send(*session, group(7, name));
            }
        }
        let owner = sessions[0].1;
        w.send(owner, role(7, ADMIN, GroupRole::Admin));
        w.send(owner, mute(7, 1004, None));
        w.send(sessions[5].1, leave(7));
        w.send(owner, kick(7, 1007));
        w.send(owner, ban(7, 1008, None));
    }
    if place == "closed" {
        w.send(sessions[0].1, close(7));
    }
    w.hush();
    (w, sessions)
}

fn outcome(place: &str, asker: &str, name: &str) -> &'static str {
    let (mut w, sessions) = world_of(place);
    let session = sessions.iter().find(|(name, _)| *name == asker).unwrap().1;
    if matches!(name, "upload" | "fetch") {
        return outcome_of_file(&mut w, place, &sessions, session, name);
    }
    match name {
        "recall_late" => w.later_ms(121_000),
        "recall_2nd" => {
            w.send(SessionId(20), recall(7, words_of(asker)));
            w.later_ms(121_000);
        }
        _ => {}
    }
    w.hush();
    w.ask(session, "x", deed(asker, name));
    match w.told(session).pop().unwrap() {
        Told::Ack { .. }
        | Told::Members { .. }
        | Told::History { .. }
        | Told::Search { .. }
        | Told::Entry(_) => "+",
        Told::Refused { refusal: Refusal::Forbidden, .. } => "f",
        Told::Refused { refusal: Refusal::NotFound, .. } => "n",
        Told::Refused { refusal: Refusal::Muted { retry_ms: None }, .. } => "m",
        Told::Refused { refusal: Refusal::BadRequest("uid", "is yourself"), .. } => "y",
        Told::Refused { refusal: Refusal::BadRequest("seq", "is no message"), .. } => "z",
        other => panic!("{place} {asker} {name}: {other:?}"),
    }
}

/// The same of what is asked by HTTP: to upload a file for the group, and to have the one that its owner has sent.
fn outcome_of_file(
    w: &mut World,
    place: &str,
    sessions: &[(&'static str, SessionId)],
    session: SessionId,
    name: &str,
) -> &'static str {
    let at = sessions.iter().position(|(_, other)| *other == session).unwrap() as u64;
    let bearer = match sessions[at as usize].0 {
        "overseer" => Bearer { uid: id(9), role: Role::Admin, guest: false },
        _ => bearer(OWNER + at),
    };
    if place != "unknown" {
        w.call(1, keep(OWNER, Target::Group(id(7)), 1));
        w.commit();
        w.send(sessions[0].1, Command::Group { gid: id(7), draft: with_file(1) });
    }
    w.answered();
    w.call(
        2,
        match name {
            "upload" => Call::Upload { bearer, target: Target::Group(id(7)) },
            _ => Call::File { bearer, file: file_id(1) },
        },
    );
    w.commit();
    match w.answered().pop().unwrap().1 {
        Answered::Granted | Answered::File { .. } => "+",
        Answered::Refused(Refusal::Forbidden) => "f",
        Answered::Refused(Refusal::NotFound) => "n",
        Answered::Refused(Refusal::Muted { retry_ms: None }) => "m",
        other => panic!("{place} {name}: {other:?}"),
    }
}

#[test]
fn every_request_from_every_standing_is_as_the_table_says() {
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().filter(|word| *word != "|"));
    rows.next();
    let askers: Vec<&str> = rows.next().unwrap().skip(1).collect();
    let places: Vec<&str> = rows.next().unwrap().skip(1).collect();
    let mut cells = 0;
    for mut row in rows.by_ref() {
        let Some(name) = row.next() else { continue };
        for ((asker, place), expected) in askers.iter().zip(&places).zip(row) {
            let places = if *place == "any" { vec!["open", "closed"] } else { vec![*place] };
            for place in places {
                assert_eq!(outcome(place, asker, name), expected, "{name} by {asker} in an {place} group");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 28 * 20, "the whole table was read");
}

/// The same of the site's back end: `c` is refused for what is so already.
const CALLS: &str = "
    call          open closed unknown
    say           +    +      n
    say_as_muted  +    +      n
    say_as_banned +    +      n
    look          +    +      n
    members       +    +      n
    history       +    +      n
    put           +    +      +
    put_closed    +    +      c
    put_member    +    +      n
    put_banned    c    c      n
    hand_over     +    +      n
    take_out      +    +      n
    delete        +    +      n
";

fn call_of(name: &str) -> Call<'static> {
    let say = |from: Option<u64>| Call::Say {
        from: from.map(id),
        target: Target::Group(id(7)),
        draft: draft("hi"),
    };
    let put = |open| Call::PutGroup { gid: id(7), name: None, open, owner: None };
    let member = |uid, role| Call::PutMember { gid: id(7), uid: id(uid), role };
    match name {
        "say" => say(None),
        "say_as_muted" => say(Some(1004)),
        "say_as_banned" => say(Some(1008)),
        "look" => Call::Group { gid: id(7) },
        "members" => Call::Members { gid: id(7), after: None, limit: None },
        "history" => {
            let (target, bounds) = (Target::Group(id(7)), Bounds::Newest);
            Call::History { uid: None, target, bounds, limit: None }
        }
        "put" => put(None),
        "put_closed" => put(Some(false)),
        "put_member" => member(5, None),
        "put_banned" => member(1008, None),
        "hand_over" => member(TARGET, Some(GroupRole::Owner)),
        "take_out" => Call::DeleteMember { gid: id(7), uid: id(OWNER) },
        "delete" => Call::DeleteGroup { gid: id(7) },
        other => panic!("{other}"),
    }
}

#[test]
fn every_call_of_the_back_end_is_as_the_table_says() {
    let mut rows = CALLS.lines().map(str::split_whitespace);
    rows.next();
    let places: Vec<&str> = rows.next().unwrap().skip(1).collect();
    let mut cells = 0;
    for mut row in rows {
        let Some(name) = row.next() else { continue };
        for (place, expected) in places.iter().zip(row) {
            let (mut w, _) = world_of(place);
            w.call(1, call_of(name));
            w.commit();
            let outcome = match w.answered().remove(0).1 {
                Answered::Refused(Refusal::NotFound) => "n",
                Answered::Refused(Refusal::Conflict(_)) => "c",
                Answered::Refused(other) => panic!("{place} {name}: {other:?}"),
                _ => "+",
            };
            assert_eq!(outcome, expected, "{name} in an {place} group");
            cells += 1;
        }
    }
    assert_eq!(cells, 13 * 3, "the whole table was read");
}

#[test]
fn a_replay_is_for_members() {
    for place in ["open", "closed", "unknown"] {
        let (mut w, _) = world_of(place);
        let who = ["owner", "admin", "member", "muted", "outside", "left", "kicked", "banned"];
        for (uid, name) in (OWNER..).zip(who) {
            let session = SessionId(100 + uid);
            w.send(session, resume(uid, &[(7, 0)], &[]));
            let told = w.told(session);
            let hears = told.iter().any(|told| matches!(told, Told::Entry(_) | Told::Gap { .. }));
            let is_inside = place != "unknown" && ["owner", "admin", "member", "muted"].contains(&name);
            assert_eq!(hears, is_inside, "{name} in an {place} group: {told:?}");
            assert!(told.contains(&Told::Resumed), "{name}");
        }
    }
}

#[test]
fn a_closed_group_looks_to_outsiders_like_none() {
    let (mut closed, sessions) = world_of("closed");
    let (mut unknown, _) = world_of("unknown");
    let outside = sessions[4].1;
    for name in [
        "leave", "members", "history", "read", "search", "typing", "recall", "update", "add", "kick",
        "promote", "delete",
    ] {
        closed.ask(outside, "x", deed("outside", name));
        unknown.ask(outside, "x", deed("outside", name));
        assert_eq!(closed.heard(outside), unknown.heard(outside), "{name}");
    }
    closed.silence();
}
