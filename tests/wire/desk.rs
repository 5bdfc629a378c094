//! What is asked of the support desk, and how tickets, offers and figures are written.

use std::borrow::Cow;

use karez::base::clock::UnixMillis;
use karez::chat::desk::*;
use karez::chat::ids::{Conversation, TicketId};
use karez::chat::input::{Command, Draft, Target};
use karez::chat::output::{AckedEntry, Entry, Event, Recall, Refusal};
use karez::wire::{Code, Problem, render, render_error};

use crate::common::{command, id, refused, written};

/// The `type` of a request. A new one does not compile until it is named here.
pub fn name_of(request: &DeskRequest<'_>) -> &'static str {
    match request {
        DeskRequest::Support { .. } => "support",
        DeskRequest::Ask { .. } => "desk",
        DeskRequest::Duty { .. } => "duty",
        DeskRequest::Claim { .. } => "claim",
        DeskRequest::Decline { .. } => "decline",
        DeskRequest::Transfer { .. } => "transfer",
        DeskRequest::Close { .. } => "close",
        DeskRequest::Tag { .. } => "tag",
        DeskRequest::Rate { .. } => "rate",
        DeskRequest::Note { .. } => "note",
        DeskRequest::Notes { .. } => "notes",
        DeskRequest::Tickets(_) => "tickets",
        DeskRequest::Agents { .. } => "agents",
        DeskRequest::Canned { .. } => "canned",
        DeskRequest::PutCanned { .. } => "canned_put",
        DeskRequest::DeleteCanned { .. } => "canned_delete",
        DeskRequest::Figures(_) => "figures",
    }
}

/// All of them, as [`name_of`] has them.
pub const REQUESTS: [&str; 17] = [
    "support",
    "desk",
    "duty",
    "claim",
    "decline",
    "transfer",
    "close",
    "tag",
    "rate",
    "note",
    "notes",
    "tickets",
    "agents",
    "canned",
    "canned_put",
    "canned_delete",
    "figures",
];

const SEVEN: TicketId = TicketId(7);

fn sales() -> Desk {
    Desk::from_text("sales").unwrap()
}

fn asked(text: &str) -> DeskRequest<'_> {
    match command(text) {
        Command::Desk(request) => request,
        other => panic!("{text}: {other:?}"),
    }
}

fn some(text: &str) -> Option<Box<str>> {
    Some(text.into())
}

/// A ticket with everything that a ticket can have.
pub fn ticket(state: TicketState) -> TicketRecord {
    let is_closed = state == TicketState::Closed;
    TicketRecord {
        ticket: SEVEN,
        desk: sales(),
        visitor: Visitor {
            uid: id("1001"),
            name: "Ann".into(),
            guest: true,
            earlier: 2,
            page: some("https://shop.example/tea"),
            referrer: some("https://search.example/"),
            browser: some("Mozilla/5.0"),
            lang: some("en"),
            form: vec![("mail \"x\"".into(), "ann@mail.example".into()), ("地址".into(), "北京".into())],
        },
        state,
        agent: Some(Person { uid: id("bob"), name: "Bob".into() }),
        priority: -1,
        tags: vec!["tea".into(), "late".into()],
        opened: UnixMillis(1),
        since: UnixMillis(2),
        claimed: Some(UnixMillis(3)),
        replied: Some(UnixMillis(4)),
        closed: is_closed.then_some(UnixMillis(5)),
        by: is_closed.then_some(ClosedBy::Agent),
        stars: is_closed.then_some(5),
        comment: is_closed.then(|| "quick".into()),
        transfers: 1,
    }
}

pub fn seen<'a>(record: &'a TicketRecord, last: &'a Preview) -> TicketView<'a> {
    TicketView {
        record,
        seq: 2,
        last: Some(last),
        position: Some(3),
        wait_s: Some(90),
        online: true,
        closing_ms: Some(120_000),
    }
}

pub fn preview() -> Preview {
    Preview { uid: id("bob"), name: "Bob".into(), content: "Let me look".into(), time: UnixMillis(9) }
}

fn note() -> NoteRecord {
    NoteRecord {
        ticket: SEVEN,
        after: 2,
        uid: id("bob"),
        name: "Bob".into(),
        content: "called".into(),
        time: UnixMillis(9),
    }
}

fn text(event: DeskEvent<'_>) -> String {
    written(|out| render(&Event::Desk(event), out))
}

