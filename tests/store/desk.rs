//! What is kept of the support desk: tickets, what was said in them, notes, canned replies and the rules of desks.

use std::collections::BTreeMap;

use karez::base::clock::UnixMillis;
use karez::base::digest::Digest;
use karez::base::words::Words;
use karez::chat::desk::*;
use karez::chat::ids::{Conversation, Id, TicketId};
use karez::chat::output::*;
use karez::store::{Retention, Sqlite, Storage, StoreError, Tidy};
use rusqlite::Connection;

use crate::common::{append, id, on_every_store, said};
use crate::folder::Scratch;

fn desk(name: &str) -> Desk {
    Desk::from_text(name).unwrap()
}

fn in_ticket(ticket: u64) -> Conversation {
    Conversation::Ticket(TicketId(ticket))
}

fn person(uid: u64) -> Person {
    Person { uid: id(uid), name: format!("agent {uid}").into() }
}

/// A ticket of visitor 1001 that waits. Its times are its number.
fn waiting(ticket: u64) -> TicketRecord {
    TicketRecord {
        ticket: TicketId(ticket),
        desk: desk("sales"),
        visitor: Visitor {
            uid: id(1_001),
            name: "Ann".into(),
            guest: true,
            earlier: 0,
            page: None,
            referrer: None,
            browser: None,
            lang: None,
            form: vec![],
        },
        state: TicketState::Waiting,
        agent: None,
        priority: 0,
        tags: vec![],
        opened: UnixMillis(ticket),
        since: UnixMillis(ticket),
        claimed: None,
        replied: None,
        closed: None,
        by: None,
        stars: None,
        comment: None,
        transfers: 0,
    }
}

fn held(ticket: u64, agent: u64) -> TicketRecord {
    TicketRecord { state: TicketState::Open, agent: Some(person(agent)), ..waiting(ticket) }
}

fn closed(ticket: u64, name: &str, agent: Option<u64>) -> TicketRecord {
    TicketRecord {
        desk: desk(name),
        state: TicketState::Closed,
        agent: agent.map(person),
        closed: Some(UnixMillis(ticket)),
        by: Some(ClosedBy::Visitor),
        ..waiting(ticket)
    }
}

/// With everything that a ticket can have.
fn fullest(ticket: u64) -> TicketRecord {
    let text = |text: &str| Some(text.into());
    TicketRecord {
        visitor: Visitor {
            uid: Id::from_text("ann").unwrap(),
            name: "An\\n".into(),
            guest: false,
            earlier: 3,
            page: text("https://shop.example/茶"),
            referrer: text(""),
            browser: text("b\n"),
            lang: text("zh"),
            form: vec![("mail".into(), "".into()), ("a\\nb".into(), "line\nline\\".into())],
        },
        state: TicketState::Closed,
        agent: Some(person(7)),
        priority: -5,
        tags: vec!["".into(), "two\nlines".into(), "back\\slash".into()],
        claimed: Some(UnixMillis(11)),
        replied: Some(UnixMillis(12)),
        closed: Some(UnixMillis(13)),
        by: Some(ClosedBy::Site),
        stars: Some(4),
        comment: text("quick"),
        transfers: 2,
        ..waiting(ticket)
    }
}

fn note(ticket: u64, uid: u64, content: &str) -> NoteRecord {
    NoteRecord {
        ticket: TicketId(ticket),
        after: 2,
        uid: id(uid),
        name: "Bob".into(),
        content: content.into(),
        time: UnixMillis(9),
    }
}

fn write(store: &mut dyn Storage, order: DeskOrder<'_>) {
    store.write(Store::Desk(order)).unwrap();
}

/// A turn that writes these tickets.
fn keep(store: &mut dyn Storage, records: &[TicketRecord]) {
    store.begin().unwrap();
    records.iter().for_each(|record| write(store, DeskOrder::Ticket(record)));
    store.commit().unwrap();
}

/// Users 1, 7 and 1001.
fn people(store: &mut dyn Storage) {
    store.begin().unwrap();
    for uid in [1, 7, 1_001] {
        store.write(Store::User { uid: &id(uid), name: "somebody", guest: uid > 1_000 }).unwrap();
    }
    store.commit().unwrap();
}

fn say(store: &mut dyn Storage, ticket: u64, seq: u64, uid: u64, content: &str) {
    let (conversation, uid) = (in_ticket(ticket), id(uid));
    append(store, Entry { uid: &uid, name: "then", ..said(&conversation, seq, content) }).unwrap();
}

