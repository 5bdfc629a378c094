//! The support desk with the real daemon over sockets: from the first word to the rating, over a crash, under a race, and
//! what strangers learn of it.

use karez::auth::Claims;
use karez::auth::jwt::Secret;
use karez::chat::ids::Id;
use karez::chat::input::Role;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::client::*;
use crate::desk_peers::*;

#[test]
fn a_visitor_is_served_from_the_first_word_to_the_rating() {
    let site = Site::new("desk-served");
    let (daemon, address) = site.start(&[]);
    let mut bob = Peer::agent(address, "bob", &["sales"]);
    let mut eve = Peer::agent(address, "eve", &["sales", "billing"]);
    let mut fay = Peer::agent(address, "fay", &["billing"]);
    let (mut ann, mut ben) = (Peer::guest(address), Peer::guest(address));
    let first = ann.open("sales");
    assert_eq!(ann.hear_ticket("waiting")["position"], 1);
    ben.open("sales");
    assert_eq!(ben.hear_ticket("waiting")["position"], 2);
    let offer = bob.hear("offer");
    assert_eq!((offer["ticket"].as_u64(), &offer["visitor"]["name"]), (Some(first), &json!("Ann")));
    assert_eq!(bob.ask(json!({ "type": "claim", "ticket": first, "id": "c" }))["type"], "ack");
    let open = ann.hear_ticket("open");
    assert_eq!(open["agent"], json!({ "uid": "bob", "name": "BOB" }));
    assert_eq!(ben.hear_ticket("waiting")["position"], 1, "the other one moves up");
    let lost = eve.ask(json!({ "type": "claim", "ticket": first, "id": "c" }));
    assert_eq!((&lost["code"], &lost["holder"]["uid"]), (&json!("conflict"), &json!("bob")));
    bob.ask(json!({ "type": "support", "ticket": first, "content": "yes?", "id": "s" }));
    assert_eq!(ann.hear("support")["content"], "yes?");
    ann.say(json!({ "type": "typing", "ticket": first }));
    assert_eq!(bob.hear("typing")["ticket"], first);
    let handed =
        json!({ "type": "transfer", "ticket": first, "uid": "eve", "note": "an invoice", "id": "t" });
    assert_eq!(bob.ask(handed)["type"], "ack");
    assert_eq!(ann.hear_ticket("open")["agent"]["uid"], "eve");
    ann.say(json!({ "type": "support", "content": "for you alone" }));
    assert_eq!(eve.hear("support")["content"], "for you alone");
    assert!(bob.hears_no_more("support"), "from then on only the new one hears it");
    assert!(fay.hears_no_more("ticket"), "it is not a ticket of her desk");
    let notes = eve.ask(json!({ "type": "notes", "ticket": first, "id": "n" }));
    assert_eq!(notes["notes"][0]["content"], "an invoice");
    assert_eq!(eve.ask(json!({ "type": "close", "ticket": first, "id": "x" }))["type"], "ack");
    assert_eq!(ann.hear_ticket("closed")["by"], "agent");
    let rated = json!({ "type": "rate", "ticket": first, "stars": 5, "comment": "quick", "id": "r" });
    assert_eq!(ann.ask(rated)["type"], "ack");
    let history = ann.ask(json!({ "type": "history", "ticket": first, "id": "h" }));
    let said: Vec<&Value> =
        history["messages"].as_array().unwrap().iter().map(|entry| &entry["content"]).collect();
    assert_eq!(said, ["hello", "yes?", "for you alone"], "and never a note");
    let ticket = site.call(address, &format!("GET /v1/tickets/{first}"), Value::Null);
    assert_eq!(
        (&ticket["stars"], &ticket["comment"], &ticket["transfers"]),
        (&json!(5), &json!("quick"), &json!(1))
    );
    let figures = site.call(address, "GET /v1/figures", Value::Null);
    assert_eq!((&figures["desks"][0]["opened"], &figures["desks"][0]["closed"]), (&json!(2), &json!(1)));
    daemon.end();
}

