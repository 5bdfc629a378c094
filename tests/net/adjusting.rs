//! What a running server is told again.

use karez::net::{AddressExemption, Adjustment, Config, Deflate, Limits};

use crate::world::*;

fn adjustment(limits: Limits) -> Adjustment {
    Adjustment { deflate: Deflate::Declined, limits, ..config().into() }
}

#[test]
fn new_limits_hold_for_whoever_comes_and_whoever_is_there_stays() {
    let limits = Limits { address_exemption: AddressExemption::Nobody, ..Limits::default() };
    let mut world = World::new(Config { limits: limits.clone(), ..config() });
    let mut first = world.open();
    let _second = world.open();
    let tight = Limits { connections_per_address_max: 1, message_bytes_max: 4, ..limits.clone() };
    world.server.handler_mut().adjustment = Some(adjustment(tight));
    world.settle();
    let mut third = world.dial();
    world.settle();
    third.read();
    assert!(third.ended, "there is one too many already");
    first.send(&text("hello"));
    world.settle();
    let closed = first.take();
    assert_eq!(closed[2..4], 1009_u16.to_be_bytes(), "the largest message counts at once: {closed:?}");
    world.server.handler_mut().adjustment = Some(adjustment(limits));
    world.settle();
    world.open();
}

#[test]
fn fewer_connections_in_all_put_nobody_out() {
    let mut world = World::new(config());
    let mut clients = vec![world.open(), world.open(), world.open()];
    world.server.handler_mut().adjustment =
        Some(adjustment(Limits { connections_max: 2, ..Limits::default() }));
    world.settle();
    assert_eq!((world.server.connections(), world.server.connections_max()), (3, 2));
    let mut waiting = world.dial();
    waiting.send(upgrade("").as_bytes());
    world.settle();
    assert!(waiting.take().is_empty());
    clients.truncate(1);
    world.turn_until("room", |world| {
        world.log().iter().filter(|line| line.starts_with("connect")).count() == 4
    });
    assert!(waiting.take().starts_with(b"HTTP/1.1 101 "));
}
