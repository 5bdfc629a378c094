//! Lists of tickets.

use karez::chat::desk::{DeskRequest, Opening, TicketsPage, TicketsPlace, TicketsView};
use karez::chat::ids::SessionId;
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::net::{Desked, World};
use crate::story::*;

/// Three tickets of sales and one of help; Ann holds the first, Ben the second, the third waits.
fn several() -> (World, SessionId, SessionId, Vec<SessionId>) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &["sales"]);
    let ben = agent_online(&mut w, 2, BEN, "Ben", &["sales"]);
    let visitors = ["sales", "sales", "sales", "help"].iter().zip(10..).map(|(name, n)| {
        let visitor = w.guest(n, "Vic");
        w.send(visitor, support_at(name, "hello"));
        visitor
    });
    let visitors = visitors.collect();
    w.send(ann, claim(1));
    w.send(ben, claim(2));
    w.hush();
    (w, ann, ben, visitors)
}

fn page(view: TicketsView, after: Option<TicketsPlace>, limit: u32) -> Command<'static> {
    let (desk, uid, agent, limit) = (None, None, None, Some(limit));
    Command::Desk(DeskRequest::Tickets(TicketsPage { view, desk, uid, agent, after, limit }))
}

fn list(w: &mut World, session: SessionId, view: TicketsView) -> Vec<String> {
    w.ask(session, "t", tickets(view));
    w.heard(session)
}

#[test]
fn agents_see_those_of_their_desks() {
    let (mut w, ann, _, _) = several();
    assert_eq!(
        list(&mut w, ann, TicketsView::Waiting),
        ["tickets [t] waiting (1/1/3/0): 3 waiting at sales, place 1, 0 s, of 1003 Vic: hello"]
    );
    assert_eq!(
        list(&mut w, ann, TicketsView::Mine),
        ["tickets [t] mine (1/1/3/0): 1 open at sales with 7 Ann, of 1001 Vic: hello"]
    );
    assert_eq!(
        list(&mut w, ann, TicketsView::All),
        ["tickets [t] all (1/1/3/0): 3 waiting at sales, place 1, 0 s, of 1003 Vic: hello | \
          2 open at sales with 8 Ben, of 1002 Vic | 1 open at sales with 7 Ann, of 1001 Vic: hello"],
        "of a colleague's the line only"
    );
    assert_eq!(list(&mut w, ann, TicketsView::Offline), ["tickets [t] offline (1/1/3/0): "]);
    let cid = agent(&mut w, 3, 9, "Cid");
    assert_eq!(
        list(&mut w, cid, TicketsView::Offline),
        ["tickets [t] offline (1/0/4/1): 4 offline at help, of 1004 Vic: hello"]
    );
}

#[test]
fn closed_ones_come_from_the_store() {
    let (mut w, ann, ben, visitors) = several();
    for (ticket, visitor) in (1..).zip(&visitors) {
        w.send(*visitor, close_ticket(ticket));
    }
    w.hush();
    let closed = |n: u64| format!("{n} closed at sales by visitor, of 100{n} Vic: hello");
    let expected = format!("tickets [t] closed (0/0/0/0): {} | {} | {}", closed(3), closed(2), closed(1));
    assert_eq!(list(&mut w, ann, TicketsView::Closed), [&*expected]);
    assert_eq!(list(&mut w, ben, TicketsView::Closed), [&*expected]);
    assert_eq!(
        list(&mut w, visitors[3], TicketsView::Closed),
        ["tickets [t] closed: 4 closed at help by visitor, of 1004 Vic: hello"],
        "a visitor sees the own ones"
    );
}

#[test]
fn visitors_see_their_own() {
    let (mut w, _, _, visitors) = several();
    assert_eq!(
        list(&mut w, visitors[0], TicketsView::Mine),
        ["tickets [t] mine: 1 open at sales with 7 Ann, of 1001 Vic: hello"]
    );
    for view in [TicketsView::Waiting, TicketsView::All, TicketsView::Offline] {
        assert_eq!(list(&mut w, visitors[0], view), ["refused [t] Forbidden"]);
    }
}

#[test]
fn lists_come_in_pages() {
    let mut w =
        world_with(|limits| (limits.desk.tickets_page_default, limits.desk.tickets_page_max) = (2, 3));
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let visitors: Vec<SessionId> = (10..15).map(|n| w.guest(n, "Vic")).collect();
    for visitor in &visitors {
        w.send(*visitor, support("hello"));
    }
    w.hush();
    let walk = |w: &mut World, view: TicketsView, limit: u32| {
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            w.send(ann, page(view, after, limit));
            let Some(Desked::Tickets { tickets, next, .. }) = desked(w, ann).pop() else { panic!() };
            pages.push(tickets.iter().map(|seen| seen.record.ticket.0).collect::<Vec<_>>());
            after = next;
            if after.is_none() {
                return pages;
            }
        }
    };
    assert_eq!(walk(&mut w, TicketsView::Waiting, 2), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(walk(&mut w, TicketsView::All, 99), [vec![5, 4, 3], vec![2, 1]], "at most so many");
    for (ticket, visitor) in (1..).zip(&visitors) {
        w.send(*visitor, close_ticket(ticket));
    }
    w.hush();
    assert_eq!(walk(&mut w, TicketsView::Closed, 0), [[5], [4], [3], [2], [1]]);
    w.send(ann, tickets(TicketsView::Closed));
    assert!(matches!(&desked(&mut w, ann)[..], [Desked::Tickets { tickets, .. }] if tickets.len() == 2));
}

#[test]
fn a_page_ends_where_it_is_large() {
    let mut w = world_with(|limits| limits.desk.tickets_page_bytes_max = 2_500);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    for n in 10..15 {
        let visitor = w.guest(n, "Vic");
        let page = "x".repeat(if n == 12 { 2_000 } else { 1_000 });
        let opening =
            Opening { page: Some(page.into()), referrer: Some("y".repeat(200).into()), ..Opening::default() };
        w.send(
            visitor,
            Command::Desk(DeskRequest::Support {
                ticket: None,
                draft: draft("hello"),
                opening: Box::new(opening),
            }),
        );
    }
    w.hush();
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        w.send(ann, page(TicketsView::Waiting, after, 50));
        let Some(Desked::Tickets { tickets, next, .. }) = desked(&mut w, ann).pop() else { panic!() };
        pages.push(tickets.iter().map(|seen| seen.record.ticket.0).collect::<Vec<_>>());
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![1, 2], vec![3], vec![4, 5]]);
    let mut w = world_with(|limits| limits.desk.tickets_page_bytes_max = 1);
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let visitor = w.guest(10, "Vic");
    w.send(visitor, support("hello"));
    w.hush();
    assert_eq!(list(&mut w, ann, TicketsView::Waiting).len(), 1, "one in any case");
}