fn look(store: &dyn Storage, query: DeskQuery) -> DeskRecord {
    match store.read(&Query::Desk(query.clone())).unwrap() {
        Record::Desk(record) => {
            assert_eq!(record.query(), query);
            record
        }
        other => panic!("{other:?}"),
    }
}

fn ticket(store: &dyn Storage, number: u64) -> Option<KeptTicket> {
    match look(store, DeskQuery::Ticket(TicketId(number))) {
        DeskRecord::Ticket(_, kept) => kept.map(|kept| *kept),
        other => panic!("{other:?}"),
    }
}

fn start(store: &dyn Storage) -> DeskStart {
    match look(store, DeskQuery::Start) {
        DeskRecord::Start(start) => start,
        other => panic!("{other:?}"),
    }
}

fn notes(store: &dyn Storage, number: u64, notes_max: usize) -> Vec<String> {
    match look(store, DeskQuery::Notes(NotesQuery { ticket: TicketId(number), notes_max })) {
        DeskRecord::Notes(_, notes) => notes.into_iter().map(|note| note.content.into()).collect(),
        other => panic!("{other:?}"),
    }
}

fn canned(store: &dyn Storage, owner: Option<u64>) -> (Vec<u64>, u64) {
    match look(store, DeskQuery::Canned { owner: owner.map(id) }) {
        DeskRecord::Canned { canned, last, .. } => {
            (canned.into_iter().map(|reply| reply.canned).collect(), last)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ticket_is_read_as_it_was_written() {
    on_every_store(people, |store| {
        assert_eq!(ticket(store, 7), None);
        for record in [waiting(7), held(7, 7), fullest(7), waiting(7)] {
            keep(store, std::slice::from_ref(&record));
            assert_eq!(ticket(store, 7), Some(KeptTicket { record, seq: 0, last: None }));
        }
        store.begin().unwrap();
        write(store, DeskOrder::Ticket(&fullest(7)));
        write(store, DeskOrder::Ticket(&waiting(8)));
        assert_eq!(ticket(store, 7).unwrap().record, fullest(7), "in the open transaction too");
        store.rollback();
        assert_eq!(ticket(store, 7).unwrap().record, waiting(7));
        assert_eq!(ticket(store, 8), None);
    });
}

#[test]
fn what_is_said_in_a_ticket_has_numbers_of_its_own() {
    on_every_store(people, |store| {
        keep(store, &[waiting(7), waiting(8)]);
        store.begin().unwrap();
        say(store, 7, 1, 1_001, "hello");
        say(store, 8, 1, 1_001, "there");
        say(store, 7, 2, 7, "yes?");
        store.commit().unwrap();
        let kept = ticket(store, 7).unwrap();
        assert_eq!((kept.seq, &*kept.last.unwrap().content), (2, "yes?"));
        store.begin().unwrap();
        let conversation = in_ticket(7);
        let refused = append(store, said(&conversation, 4, "too far")).unwrap_err();
        assert_eq!(refused, StoreError::SeqGap { conversation, next: 3, given: 4 });
        store.rollback();
        store.begin().unwrap();
        let nowhere = in_ticket(9);
        let refused = append(store, said(&nowhere, 1, "nobody")).unwrap_err();
        assert_eq!(refused, StoreError::NoSuchTicket(TicketId(9)));
        store.rollback();
        store.begin().unwrap();
        let refused = store.write(Store::Desk(DeskOrder::Note(&note(9, 7, "x"))));
        assert_eq!(refused, Err(StoreError::NoSuchTicket(TicketId(9))));
        store.rollback();
    });
}

#[test]
fn at_the_start_all_that_is_not_closed_is_known() {
    on_every_store(people, |store| {
        assert_eq!(start(store), DeskStart::default());
        let offline = TicketRecord { state: TicketState::Offline, ..waiting(4) };
        keep(store, &[waiting(9), closed(10, "sales", None), held(2, 7), offline.clone()]);
        store.begin().unwrap();
        say(store, 2, 1, 1_001, "hello");
        store.commit().unwrap();
        let DeskStart { tickets, settings, last } = start(store);
        assert_eq!((settings, last), (vec![], 10));
        let seen: Vec<_> = tickets.iter().map(|kept| (kept.record.clone(), kept.seq)).collect();
        assert_eq!(seen, [(held(2, 7), 1), (offline, 0), (waiting(9), 0)]);
    });
}

#[test]
fn a_visitor_has_so_many_tickets_and_the_last_agent() {
    on_every_store(people, |store| {
        let visitor = |store: &dyn Storage, uid| match look(store, DeskQuery::Visitor(id(uid))) {
            DeskRecord::Visitor(_, record) => (record.tickets, record.agent),
            other => panic!("{other:?}"),
        };
        assert_eq!(visitor(store, 1_001), (0, None));
        let other = TicketRecord {
            visitor: Visitor { uid: id(5), ..waiting(9).visitor },
            ..closed(9, "sales", Some(9))
        };
        keep(store, &[closed(3, "sales", Some(7)), closed(5, "sales", Some(8)), waiting(8), other]);
        assert_eq!(visitor(store, 1_001), (3, Some(id(8))));
        assert_eq!(visitor(store, 5), (1, Some(id(9))));
    });
}

#[test]
fn closed_tickets_are_listed_by_desk_agent_and_visitor() {
    on_every_store(people, |store| {
        let of_five = |record: TicketRecord| TicketRecord {
            visitor: Visitor { uid: id(5), ..record.visitor },
            ..record
        };
        keep(
            store,
            &[
                closed(1, "sales", Some(7)),
                closed(2, "billing", Some(8)),
                of_five(closed(3, "sales", Some(8))),
                closed(4, "default", None),
                waiting(5),
                of_five(closed(6, "billing", Some(7))),
                held(7, 7),
            ],
        );
        let all = TicketsQuery {
            desks: None,
            or_agent: None,
            uid: None,
            agent: None,
            before: None,
            tickets_max: 100,
        };
        let list = |query: TicketsQuery| match look(store, DeskQuery::Tickets(query)) {
            DeskRecord::Tickets(_, list) => {
                list.into_iter().map(|kept| kept.record.ticket.0).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let desks = |names: &[&str]| Some(names.iter().map(|name| desk(name)).collect());
        assert_eq!(list(all.clone()), [6, 4, 3, 2, 1]);
        assert_eq!(list(TicketsQuery { before: Some(TicketId(4)), ..all.clone() }), [3, 2, 1]);
        assert_eq!(list(TicketsQuery { tickets_max: 2, ..all.clone() }), [6, 4, 3], "one more says so");
        let sales = TicketsQuery { desks: desks(&["sales"]), ..all.clone() };
        assert_eq!(list(sales.clone()), [3, 1]);
        assert_eq!(list(TicketsQuery { or_agent: Some(id(8)), ..sales.clone() }), [3, 2, 1]);
        assert_eq!(list(TicketsQuery { agent: Some(id(7)), ..sales.clone() }), [1]);
        assert_eq!(list(TicketsQuery { agent: Some(id(7)), or_agent: Some(id(7)), ..sales.clone() }), [6, 1]);
        assert_eq!(list(TicketsQuery { agent: Some(id(8)), or_agent: Some(id(7)), ..sales.clone() }), [3]);
        assert_eq!(list(TicketsQuery { uid: Some(id(5)), ..all.clone() }), [6, 3]);
        assert_eq!(list(TicketsQuery { uid: Some(id(5)), ..sales.clone() }), [3]);
        assert_eq!(list(TicketsQuery { uid: Some(id(5)), or_agent: Some(id(7)), ..sales }), [6, 3]);
        assert_eq!(list(TicketsQuery { uid: Some(id(5)), agent: Some(id(7)), ..all.clone() }), [6]);
        assert_eq!(list(TicketsQuery { desks: desks(&["billing", "default"]), ..all.clone() }), [6, 4, 2]);
        assert_eq!(list(TicketsQuery { desks: Some(vec![]), ..all }), [0; 0]);
    });
}

#[test]
fn notes_are_kept_in_their_order_and_the_latest_are_shown() {
    on_every_store(people, |store| {
        keep(store, &[waiting(7), waiting(8)]);
        store.begin().unwrap();
        for content in ["one", "two", "three"] {
            write(store, DeskOrder::Note(&note(7, 7, content)));
        }
        write(store, DeskOrder::Note(&note(8, 7, "other")));
        store.commit().unwrap();
        assert_eq!(notes(store, 7, 10), ["one", "two", "three"]);
        assert_eq!(notes(store, 7, 2), ["two", "three"]);
        store.begin().unwrap();
        write(store, DeskOrder::Note(&note(7, 7, "four")));
        store.rollback();
        assert_eq!(notes(store, 7, 10).len(), 3);
    });
}

#[test]
fn canned_replies_are_everybodys_or_ones_own_and_no_number_comes_twice() {
    on_every_store(people, |store| {
        let reply = |number, owner: Option<u64>| CannedRecord {
            canned: number,
            owner: owner.map(id),
            desk: owner.is_none().then(|| desk("sales")),
            short: "hi".into(),
            content: "Hello {visitor}".into(),
        };
        assert_eq!(canned(store, Some(7)), (vec![], 0));
        store.begin().unwrap();
        for reply in [reply(1, None), reply(2, Some(7)), reply(3, Some(8)), reply(4, None)] {
            write(store, DeskOrder::Canned(&reply));
        }
        store.commit().unwrap();
        assert_eq!(canned(store, None), (vec![1, 4], 4));
        assert_eq!(canned(store, Some(7)), (vec![1, 2, 4], 4));
        store.begin().unwrap();
        write(store, DeskOrder::NoCanned { canned: 4 });
        let changed = CannedRecord { content: "Good morning".into(), ..reply(2, Some(7)) };
        write(store, DeskOrder::Canned(&changed));
        store.commit().unwrap();
        assert_eq!(canned(store, Some(7)), (vec![1, 2], 4));
        let DeskRecord::Canned { canned: replies, .. } =
            look(store, DeskQuery::Canned { owner: Some(id(7)) })
        else {
            panic!("no canned replies")
        };
        assert_eq!(replies, [reply(1, None), changed]);
        store.begin().unwrap();
        write(store, DeskOrder::NoCanned { canned: 1 });
        write(store, DeskOrder::Canned(&reply(9, None)));
        store.rollback();
        assert_eq!(canned(store, Some(7)), (vec![1, 2], 4));
    });
}

#[test]
fn desks_keep_their_rules() {
    on_every_store(people, |store| {
        let span = |from_min, to_min| Span { from_min, to_min };
        let date = |month, day| Date { year: 2026, month, day };
        let sales = DeskSettings {
            name: Some("Sales".into()),
            routing: Routing::LongestIdle,
            offer_seconds: 7,
            sticky: false,
            capacity: 3,
            idle_close_seconds: 0,
            idle_notice_seconds: 9,
            greeting: Some("Hello\nthere".into()),
            away: Some("later".into()),
            identified: true,
            form: vec![
                FormField { name: "mail".into(), label: "Your\naddress".into(), required: true },
                FormField { name: "order".into(), label: "".into(), required: false },
            ],
            hours: Some(Hours {
                tz: "Asia/Shanghai".into(),
                week: [
                    vec![span(540, 720), span(810, 1_080)],
                    vec![],
                    vec![span(0, 1_440)],
                    vec![],
                    vec![],
                    vec![],
                    vec![span(1, 2)],
                ],
                dates: BTreeMap::from([(date(12, 25), vec![]), (date(12, 26), vec![span(600, 660)])]),
            }),
            ..DeskSettings::new(desk("sales"))
        };
        let plain = DeskSettings {
            hours: Some(Hours { tz: "UTC".into(), week: Default::default(), dates: BTreeMap::new() }),
            ..DeskSettings::new(desk("订单"))
        };
        let bare = DeskSettings::new(desk("billing"));
        store.begin().unwrap();
        for settings in [&plain, &sales, &bare] {
            write(store, DeskOrder::Settings(settings));
        }
        store.commit().unwrap();
        assert_eq!(start(store).settings, [bare.clone(), sales.clone(), plain.clone()], "by name");
        store.begin().unwrap();
        write(store, DeskOrder::NoSettings { desk: &sales.desk });
        let changed = DeskSettings { name: Some("Bills".into()), ..bare.clone() };
        write(store, DeskOrder::Settings(&changed));
        assert_eq!(start(store).settings, [changed, plain.clone()]);
        store.rollback();
        assert_eq!(start(store).settings, [bare, sales, plain]);
    });
}

#[test]
fn figures_are_of_the_tickets_that_were_opened_in_a_time() {
    on_every_store(people, |store| {
        keep(store, &[fullest(1), waiting(2), closed(3, "billing", None), held(4, 7), waiting(9)]);
        let rows = |desks: Option<&[&str]>, from, to, tickets_max| {
            let desks = desks.map(|names| names.iter().map(|name| desk(name)).collect());
            let query = FiguresQuery { desks, from: UnixMillis(from), to: UnixMillis(to), tickets_max };
            match look(store, DeskQuery::Figures(query)) {
                DeskRecord::Figures(_, rows) => rows,
                other => panic!("{other:?}"),
            }
        };
        let opened = |rows: Vec<FigureRow>| rows.iter().map(|row| row.opened.0).collect::<Vec<_>>();
        assert_eq!(opened(rows(None, 1, 9, 100)), [4, 3, 2, 1], "the newest first");
        assert_eq!(opened(rows(None, 2, 4, 100)), [3, 2]);
        assert_eq!(opened(rows(None, 1, 9, 2)), [4, 3, 2], "one more says so");
        assert_eq!(opened(rows(Some(&["billing"]), 1, 9, 100)), [3]);
        assert_eq!(opened(rows(Some(&["billing", "sales"]), 1, 9, 1)), [4, 3]);
        assert_eq!(rows(None, 1, 2, 1), [FigureRow::of(&fullest(1))]);
    });
}

#[test]
fn a_transcript_has_the_latest_and_says_so() {
    on_every_store(people, |store| {
        keep(store, &[waiting(7)]);
        store.begin().unwrap();
        (1..=4).for_each(|seq| say(store, 7, seq, 1_001, "hello"));
        write(store, DeskOrder::Note(&note(7, 7, "x")));
        store.commit().unwrap();
        let read = |entries_max, bytes_max, notes_max| {
            let query = TranscriptQuery { ticket: TicketId(7), notes_max, entries_max, bytes_max };
            match look(store, DeskQuery::Transcript(query)) {
                DeskRecord::Transcript(_, TranscriptRecord { entries, more, notes }) => {
                    (entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), more, notes.len())
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(read(10, usize::MAX, 5), (vec![1, 2, 3, 4], false, 1));
        assert_eq!(read(2, usize::MAX, 0), (vec![3, 4], true, 0));
        assert_eq!(read(10, 1, 5), (vec![4], true, 1));
    });
}

#[test]
fn a_ticket_is_a_conversation_of_its_visitor_and_of_who_holds_it() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7), waiting(8), held(9, 8)]);
        store.begin().unwrap();
        say(store, 8, 1, 1_001, "first");
        say(store, 7, 1, 1_001, "hello");
        say(store, 7, 2, 7, "yes?");
        store.write(Store::Read { uid: &id(1_001), conversation: &in_ticket(7), seq: 1 }).unwrap();
        store.commit().unwrap();
        let list = |uid| {
            let query = ConversationsQuery {
                uid: id(uid),
                after: None,
                list_max: 10,
                unread_counted_max: 100,
                entries_max: 1_000,
                bytes_max: usize::MAX,
            };
            match store.read(&Query::Conversations(query)).unwrap() {
                Record::Conversations(_, page) => page
                    .list
                    .into_iter()
                    .map(|of| match of.conversation {
                        Conversation::Ticket(ticket) => (ticket.0, of.name.into_string(), of.read, of.unread),
                        other => panic!("{other:?}"),
                    })
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        let (visitor, agent) = ("Ann".to_owned(), "agent 7".to_owned());
        assert_eq!(list(1_001), [(7, agent, 1, 1), (8, String::new(), 0, 0)]);
        assert_eq!(list(7), [(7, visitor, 0, 1)]);
        assert_eq!(list(1), []);
        let cursor = |uid| {
            let query = CursorQuery { uid: id(uid), conversation: in_ticket(7) };
            match store.read(&Query::Cursor(query)).unwrap() {
                Record::Cursor(_, cursor) => cursor.map(|Cursor { read, seq }| (read, seq)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((cursor(1_001), cursor(7)), (Some((1, 2)), Some((0, 2))));
    });
}

#[test]
fn what_was_said_in_a_ticket_is_found_by_those_who_took_part() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7), held(8, 8)]);
        store.begin().unwrap();
        say(store, 7, 1, 1_001, "tea please");
        say(store, 8, 1, 1_001, "tea again");
        store.commit().unwrap();
        for indexed in [false, true] {
            while indexed && store.tidy_up(UnixMillis(5)).unwrap() == Tidy::NotYet {}
            let found = |scope| {
                let query = SearchQuery {
                    words: Words::of("tea"),
                    scope,
                    before: None,
                    entries_max: 10,
                    bytes_max: usize::MAX,
                    steps_max: 100_000,
                };
                match store.read(&Query::Search(query)).unwrap() {
                    Record::Search(_, record) => {
                        record.found.iter().map(|found| found.entry.content.to_string()).collect::<Vec<_>>()
                    }
                    other => panic!("{other:?}"),
                }
            };
            assert_eq!(found(Scope::All(id(1_001))), ["tea again", "tea please"]);
            assert_eq!(found(Scope::All(id(7))), ["tea please"]);
            assert_eq!(found(Scope::All(id(1))), [""; 0]);
            assert_eq!(found(Scope::One(in_ticket(8))), ["tea again"]);
        }
    });
}

