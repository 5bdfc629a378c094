//! How visitors were served.

use karez::chat::desk::DeskRequest;
use karez::chat::ids::{SessionId, TicketId};
use karez::chat::input::Command;

use crate::desk_words::*;
use crate::net::World;
use crate::story::*;

fn closed() -> (World, SessionId, SessionId) {
    let mut w = world();
    let ann = agent_online(&mut w, 1, ANN, "Ann", &[]);
    let vic = w.guest(2, "Vic");
    w.send(vic, support("hello"));
    w.send(ann, claim(1));
    w.send(ann, close_ticket(1));
    w.hush();
    (w, ann, vic)
}

fn rated(w: &mut World, session: SessionId, command: Command<'_>) -> String {
    w.ask(session, "r", command);
    w.heard(session).remove(0)
}

#[test]
fn a_ticket_is_rated_for_a_week() {
    let (mut w, ann, vic) = closed();
    assert_eq!(rated(&mut w, vic, rate(1, 4)), "ack [r]");
    assert_eq!(rated(&mut w, vic, rate(1, 5)), "ack [r]", "the later one holds");
    w.hush();
    w.ask(ann, "t", tickets(karez::chat::desk::TicketsView::Closed));
    assert_eq!(
        w.heard(ann),
        ["tickets [t] closed (0/0/0/0): 1 closed by agent, 5 stars, of 1001 Vic: hello"]
    );
    assert_eq!(rated(&mut w, ann, rate(1, 5)), "refused [r] Forbidden", "not by the agent");
    w.later_ms(7 * 24 * 3_600 * 1_000);
    w.hush();
    assert_eq!(rated(&mut w, vic, rate(1, 1)), "ack [r]");
    w.later_ms(1);
    w.hush();
    let late = "refused [r] Conflict(\"the ticket was closed too long ago\")";
    assert_eq!(rated(&mut w, vic, rate(1, 1)), late);
}

#[test]
fn an_open_one_is_not_rated() {
    let (mut w, _, vic) = closed();
    w.send(vic, support("again"));
    w.hush();
    assert_eq!(rated(&mut w, vic, rate(2, 5)), "refused [r] Conflict(\"the ticket is not closed yet\")");
    for stars in [0, 6] {
        assert_eq!(
            rated(&mut w, vic, rate(1, stars)),
            "refused [r] BadRequest(\"stars\", \"must be from 1 to 5\")"
        );
    }
}

#[test]
fn a_comment_is_bounded() {
    let (mut w, _, vic) = closed();
    let with = |bytes: usize| {
        let comment = Some("x".repeat(bytes).into());
        Command::Desk(DeskRequest::Rate { ticket: TicketId(1), stars: 5, comment })
    };
    assert_eq!(rated(&mut w, vic, with(2_001)), "refused [r] TooLarge(\"comment\")");
    assert_eq!(rated(&mut w, vic, with(2_000)), "ack [r]");
}