#[test]
fn a_crash_in_the_middle_loses_no_word_and_no_ticket() {
    let site = Site::new("desk-crash");
    let (daemon, address) = site.start(&[]);
    let mut bob = Peer::agent(address, "bob", &[]);
    let (mut ann, mut ben) = (Peer::guest(address), Peer::guest(address));
    let (held, waits) = (ann.open("sales"), ben.open("sales"));
    bob.ask(json!({ "type": "claim", "ticket": held, "id": "c" }));
    bob.ask(json!({ "type": "note", "ticket": held, "content": "remember", "id": "n" }));
    let ack = bob.ask(json!({ "type": "support", "ticket": held, "content": "one moment", "id": "s" }));
    assert_eq!(ack["seq"], 2);
    daemon.signal(Signal::KILL);
    daemon.wait();
    let (daemon, address) = site.start(&[]);
    let (mut ann, mut ben) = (ann.again(address), ben.again(address));
    assert_eq!(ann.hear_ticket("open")["agent"]["uid"], "bob", "who had it has it");
    assert_eq!(ben.hear("ticket")["ticket"], waits);
    let mut bob = Peer::agent(address, "bob", &[]);
    let again = bob.ask(json!({ "type": "support", "ticket": held, "content": "one moment", "id": "s" }));
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(2), &json!(true)));
    let next = bob.ask(json!({ "type": "support", "ticket": held, "content": "here it is", "id": "s2" }));
    assert_eq!(next["seq"], 3);
    let history = ann.ask(json!({ "type": "history", "ticket": held, "id": "h" }));
    assert_eq!(history["messages"].as_array().unwrap().len(), 3);
    assert_eq!(bob.ask(json!({ "type": "claim", "ticket": waits, "id": "c" }))["type"], "ack");
    let notes = bob.ask(json!({ "type": "notes", "ticket": held, "id": "n" }));
    assert_eq!(notes["notes"][0]["content"], "remember");
    daemon.end();
}

#[test]
fn of_five_who_claim_at_once_one_has_it_and_all_are_told_who() {
    let site = Site::new("desk-race");
    let (daemon, address) = site.start(&[]);
    let names = ["a1", "a2", "a3", "a4", "a5"];
    let mut agents = names.map(|name| Peer::agent(address, name, &["sales"]));
    let mut ann = Peer::guest(address);
    let ticket = ann.open("sales");
    for agent in &mut agents {
        assert_eq!(agent.hear("offer")["ticket"], ticket);
    }
    for agent in &mut agents {
        agent.say(json!({ "type": "claim", "ticket": ticket, "id": "c" }));
    }
    let mut won = Vec::new();
    let mut told = Vec::new();
    for (name, agent) in names.into_iter().zip(&mut agents) {
        let answer = loop {
            let message = agent.next();
            if message["id"] == "c" {
                break message;
            }
        };
        match answer["type"].as_str() {
            Some("ack") => won.push(name.to_owned()),
            _ => told.push(answer["holder"]["uid"].as_str().unwrap().to_owned()),
        }
    }
    assert_eq!((won.len(), told.len()), (1, 4), "{won:?} {told:?}");
    assert!(told.iter().all(|holder| *holder == won[0]), "{won:?} {told:?}");
    assert_eq!(ann.hear_ticket("open")["agent"]["uid"], won[0].as_str());
    daemon.end();
}

#[test]
fn guests_of_one_address_open_so_many_tickets_and_others_are_not_troubled() {
    let site = Site::new("desk-flood");
    let (daemon, address) =
        site.start(&["--trusted-proxy", "127.0.0.1", "--desk-tickets-per-address-and-hour-max", "3"]);
    let from = |address_of_client: &str| {
        Peer::log_in(address, &format!("X-Forwarded-For: {address_of_client}\r\n"), json!({}))
    };
    let opened = |peer: &mut Peer| peer.ask(json!({ "type": "support", "content": "hi", "id": "o" }));
    for _ in 0..3 {
        assert_eq!(opened(&mut from("203.0.113.7"))["type"], "ack");
    }
    let mut fourth = from("203.0.113.7");
    let refused = opened(&mut fourth);
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    assert!(refused["retry"].as_u64().unwrap() > 0);
    assert_eq!(opened(&mut from("203.0.113.8"))["type"], "ack", "from another address");
    let known = json!({ "token": token("known", Role::User, &[], 600) });
    let mut known = Peer::log_in(address, "X-Forwarded-For: 203.0.113.7\r\n", known);
    assert_eq!(opened(&mut known)["type"], "ack", "who has a token of the site is known");
    daemon.end();
}