#[test]
fn what_was_said_in_a_ticket_waits_and_may_be_sent_again() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7)]);
        store.begin().unwrap();
        let (conversation, uid) = (in_ticket(7), id(1_001));
        let entry = Entry { uid: &uid, ..said(&conversation, 1, "hello") };
        let sent_as = Some(SentAs { id: "s1", digest: Digest::of([&b"x"[..]]) });
        store.write(Store::Append { entry: &entry, sent_as }).unwrap();
        store.write(Store::Wait { uid: &id(7), conversation: &conversation, seq: 1 }).unwrap();
        store.commit().unwrap();
        let Record::Sent { sent, .. } =
            store.read(&Query::Sent { uid: uid.clone(), id: "s1".into() }).unwrap()
        else {
            panic!("no send")
        };
        let sent = sent.unwrap();
        assert_eq!((sent.conversation, sent.seq), (in_ticket(7), 1));
        let page = |store: &dyn Storage| {
            let query = WaitingQuery { uid: id(7), after: 0, entries_max: 10, bytes_max: usize::MAX };
            match store.read(&Query::Waiting(query)).unwrap() {
                Record::Waiting(_, page) => page
                    .entries
                    .into_iter()
                    .map(|entry| (entry.conversation, entry.record.seq))
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(page(store), [(in_ticket(7), 1)]);
        store.begin().unwrap();
        store.write(Store::NoWait { uid: &id(7), conversation: &conversation, until: 1 }).unwrap();
        store.commit().unwrap();
        assert_eq!(page(store), []);
    });
}