/// Every event of the support desk with every field that it can have.
pub fn every_event() -> Vec<String> {
    let records =
        [TicketState::Waiting, TicketState::Open, TicketState::Offline, TicketState::Closed].map(ticket);
    let (last, note, bob) = (preview(), note(), id("bob"));
    let person = Person { uid: bob.clone(), name: "Bob".into() };
    let (desks, desk) = ([sales()], sales());
    let agent =
        AgentView { uid: &bob, name: "Bob", state: Duty::Online, capacity: 3, open: 1, desks: Some(&desks) };
    let form = [FormField { name: "mail".into(), label: "Your address".into(), required: true }];
    let gate = DeskGate {
        desk: &desk,
        name: Some("Sales"),
        open: true,
        greeting: Some("hello"),
        away: Some("later"),
        form: &form,
        next: Some(UnixMillis(1)),
        identified: true,
        ticket: Some(SEVEN),
    };
    let lines: Vec<TicketView<'_>> = records.iter().map(|record| seen(record, &last)).collect();
    let canned = [CannedRecord {
        canned: 4,
        owner: None,
        desk: Some(sales()),
        short: "hi".into(),
        content: "Hello".into(),
    }];
    let figures = Figures {
        from: UnixMillis(1),
        to: UnixMillis(2),
        desks: vec![(sales(), Figure::default())],
        agents: vec![(person.clone(), Figure::default())],
    };
    let counts = Some(TicketCounts { waiting: 1, mine: 2, all: 4, offline: 1 });
    let next = Some(TicketsPlace { priority: -1, since: UnixMillis(2), ticket: SEVEN });
    let id = Some("1");
    let mut texts: Vec<String> = lines
        .iter()
        .flat_map(|line| [DeskEvent::Ticket(line.clone()), DeskEvent::Line(line.clone())])
        .map(text)
        .collect();
    let others = [
        DeskEvent::Desk { id, desk: gate },
        DeskEvent::Offer { ticket: seen(&records[0], &last), waited_s: 12, expires_ms: Some(30_000) },
        DeskEvent::Withdrawn { ticket: SEVEN, why: Withdrawal::Claimed, agent: Some(&person) },
        DeskEvent::Duty(agent.clone()),
        DeskEvent::Note(&note),
        DeskEvent::Notes { id, ticket: SEVEN, notes: std::slice::from_ref(&note) },
        DeskEvent::Tickets { id, view: TicketsView::All, tickets: &lines, counts, next },
        DeskEvent::Agents { id, agents: &[agent] },
        DeskEvent::Canned { id, canned: &canned },
        DeskEvent::CannedPut { id, canned: 4 },
        DeskEvent::Figures { id, figures: &figures },
    ];
    texts.extend(others.map(text));
    texts.extend(said_in_a_ticket());
    let held = Problem::from(&Refusal::Held { uid: bob, name: "Bob".into() });
    texts.push(written(|out| render_error(id, &held, out)));
    texts
}

/// An entry of a ticket and its ack, with every field that they can have.
fn said_in_a_ticket() -> [String; 2] {
    let (ann, conversation, time) = (id("1001"), Conversation::Ticket(SEVEN), UnixMillis(1));
    let entry = Entry {
        conversation: &conversation,
        seq: 1,
        uid: &ann,
        name: "Ann",
        content: "hi",
        kind: Some("image"),
        data: Some("{}"),
        reply: Some(1),
        mentions: &[],
        act: None,
        recall: Recall::None,
        time,
    };
    let acked = AckedEntry { target: Target::Ticket(SEVEN), seq: 1, time, duplicate: true };
    [Event::Offline(entry), Event::Ack { id: "1", entry: Some(acked) }]
        .map(|event| written(|out| render(&event, out)))
}

#[test]
fn a_ticket_is_opened_with_what_is_told_about_the_visitor() {
    let draft = |content: &str| Draft { content: content.to_owned().into(), ..Draft::default() };
    let short = asked(r#"{"type":"support","content":"hi"}"#);
    let opening = Box::new(Opening::default());
    assert_eq!(short, DeskRequest::Support { ticket: None, draft: draft("hi"), opening });
    let whole = asked(
        r#"{"type":"support","content":"hi","desk":"sales","page":"/tea","referrer":"/","browser":"b","lang":"zh",
            "form":{"mail":"a@b","\u5730":"x\n"},"kind":"image","data":{},"reply":1,"mentions":7}"#,
    );
    let opening = Opening {
        desk: sales(),
        page: Some("/tea".into()),
        referrer: Some("/".into()),
        browser: Some("b".into()),
        lang: Some("zh".into()),
        form: vec![("mail".into(), "a@b".into()), ("地".into(), "x\n".into())],
        address: None,
    };
    let draft = Draft { kind: Some("image".into()), data: Some("{}".into()), reply: Some(1), ..draft("hi") };
    assert_eq!(whole, DeskRequest::Support { ticket: None, draft, opening: Box::new(opening) });
}

