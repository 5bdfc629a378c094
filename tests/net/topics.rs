//! Fan-out: one encoding, one queue entry, one write per receiver and turn.

use karez::ws::Opcode;

use crate::world::*;

fn joined(world: &mut World, count: usize) -> Vec<Client> {
    (0..count)
        .map(|_| {
            let mut client = world.open();
            client.send(&text("join"));
            world.settle();
            client
        })
        .collect()
}

#[test]
fn everybody_gets_everything_in_order() {
    let mut world = World::new(config());
    let mut clients = joined(&mut world, 5);
    clients[0].send(&[text("all a"), text("all b")].concat());
    clients[3].send(&text("all c"));
    world.settle();
    for client in &mut clients {
        let texts = client.texts();
        assert_eq!(texts.len(), 3);
        let order: Vec<_> = texts.iter().filter(|text| *text != "c").collect();
        assert_eq!(order, ["a", "b"]);
    }
}

#[test]
fn a_turn_is_one_write_per_receiver_whatever_it_carries() {
    let mut world = World::new(config());
    let mut clients = joined(&mut world, 10);
    let before = world.server.counters().writes_total;
    let mut burst = text("all message").repeat(50);
    burst.extend(text("to the author alone"));
    clients[0].send(&burst);
    world.settle();
    assert_eq!(world.server.counters().writes_total - before, 10);
    assert_eq!(clients[0].texts().len(), 51);
    assert_eq!(clients[9].texts(), ["message"; 50]);
}

#[test]
fn a_member_of_two_topics_is_written_to_once() {
    let mut world = World::new(config());
    let mut client = world.open();
    client.send(&[text("enter 1"), text("enter 7")].concat());
    world.settle();
    let before = world.server.counters().writes_total;
    client.send(&[text("topic 7 seven"), text("topic 1 one"), text("topic 7 seven again")].concat());
    world.settle();
    assert_eq!(world.server.counters().writes_total - before, 1);
    let texts = client.texts();
    assert_eq!(
        texts.iter().filter(|text| text.starts_with("seven")).collect::<Vec<_>>(),
        ["seven", "seven again"]
    );
    assert!(texts.contains(&"one".to_owned()));
}

#[test]
fn who_joins_in_the_middle_of_a_turn_gets_what_comes_after() {
    let mut world = World::new(config());
    let mut clients = joined(&mut world, 2);
    let mut late = world.open();
    late.send(&[text("all before"), text("join"), text("all after"), text("join")].concat());
    world.settle();
    assert_eq!(late.texts(), ["after"]);
    assert_eq!(clients[1].texts(), ["before", "after"]);
}

#[test]
fn who_leaves_in_the_middle_of_a_turn_keeps_what_came_before() {
    let mut world = World::new(config());
    let mut clients = joined(&mut world, 3);
    clients[1].send(&[text("all before"), text("leave"), text("all after"), text("leave")].concat());
    world.settle();
    assert_eq!(clients[1].texts(), ["before"]);
    assert_eq!(clients[0].texts(), ["before", "after"]);
    assert_eq!(clients[2].texts(), ["before", "after"]);
    clients[0].send(&text("all later"));
    world.settle();
    assert_eq!(clients[1].texts(), [] as [&str; 0]);
    assert_eq!(clients[2].texts(), ["later"]);
}

#[test]
fn members_who_vanish_leave_no_holes() {
    let mut world = World::new(config());
    let mut clients = joined(&mut world, 20);
    // Every second one, from the front, so that the list is reordered as it shrinks.
    for index in (0..10).rev() {
        drop(clients.remove(index * 2));
        world.settle();
    }
    clients[4].send(&text("all still here"));
    world.settle();
    for client in &mut clients {
        assert_eq!(client.texts(), ["still here"]);
    }
}

#[test]
fn a_long_fan_out_is_flushed_in_slices_and_reaches_everybody() {
    let mut world = World::new(karez::net::Config {
        limits: karez::net::Limits { flushes_per_turn: 8, ..Default::default() },
        ..config()
    });
    let mut clients = joined(&mut world, 50);
    clients[0].send(&text("all x"));
    let turns = world.server.counters().turns_total;
    world.turn_until("all written", |world| world.server.counters().sent_bytes_total >= 50 * (129 + 3));
    assert!(world.server.counters().turns_total - turns >= 50 / 8);
    world.settle();
    for client in &mut clients {
        assert_eq!(client.take(), frame(Opcode::Text, b"x"));
    }
}

#[test]
fn an_answer_does_not_stand_behind_a_long_fan_out() {
    let mut world = World::new(karez::net::Config {
        limits: karez::net::Limits { flushes_per_turn: 8, ..Default::default() },
        ..config()
    });
    let mut clients = joined(&mut world, 100);
    let mut other = world.open();
    let before = world.server.counters().writes_total;
    clients[0].send(&text("all x"));
    world.turn_until("the first slice", |world| world.server.counters().writes_total > before);
    other.send(&text("answer me"));
    world.turn_until("the answer", |_| {
        other.read();
        !other.bytes.is_empty()
    });
    assert_eq!(other.take(), frame(Opcode::Text, b"answer me"));
    let writes = world.server.counters().writes_total - before;
    assert!(writes <= 3 * 8, "{writes} writes until the answer");
    world.settle();
    for client in &mut clients {
        assert_eq!(client.take(), frame(Opcode::Text, b"x"));
    }
}