#[test]
fn who_is_named_in_a_ticket_is_named() {
    on_every_store(people, |store| {
        let named = |store: &dyn Storage, uid| match store.read(&Query::Named(id(uid))).unwrap() {
            Record::Named(_, named) => named,
            other => panic!("{other:?}"),
        };
        let record =
            TicketRecord { visitor: Visitor { uid: id(2_002), ..waiting(7).visitor }, ..held(7, 44) };
        assert!(!named(store, 2_002) && !named(store, 44));
        keep(store, &[record]);
        assert!(named(store, 2_002) && named(store, 44));
    });
}

#[test]
fn what_a_person_leaves_in_tickets_goes_with_the_person() {
    on_every_store(people, |store| {
        let own = TicketRecord { visitor: Visitor { uid: id(1_001), ..fullest(3).visitor }, ..fullest(3) };
        let as_agent =
            TicketRecord { visitor: Visitor { uid: id(5), ..waiting(4).visitor }, ..held(4, 1_001) };
        keep(store, &[own, as_agent]);
        store.begin().unwrap();
        say(store, 3, 1, 1_001, "hello");
        say(store, 3, 2, 7, "yes?");
        write(store, DeskOrder::Note(&note(3, 7, "about the person")));
        write(store, DeskOrder::Note(&note(4, 1_001, "by the person")));
        write(store, DeskOrder::Note(&note(4, 7, "of somebody else")));
        let reply = CannedRecord {
            canned: 1,
            owner: Some(id(1_001)),
            desk: None,
            short: "hi".into(),
            content: "Hello".into(),
        };
        write(store, DeskOrder::Canned(&reply));
        store.commit().unwrap();
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1_001), groups: 0 }).unwrap();
        store.commit().unwrap();
        let kept = ticket(store, 3).unwrap();
        let visitor = Visitor {
            name: "1001".into(),
            page: None,
            referrer: None,
            browser: None,
            lang: None,
            form: vec![],
            ..fullest(3).visitor
        };
        let visitor = Visitor { uid: id(1_001), ..visitor };
        let expected = TicketRecord { visitor, stars: None, comment: None, ..fullest(3) };
        assert_eq!(kept.record, expected);
        assert_eq!(&*ticket(store, 4).unwrap().record.agent.unwrap().name, "1001");
        assert_eq!((notes(store, 3, 10), notes(store, 4, 10)), (vec![], vec!["of somebody else".to_owned()]));
        assert_eq!(canned(store, Some(1_001)).0, [0; 0]);
        let query = TranscriptQuery { ticket: TicketId(3), notes_max: 9, entries_max: 9, bytes_max: 9_999 };
        let DeskRecord::Transcript(_, said) = look(store, DeskQuery::Transcript(query)) else {
            panic!("none")
        };
        let texts: Vec<_> = said.entries.iter().map(|entry| (&*entry.name, &*entry.content)).collect();
        assert_eq!(texts, [("1001", ""), ("then", "yes?")], "what others said is theirs");
    });
}