#[test]
fn in_a_ticket_that_is_there_nothing_counts_but_what_is_said() {
    let text = r#"{"type":"support","ticket":7,"content":"hi","desk":"","form":[],"page":5}"#;
    let DeskRequest::Support { ticket, opening, .. } = asked(text) else { panic!("{text}") };
    assert_eq!((ticket, *opening), (Some(SEVEN), Opening::default()));
}

#[test]
fn every_request_is_read() {
    let (bob, content) = (id("bob"), Cow::from("hi"));
    for (text, expected) in [
        (r#"{"type":"desk"}"#, DeskRequest::Ask { desk: Desk::default() }),
        (r#"{"type":"desk","desk":"sales"}"#, DeskRequest::Ask { desk: sales() }),
        (r#"{"type":"duty","state":"away"}"#, DeskRequest::Duty { state: Duty::Away, capacity: None }),
        (
            r#"{"type":"duty","state":"busy","capacity":3}"#,
            DeskRequest::Duty { state: Duty::Busy, capacity: Some(3) },
        ),
        (r#"{"type":"claim","ticket":7}"#, DeskRequest::Claim { ticket: SEVEN }),
        (r#"{"type":"decline","ticket":7}"#, DeskRequest::Decline { ticket: SEVEN }),
        (
            r#"{"type":"transfer","ticket":7,"uid":"bob","note":"hi"}"#,
            DeskRequest::Transfer { ticket: SEVEN, to: Receiver::Agent(bob), note: Some(content.clone()) },
        ),
        (
            r#"{"type":"transfer","ticket":7,"desk":"sales","uid":null,"note":""}"#,
            DeskRequest::Transfer { ticket: SEVEN, to: Receiver::Desk(sales()), note: None },
        ),
        (r#"{"type":"close","ticket":7}"#, DeskRequest::Close { ticket: SEVEN }),
        (
            r#"{"type":"tag","ticket":7,"tags":["a","\u5730"]}"#,
            DeskRequest::Tag { ticket: SEVEN, tags: vec!["a".into(), "地".into()] },
        ),
        (r#"{"type":"tag","ticket":7,"tags":[]}"#, DeskRequest::Tag { ticket: SEVEN, tags: vec![] }),
        (
            r#"{"type":"rate","ticket":7,"stars":5}"#,
            DeskRequest::Rate { ticket: SEVEN, stars: 5, comment: None },
        ),
        (
            r#"{"type":"note","ticket":7,"content":"hi"}"#,
            DeskRequest::Note { ticket: SEVEN, content: content.clone() },
        ),
        (r#"{"type":"notes","ticket":7}"#, DeskRequest::Notes { ticket: SEVEN }),
        (r#"{"type":"agents"}"#, DeskRequest::Agents { desk: None }),
        (r#"{"type":"canned","desk":"sales"}"#, DeskRequest::Canned { desk: Some(sales()) }),
        (r#"{"type":"canned_delete","canned":4}"#, DeskRequest::DeleteCanned { canned: 4 }),
        (
            r#"{"type":"canned_put","short":"hi","content":"hi"}"#,
            DeskRequest::PutCanned {
                canned: None,
                reply: CannedDraft { short: content.clone(), content: content.clone(), desk: None },
                shared: false,
            },
        ),
        (
            r#"{"type":"canned_put","canned":4,"short":"hi","content":"hi","desk":"sales","shared":true}"#,
            DeskRequest::PutCanned {
                canned: Some(4),
                reply: CannedDraft { short: content.clone(), content, desk: Some(sales()) },
                shared: true,
            },
        ),
        (r#"{"type":"figures"}"#, DeskRequest::Figures(FiguresAsked::default())),
        (
            r#"{"type":"figures","desk":"sales","from":0,"to":9}"#,
            DeskRequest::Figures(FiguresAsked {
                desk: Some(sales()),
                from: Some(UnixMillis(0)),
                to: Some(UnixMillis(9)),
            }),
        ),
    ] {
        assert_eq!(asked(text), expected, "{text}");
    }
}

#[test]
fn a_list_goes_on_at_the_place_that_was_written() {
    let page = |text: &str| match asked(text) {
        DeskRequest::Tickets(page) => page,
        other => panic!("{text}: {other:?}"),
    };
    let newest = page(r#"{"type":"tickets","view":"mine"}"#);
    let expected =
        TicketsPage { view: TicketsView::Mine, desk: None, uid: None, agent: None, after: None, limit: None };
    assert_eq!(newest, expected);
    for place in [
        TicketsPlace { priority: -5, since: UnixMillis(0), ticket: TicketId(1) },
        TicketsPlace { priority: i32::MAX, since: UnixMillis(u64::MAX), ticket: TicketId((1 << 53) - 1) },
    ] {
        let list = DeskEvent::Tickets {
            id: None,
            view: TicketsView::Closed,
            tickets: &[],
            counts: None,
            next: Some(place),
        };
        let value: serde_json::Value = serde_json::from_str(&text(list)).unwrap();
        let cursor = &value["next"];
        let again = format!(r#"{{"type":"tickets","view":"closed","uid":7,"limit":5,"cursor":{cursor}}}"#);
        let read = page(&again);
        assert_eq!((read.after, read.uid, read.limit), (Some(place), Some(id("7")), Some(5)));
    }
}

#[test]
fn what_is_wrong_is_told() {
    for (field, text) in [
        ("content", r#""type":"support""#),
        ("content", r#""type":"support","content":"""#),
        ("ticket", r#""type":"support","content":"x","ticket":0"#),
        ("ticket", r#""type":"support","content":"x","ticket":"7""#),
        ("desk", r#""type":"support","content":"x","desk":"""#),
        ("desk", r#""type":"support","content":"x","desk":7"#),
        ("desk", r#""type":"desk","desk":"a\nb""#),
        ("page", r#""type":"support","content":"x","page":{}"#),
        ("form", r#""type":"support","content":"x","form":["a"]"#),
        ("form", r#""type":"support","content":"x","form":{"a":1}"#),
        ("form", r#""type":"support","content":"x","form":{"a":"1","\u0061":"2"}"#),
        ("state", r#""type":"duty""#),
        ("state", r#""type":"duty","state":"gone""#),
        ("capacity", r#""type":"duty","state":"away","capacity":0"#),
        ("capacity", r#""type":"duty","state":"away","capacity":4294967296"#),
        ("ticket", r#""type":"claim""#),
        ("ticket", r#""type":"decline","ticket":-1"#),
        ("uid", r#""type":"transfer","ticket":7"#),
        ("desk", r#""type":"transfer","ticket":7,"uid":1,"desk":"sales""#),
        ("ticket", r#""type":"transfer","uid":1"#),
        ("tags", r#""type":"tag","ticket":7"#),
        ("tags", r#""type":"tag","ticket":7,"tags":[1]"#),
        ("stars", r#""type":"rate","ticket":7"#),
        ("stars", r#""type":"rate","ticket":7,"stars":0"#),
        ("stars", r#""type":"rate","ticket":7,"stars":6"#),
        ("stars", r#""type":"rate","ticket":7,"stars":4.5"#),
        ("content", r#""type":"note","ticket":7"#),
        ("view", r#""type":"tickets""#),
        ("view", r#""type":"tickets","view":"open""#),
        ("cursor", r#""type":"tickets","view":"all","cursor":"7""#),
        ("cursor", r#""type":"tickets","view":"all","cursor":"0.1.07""#),
        ("cursor", r#""type":"tickets","view":"all","cursor":"+0.1.7""#),
        ("short", r#""type":"canned_put","content":"x""#),
        ("canned", r#""type":"canned_delete""#),
        ("from", r#""type":"figures","from":"today""#),
        ("uid", r#""type":"history","ticket":7,"gid":1,"uid":2"#),
    ] {
        let text = format!(r#"{{"id":"a",{text}}}"#);
        assert_eq!(refused(&text), (Code::BadRequest, Some(field), Some("a".into())), "{text}");
    }
    let twice = r#"{"type":"desk","desk":"a","id":"a","desk":"a"}"#;
    assert_eq!(refused(twice), (Code::BadJson, None, Some("a".into())));
    // To a request that has no such field it is one that nobody knows.
    assert_eq!(command(r#"{"type":"ping","desk":"a","desk":"a"}"#), Command::Ping);
}

#[test]
fn a_ticket_is_a_conversation_like_others() {
    let target = Target::Ticket(SEVEN);
    assert_eq!(command(r#"{"type":"typing","ticket":7}"#), Command::Typing { target: target.clone() });
    assert_eq!(
        command(r#"{"type":"read","ticket":7,"seq":3}"#),
        Command::Read { target: target.clone(), seq: 3 }
    );
    let read = written(|out| render(&Event::Read { target: &target, uid: &id("1001"), seq: 3 }, out));
    assert_eq!(read, r#"{"type":"read","ticket":7,"uid":1001,"seq":3}"#);
}

#[test]
fn a_visitor_is_told_no_more_than_is_for_a_visitor() {
    let last = preview();
    for (state, expected) in [
        (
            TicketState::Waiting,
            r#"{"type":"ticket","ticket":7,"state":"waiting","desk":"sales","position":3,"wait":90,"closing":120000}"#,
        ),
        (
            TicketState::Closed,
            r#"{"type":"ticket","ticket":7,"state":"closed","desk":"sales","agent":{"uid":"bob","name":"Bob"},"position":3,"wait":90,"closing":120000,"by":"agent","stars":5}"#,
        ),
    ] {
        let record = ticket(state);
        assert_eq!(text(DeskEvent::Ticket(seen(&record, &last))), expected);
    }
    // The usual desk has no name, and what is not known is not there.
    let record = TicketRecord { desk: Desk::default(), agent: None, ..ticket(TicketState::Open) };
    let view = TicketView { position: None, wait_s: None, closing_ms: None, ..seen(&record, &last) };
    assert_eq!(text(DeskEvent::Ticket(view)), r#"{"type":"ticket","ticket":7,"state":"open"}"#);
}

#[test]
fn agents_are_told_all_that_is_known() {
    let (record, last) = (ticket(TicketState::Closed), preview());
    assert_eq!(
        text(DeskEvent::Line(seen(&record, &last))),
        concat!(
            r#"{"type":"ticket","ticket":7,"state":"closed","desk":"sales","visitor":{"uid":1001,"name":"Ann","#,
            r#""page":"https://shop.example/tea","referrer":"https://search.example/","browser":"Mozilla/5.0","#,
            r#""lang":"en","form":{"mail \"x\"":"ann@mail.example","地址":"北京"},"online":true,"guest":true,"#,
            r#""earlier":2},"agent":{"uid":"bob","name":"Bob"},"priority":-1,"tags":["tea","late"],"opened":1,"#,
            r#""since":2,"claimed":3,"replied":4,"closed":5,"by":"agent","stars":5,"comment":"quick","#,
            r#""transfers":1,"seq":2,"last":{"uid":"bob","name":"Bob","content":"Let me look","time":9},"#,
            r#""position":3,"wait":90,"closing":120000}"#,
        )
    );
    // A ticket in the queue is nobody's, whoever had it before.
    let record = ticket(TicketState::Waiting);
    assert!(!text(DeskEvent::Line(seen(&record, &last))).contains("agent"));
}

#[test]
fn stars_have_a_mean_once_there_are_some() {
    let figures = |rated, stars| Figures {
        desks: vec![(sales(), Figure { rated, stars, ..Figure::default() })],
        ..Figures::default()
    };
    for (rated, stars, expected) in [
        (0, 0, r#""stars":{"count":0}"#),
        (3, 14, r#""stars":{"count":3,"mean":4.67}"#),
        (2, 2, r#""stars":{"count":2,"mean":1.00}"#),
    ] {
        let text = text(DeskEvent::Figures { id: None, figures: &figures(rated, stars) });
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn visitors_do_not_see_in_lists_what_is_for_agents() {
    let (record, last) = (ticket(TicketState::Closed), preview());
    let view = seen(&record, &last);
    let list = |counts| {
        let tickets = std::slice::from_ref(&view);
        let event = DeskEvent::Tickets { id: None, view: TicketsView::Closed, tickets, counts, next: None };
        serde_json::from_str::<serde_json::Value>(&text(event)).unwrap()["tickets"][0].clone()
    };
    let (own, agents) = (list(None), list(Some(TicketCounts::default())));
    for name in ["tags", "priority", "visitor", "since"] {
        assert!(own.get(name).is_none() && agents.get(name).is_some(), "{name}: {own} {agents}");
    }
    for name in
        ["ticket", "state", "desk", "agent", "opened", "closed", "by", "stars", "comment", "seq", "last"]
    {
        assert_eq!(own[name], agents[name], "{name}");
    }
}
