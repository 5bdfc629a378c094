//! What is kept of the support desk: tickets, notes, canned replies, the rules of desks, figures and transcripts.

use std::collections::BTreeMap;

use karez::base::clock::UnixMillis;
use karez::chat::desk::*;
use karez::chat::ids::TicketId;
use karez::chat::output::*;
use karez::store::{Storage, StoreError};

use crate::common::{append, id, on_every_store, said};
use crate::desk_common::*;

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