fn tidy(store: &mut Sqlite, now: UnixMillis) {
    for step in 0.. {
        assert!(step < 10_000, "never done");
        if store.tidy_up(now).unwrap() == Tidy::Done {
            return;
        }
    }
}

#[test]
fn a_restart_finds_everything() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[fullest(1), held(2, 7)]);
    store.begin().unwrap();
    say(&mut store, 2, 1, 1_001, "hello");
    write(&mut store, DeskOrder::Note(&note(2, 7, "note")));
    store.commit().unwrap();
    let before = (start(&store), ticket(&store, 1), notes(&store, 2, 9));
    drop(store);
    let store = scratch.open();
    assert_eq!((start(&store), ticket(&store, 1), notes(&store, 2, 9)), before);
}

#[test]
fn a_closed_ticket_goes_with_the_last_of_what_was_said_in_it() {
    const DAY_MS: u64 = 86_400_000;
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[closed(3, "sales", None), waiting(4), closed(5, "sales", None)]);
    store.begin().unwrap();
    for number in [3, 4] {
        say(&mut store, number, 1, 1_001, "long ago");
        write(&mut store, DeskOrder::Note(&note(number, 7, "note")));
        store.write(Store::Read { uid: &id(1_001), conversation: &in_ticket(number), seq: 1 }).unwrap();
        store.write(Store::Wait { uid: &id(7), conversation: &in_ticket(number), seq: 1 }).unwrap();
    }
    let conversation = in_ticket(5);
    append(&mut store, Entry { time: UnixMillis(9 * DAY_MS), ..said(&conversation, 1, "of late") }).unwrap();
    store.commit().unwrap();
    store.set_retention(Retention { days_max: Some(5), ..Retention::default() });
    tidy(&mut store, UnixMillis(10 * DAY_MS));
    assert_eq!(ticket(&store, 3), None);
    assert_eq!(notes(&store, 3, 9), [""; 0]);
    let left = ticket(&store, 4).unwrap();
    assert_eq!((left.seq, left.last), (1, None), "one that is not closed stays, and so does its number");
    assert_eq!(notes(&store, 4, 9), ["note"]);
    assert!(ticket(&store, 5).is_some(), "something of it is still kept");
    assert_eq!(start(&store).last, 5);
    let look = scratch.look();
    let count = |sql: &str| look.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM ticket_read WHERE ticket = 3"), 0);
    assert_eq!(count("SELECT count(*) FROM waiting"), 0, "what is not kept does not wait");
    store.begin().unwrap();
    say(&mut store, 4, 2, 1_001, "again");
    store.commit().unwrap();
}