#[test]
fn an_identity_that_is_forged_or_over_is_refused() {
    let site = Site::new("desk-identity");
    let (daemon, address) = site.start(&[]);
    let good = token("ann", Role::User, &[], 600);
    let forged = Secret::new("another secret of the same length".into());
    let claims = Claims {
        uid: Id::from_text("ann").unwrap(),
        name: None,
        role: Role::Admin,
        groups: Vec::new(),
        desks: Vec::new(),
        exp_s: 200_000_000_000,
        not_before: None,
    };
    let forged = forged.sign(&claims, None).unwrap();
    for bad in [forged, token("ann", Role::User, &[], -3_600), good.replace('.', "")] {
        let mut client = Client::open(address);
        client.say(&json!({ "type": "login", "token": bad }).to_string());
        assert!(client.hear_text().contains(r#""code":"unauthorized""#));
    }
    site.call(address, "PUT /v1/desks/vip", json!({ "identified": true }));
    let mut guest = Peer::guest(address);
    let gate = guest.ask(json!({ "type": "desk", "desk": "vip", "id": "d" }));
    assert_eq!(gate["identified"], true);
    let refused = guest.ask(json!({ "type": "support", "desk": "vip", "content": "hi", "id": "o" }));
    assert_eq!(refused["type"], "error", "{refused}");
    let mut ann = Peer::log_in(address, "", json!({ "token": good }));
    assert_eq!(
        ann.ask(json!({ "type": "support", "desk": "vip", "content": "hi", "id": "o" }))["type"],
        "ack"
    );
    // A visitor does nothing that is for agents.
    for request in ["claim", "decline", "close", "notes"] {
        let answer = guest.ask(json!({ "type": request, "ticket": 1, "id": "f" }));
        assert_eq!(answer["type"], "error", "{request}: {answer}");
    }
    daemon.end();
}

#[test]
fn who_guesses_numbers_learns_nothing() {
    let site = Site::new("desk-guess");
    let (daemon, address) = site.start(&[]);
    let mut bob = Peer::agent(address, "bob", &["sales"]);
    let (mut ann, mut ben) = (Peer::guest(address), Peer::guest(address));
    let mut fay = Peer::agent(address, "fay", &["billing"]);
    let open = ann.open("sales");
    bob.ask(json!({ "type": "claim", "ticket": open, "id": "c" }));
    let never = 4_711;
    let requests = [
        json!({ "type": "history" }),
        json!({ "type": "read", "seq": 1 }),
        json!({ "type": "typing" }),
        json!({ "type": "recall", "seq": 1 }),
        json!({ "type": "search", "q": "hello" }),
        json!({ "type": "support", "content": "let me in" }),
        json!({ "type": "close" }),
        json!({ "type": "rate", "stars": 1 }),
        json!({ "type": "claim" }),
        json!({ "type": "decline" }),
        json!({ "type": "transfer", "uid": "bob" }),
        json!({ "type": "tag", "tags": ["x"] }),
        json!({ "type": "note", "content": "x" }),
        json!({ "type": "notes" }),
    ];
    for state in ["open", "closed"] {
        if state == "closed" {
            bob.ask(json!({ "type": "close", "ticket": open, "id": "x" }));
        }
        for request in &requests {
            for (who, peer) in [("visitor", &mut ben), ("agent of another desk", &mut fay)] {
                let mut answer = |ticket: u64| {
                    let mut request = request.clone();
                    (request["ticket"], request["id"]) = (json!(ticket), json!("guess"));
                    peer.client.say(&request.to_string());
                    loop {
                        // As it stands on the wire, byte for byte.
                        let Heard::Text(text) = peer.client.hear() else { panic!("no text") };
                        if text.contains(r#""id":"guess""#) {
                            return text;
                        }
                    }
                };
                let (guessed, nothing) = (answer(open), answer(never));
                assert_eq!(guessed, nothing, "{who}, {state}: {request}");
                assert!(guessed.contains(r#""code":"not_found""#), "{who}, {state}: {guessed}");
            }
        }
    }
    let resume = json!({
        "token": ben.login["token"],
        "resume": { "epoch": ben.login["epoch"], "tickets": { open.to_string(): 0, never.to_string(): 0 } },
    });
    let mut ben = Peer::log_in(address, "", resume);
    assert_eq!(ben.next()["type"], "resumed", "of what is not his he hears nothing");
    daemon.end();
}

#[test]
fn what_happens_at_the_desk_is_counted() {
    let site = Site::new("desk-counted");
    let (daemon, address) = site.start(&[]);
    let count = |name: &str| {
        let (_, page) = site.ask(address, "GET /metrics", "", &Value::Null);
        let value =
            page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("no {name} in {page}"))
    };
    let mut left = Peer::guest(address);
    left.open("sales");
    assert_eq!(count(r#"karez_tickets{state="offline"}"#), 1.0, "nobody is on duty");
    let (mut bob, mut eve) = (Peer::agent(address, "bob", &[]), Peer::agent(address, "eve", &[]));
    eve.ask(json!({ "type": "duty", "state": "busy", "id": "b" }));
    assert_eq!(count(r#"karez_agents{state="online"}"#), 1.0);
    assert_eq!(count(r#"karez_agents{state="busy"}"#), 1.0);
    let mut ann = Peer::guest(address);
    let ticket = ann.open("billing");
    assert!(count(r#"karez_tickets{state="waiting"}"#) >= 1.0);
    bob.ask(json!({ "type": "claim", "ticket": ticket, "id": "c" }));
    assert_eq!(count(r#"karez_tickets{state="open"}"#), 1.0);
    bob.ask(json!({ "type": "support", "ticket": ticket, "content": "yes?", "id": "s" }));
    bob.ask(json!({ "type": "close", "ticket": ticket, "id": "x" }));
    assert_eq!(count("karez_tickets_opened_total"), 2.0);
    assert_eq!(count("karez_tickets_closed_total"), 1.0);
    for name in [
        r#"karez_messages_received_total{kind="desk"}"#,
        r#"karez_messages_delivered_total{kind="support"}"#,
        r#"karez_messages_delivered_total{kind="desk"}"#,
    ] {
        assert!(count(name) > 0.0, "{name}");
    }
    daemon.end();
}

#[test]
fn a_transcript_is_json_or_lines_for_people() {
    let site = Site::new("desk-transcript");
    let (daemon, address) = site.start(&[]);
    let mut bob = Peer::agent(address, "bob", &["sales"]);
    let mut ann = Peer::guest(address);
    let ticket = ann.open("sales");
    bob.ask(json!({ "type": "claim", "ticket": ticket, "id": "c" }));
    bob.ask(json!({ "type": "support", "ticket": ticket, "content": "two\nlines", "id": "s" }));
    bob.ask(json!({ "type": "note", "ticket": ticket, "content": "between us", "id": "n" }));
    let path = format!("GET /v1/tickets/{ticket}/transcript");
    let whole = site.call(address, &format!("{path}?notes=1"), Value::Null);
    assert_eq!(whole["messages"].as_array().unwrap().len(), 2);
    assert_eq!(whole["notes"][0]["content"], "between us");
    assert_eq!(site.call(address, &path, Value::Null).get("notes"), None, "unless they are asked for");
    let by_query = site.ask(address, &format!("{path}?notes=1&format=text"), "", &Value::Null).1;
    let by_header = site.ask(address, &format!("{path}?notes=1"), "Accept: text/plain\r\n", &Value::Null).1;
    assert_eq!(by_query, by_header);
    let lines: Vec<&str> = by_query.lines().collect();
    assert_eq!(lines[0], format!("Ticket {ticket}, sales"));
    assert!(lines.contains(&"Agent: BOB (bob)"), "{by_query}");
    let said = lines.iter().position(|line| line.ends_with("  BOB: two")).unwrap();
    assert_eq!(lines[said + 1], "    lines");
    assert!(lines[said + 2].ends_with("  (note) BOB: between us"), "{by_query}");
    let (status, problem) = site.ask(address, "GET /v1/tickets/99/transcript?format=text", "", &Value::Null);
    assert!(status == 404 && problem.contains("not_found"), "{problem}");
    daemon.end();
}

#[test]
fn a_person_is_forgotten_in_the_tickets_too() {
    let site = Site::new("desk-forgotten");
    let (daemon, address) = site.start(&[]);
    let mut bob = Peer::agent(address, "bob", &["sales"]);
    let mut ann = Peer::log_in(address, "", json!({ "token": token("ann", Role::User, &[], 600) }));
    let opened = json!({
        "type": "support", "desk": "sales", "content": "my secret", "form": { "mail": "ann@mail.example" }, "id": "o",
    });
    let ticket = ann.ask(opened)["ticket"].as_u64().unwrap();
    bob.ask(json!({ "type": "claim", "ticket": ticket, "id": "c" }));
    bob.ask(json!({ "type": "note", "ticket": ticket, "content": "about Ann", "id": "n" }));
    site.call(address, "DELETE /v1/users/ann", Value::Null);
    let whole = site.call(address, &format!("GET /v1/tickets/{ticket}/transcript?notes=1"), Value::Null);
    let text = whole.to_string();
    for word in ["my secret", "ANN", "mail.example", "about Ann"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(whole["ticket"]["state"], "closed");
    daemon.end();
    let (daemon, address) = site.start(&[]);
    let whole = site.call(address, &format!("GET /v1/tickets/{ticket}/transcript?notes=1"), Value::Null);
    assert!(!whole.to_string().contains("mail.example"));
    daemon.end();
}