#[test]
fn a_number_of_entries_is_kept_of_each_ticket() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[waiting(3), waiting(4)]);
    store.begin().unwrap();
    for number in [3, 4] {
        (1..=5).for_each(|seq| say(&mut store, number, seq, 1_001, "hello"));
    }
    store.commit().unwrap();
    store.set_retention(Retention { entries_per_conversation_max: Some(2), ..Retention::default() });
    tidy(&mut store, UnixMillis(5));
    for number in [3, 4] {
        let query =
            TranscriptQuery { ticket: TicketId(number), notes_max: 0, entries_max: 9, bytes_max: 9_999 };
        let DeskRecord::Transcript(_, said) = look(&store, DeskQuery::Transcript(query)) else {
            panic!("none")
        };
        assert_eq!(said.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5], "ticket {number}");
    }
}

#[test]
fn a_store_from_before_there_were_tickets_knows_what_was_sent() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    drop(store);
    // As it was: the tables of the desk taken out, and what was sent in the table of that time.
    let old = scratch.look();
    old.execute_batch(
        "DROP TABLE note; DROP TABLE ticket_read; DROP TABLE ticket; DROP TABLE canned; DROP TABLE desk;
         DROP TRIGGER ticket_entry_went; DROP INDEX waiting_in_ticket; DROP TABLE sent;",
    )
    .unwrap();
    old.execute_batch(include_str!("../../src/store/schema/0002_sends.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO sent VALUES (1, 'one', 7, NULL, 3, x'00112233445566778899aabbccddeeff', 5),
                                 (1, 'two', NULL, 'eve', 4, x'00112233445566778899aabbccddeeff', 5);",
    )
    .unwrap();
    let before = BEFORE_TICKETS;
    old.pragma_update(None, "user_version", before).unwrap();
    drop(old);
    let mut store = scratch.open();
    let sent = |store: &Sqlite, name: &str| match store.read(&Query::Sent { uid: id(1), id: name.into() }) {
        Ok(Record::Sent { sent: Some(sent), .. }) => (sent.conversation, sent.seq),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(&store, "one"), (Conversation::Group(id(7)), 3));
    let eve = Id::from_text("eve").unwrap();
    assert_eq!(sent(&store, "two"), (Conversation::direct(&id(1), &eve), 4));
    keep(&mut store, &[waiting(1)]);
    assert!(ticket(&store, 1).is_some());
}

/// The schema before the one with the tables of the desk.
const BEFORE_TICKETS: i64 = 15;

#[test]
fn every_question_is_answered_by_an_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let connection = Connection::open(scratch.options().file()).unwrap();
    for sql in [
        "SELECT page FROM ticket WHERE state <> 'closed' ORDER BY ticket",
        "SELECT page FROM ticket WHERE ticket = 1",
        "SELECT ticket FROM ticket WHERE state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE desk = 'a' AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE agent = 1 AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE agent = 1 AND desk = 'a' AND state = 'closed' AND ticket < 9
         ORDER BY ticket DESC",
        "SELECT page FROM ticket WHERE visitor = 1 AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT count(*) FROM ticket WHERE visitor = 1",
        "SELECT agent FROM ticket WHERE visitor = 1 AND agent IS NOT NULL ORDER BY ticket DESC LIMIT 1",
        "SELECT stars FROM ticket WHERE opened >= 1 AND opened < 9 ORDER BY opened DESC LIMIT 5",
        "SELECT stars FROM ticket WHERE desk = 'a' AND opened >= 1 AND opened < 9 ORDER BY opened DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE visitor = 1 AND newest > 0 AND newest < 9 ORDER BY newest DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE agent = 1 AND state = 'open' AND newest > 0 AND newest < 9
         ORDER BY newest DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE state = 'closed' AND closed < 9
         AND NOT EXISTS (SELECT 1 FROM entry WHERE conversation = -ticket) ORDER BY closed LIMIT 5",
        "SELECT -ticket FROM ticket WHERE ticket < 9 ORDER BY ticket DESC LIMIT 5",
        "UPDATE ticket SET page = NULL WHERE visitor = 1",
        "UPDATE ticket SET agent_name = '' WHERE agent = 1",
        "SELECT name FROM note WHERE ticket = 1 ORDER BY note DESC LIMIT 5",
        "DELETE FROM note WHERE uid = 1",
        "DELETE FROM note WHERE ticket IN (SELECT ticket FROM ticket WHERE visitor = 1)",
        "DELETE FROM ticket_read WHERE uid = 1",
        "DELETE FROM ticket_read WHERE ticket = 1",
        "SELECT read FROM ticket_read WHERE uid = 1 AND ticket = 2",
        "SELECT short FROM canned WHERE owner IS 1 ORDER BY canned",
        "SELECT short FROM canned WHERE owner IS NULL ORDER BY canned",
        "DELETE FROM waiting WHERE conversation < 0 AND entry = 1",
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.query_map((), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let is_bounded = |step: &String| {
            step.contains("SEARCH") || step.contains("ticket_not_closed") || step.contains("SUBQUERY")
        };
        assert!(steps.iter().all(is_bounded), "{sql}: {steps:?}");
    }
}
