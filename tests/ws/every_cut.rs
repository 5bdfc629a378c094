//! A peer may be cut by the network anywhere. Every vector, valid or not, says the same in every two pieces, in every
//! three when it is short, and one byte at a time; and fails with the same violation.

use karez::ws::{Deflater, Role, Violation};

use crate::peer::{Receiver, Said, client_frame, noise, server_frame, text};

struct Vector {
    name: &'static str,
    role: Role,
    deflate: bool,
    message_bytes_max: usize,
    bytes: Vec<u8>,
    said: Vec<Said>,
    violation: Option<Violation>,
}

fn vector(name: &'static str, frames: &[Vec<u8>], said: Vec<Said>, violation: Option<Violation>) -> Vector {
    let bytes = frames.concat();
    Vector { name, role: Role::Server, deflate: true, message_bytes_max: 1000, bytes, said, violation }
}

fn refused(name: &'static str, frames: &[Vec<u8>], violation: Violation) -> Vector {
    let mut all = vec![client_frame(0x89, b"first")];
    all.extend_from_slice(frames);
    vector(name, &all, vec![Said::Ping(b"first".to_vec())], Some(violation))
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Deflater::new().compress(15, payload, &mut out);
    out
}

fn valid() -> Vec<Vector> {
    let c = client_frame;
    let long = "坎儿井 ".repeat(30);
    let hello = deflated(b"Hello");
    let zeros = deflated(&[0; 1000]);
    vec![
        vector("a text", &[c(0x81, b"Hello")], vec![text("Hello")], None),
        vector("an empty text", &[c(0x81, b"")], vec![text("")], None),
        vector(
            "three messages",
            &[c(0x81, b"one"), c(0x82, b"\xff"), c(0x81, "井".as_bytes())],
            vec![text("one"), Said::Binary(vec![0xff]), text("井")],
            None,
        ),
        vector("fragments", &[c(0x01, b"\xe6"), c(0x00, b"\xb0"), c(0x80, b"\xb4")], vec![text("水")], None),
        vector(
            "a ping inside",
            &[c(0x01, b"Hel"), c(0x89, b"?"), c(0x80, b"lo")],
            vec![Said::Ping(b"?".to_vec()), text("Hello")],
            None,
        ),
        vector(
            "a close inside",
            &[c(0x02, b"Hel"), c(0x88, b"\x0f\xa0bye")],
            vec![Said::Close(Some((4000, "bye".to_owned())))],
            None,
        ),
        vector(
            "empty fragments",
            &[c(0x01, b""), c(0x00, b""), c(0x8a, b""), c(0x80, b"")],
            vec![Said::EmptyFragment, Said::EmptyFragment, Said::Pong(vec![]), text("")],
            None,
        ),
        vector(
            "the longest ping",
            &[c(0x89, &[7; 125]), c(0x81, b"x")],
            vec![Said::Ping(vec![7; 125]), text("x")],
            None,
        ),
        vector(
            "a 16-bit length",
            &[c(0x81, long.as_bytes()), c(0x89, b"")],
            vec![text(&long), Said::Ping(vec![])],
            None,
        ),
        vector(
            "at the limit",
            &[c(0x02, &noise(500)), c(0x80, &noise(500))],
            vec![Said::Binary([noise(500), noise(500)].concat())],
            None,
        ),
        vector(
            "compressed",
            &[c(0xc1, &hello), c(0x81, b"plain"), c(0xc2, &hello)],
            vec![text("Hello"), text("plain"), Said::Binary(b"Hello".to_vec())],
            None,
        ),
        vector(
            "compressed fragments",
            &[c(0x41, &hello[..2]), c(0x89, b"?"), c(0x00, b""), c(0x80, &hello[2..])],
            vec![Said::Ping(b"?".to_vec()), Said::EmptyFragment, text("Hello")],
            None,
        ),
        vector("compressed at the limit", &[c(0xc2, &zeros)], vec![Said::Binary(vec![0; 1000])], None),
        vector(
            "with BFINAL",
            &[c(0xc1, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00])],
            vec![text("Hello")],
            None,
        ),
        vector("unfinished", &[c(0x81, b"done"), c(0x01, b"begun")], vec![text("done")], None),
    ]
}

fn invalid() -> Vec<Vector> {
    let c = client_frame;
    let bomb = deflated(&[0; 1001]);
    let mut vectors = vec![
        refused("RSV2", &[c(0xa1, b"x")], Violation::ReservedBit),
        refused("RSV1 on a ping", &[c(0xc9, b"x")], Violation::ReservedBit),
        refused("RSV1 on a continuation", &[c(0x41, b"x"), c(0xc0, b"x")], Violation::ReservedBit),
        refused("a reserved opcode", &[c(0x83, b"x")], Violation::ReservedOpcode),
        refused("a fragmented ping", &[c(0x09, b"x")], Violation::FragmentedControl),
        refused("a long ping", &[c(0x89, &[0; 126])], Violation::LongControl),
        refused("unmasked", &[server_frame(0x81, b"x")], Violation::Unmasked),
        refused("not minimal, 16 bits", &[vec![0x82, 0xfe, 0, 125, 1, 2, 3, 4]], Violation::LengthNotMinimal),
        refused(
            "not minimal, 64 bits",
            &[vec![0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 126, 1, 2]],
            Violation::LengthNotMinimal,
        ),
        refused("the top bit", &[vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1]], Violation::LengthTopBit),
        refused("a continuation first", &[c(0x80, b"x")], Violation::ContinuationWithoutStart),
        vector(
            "a continuation after the end",
            &[c(0x01, b""), c(0x80, b"x"), c(0x00, b"x")],
            vec![Said::EmptyFragment, text("x")],
            Some(Violation::ContinuationWithoutStart),
        ),
        refused("a text inside", &[c(0x01, b"x"), c(0x81, b"x")], Violation::DataInsideMessage),
        refused("a close of one byte", &[c(0x88, b"\x03")], Violation::CloseOneByte),
        refused("close code 1006", &[c(0x88, b"\x03\xeewhy")], Violation::CloseCode(1006)),
        refused("a close with bad UTF-8", &[c(0x88, b"\x03\xe8\xed\xa0\x80")], Violation::Utf8),
        refused("bad UTF-8", &[c(0x81, b"caf\xe9 au lait")], Violation::Utf8),
        refused("bad UTF-8 at the end", &[c(0x81, b"caf\xc3")], Violation::Utf8),
        refused("bad UTF-8 across fragments", &[c(0x01, b"\xf4"), c(0x80, b"\x90\x80\x80")], Violation::Utf8),
        refused("too big", &[c(0x82, &noise(1001))], Violation::TooBig),
        refused("too big in fragments", &[c(0x02, &noise(600)), c(0x80, &noise(401))], Violation::TooBig),
        refused("too big when inflated", &[c(0xc2, &bomb)], Violation::TooBig),
        refused("too big while compressed", &[c(0xc2, &noise(1190))], Violation::TooBig),
        refused("broken deflate", &[c(0xc1, &[0x07, 1, 2, 3])], Violation::Deflate),
        refused("broken deflate in fragments", &[c(0x41, &[0x07]), c(0x80, &[])], Violation::Deflate),
        refused("bad UTF-8, compressed", &[c(0xc1, &deflated(b"caf\xe9"))], Violation::Utf8),
        refused("two at once", &[vec![0x80, 0x7f, 0xff, 0xff]], Violation::ContinuationWithoutStart),
    ];
    for vector in &mut vectors {
        // None of it may be told.
        vector.bytes.extend_from_slice(&client_frame(0x81, b"after"));
    }
    let plain = |name, frame, violation| Vector { deflate: false, ..refused(name, &[frame], violation) };
    vectors.push(plain("RSV1 without compression", c(0xc1, b"x"), Violation::ReservedBit));
    let mut masked = refused("masked by a server", &[c(0x81, b"x")], Violation::Masked);
    masked.role = Role::Client;
    masked.bytes = [server_frame(0x89, b"first"), c(0x81, b"x")].concat();
    vectors.push(masked);
    vectors
}

fn check<'a>(vector: &Vector, pieces: impl Iterator<Item = &'a [u8]>, how: impl Fn() -> String) {
    let mut receiver = Receiver::new(vector.role, vector.message_bytes_max);
    receiver.deflate = vector.deflate;
    let violation = pieces.map(|piece| receiver.read(piece)).find_map(Result::err);
    assert_eq!((&receiver.said, violation), (&vector.said, vector.violation), "{}, {}", vector.name, how());
}

fn check_every_cut(vector: &Vector) {
    let bytes = &vector.bytes[..];
    check(vector, std::iter::once(bytes), || "whole".to_owned());
    check(vector, bytes.chunks(1), || "one byte at a time".to_owned());
    for one in 0..=bytes.len() {
        check(vector, [&bytes[..one], &bytes[one..]].into_iter(), || format!("cut at {one}"));
        if bytes.len() <= 80 {
            for two in one..=bytes.len() {
                let pieces = [&bytes[..one], &bytes[one..two], &bytes[two..]];
                check(vector, pieces.into_iter(), || format!("cut at {one} and {two}"));
            }
        }
    }
}

#[test]
fn valid_bytes_say_the_same_however_they_are_cut() {
    for vector in valid() {
        check_every_cut(&vector);
    }
}

#[test]
fn invalid_bytes_fail_the_same_however_they_are_cut() {
    for vector in invalid() {
        check_every_cut(&vector);
    }
}

/// Too long for every cut: those at the edges, and some between.
#[test]
fn a_64_bit_length_says_the_same_however_it_is_cut() {
    for (first, payload) in [(0x82, noise(65536)), (0x81, "井".repeat(21846).into_bytes())] {
        let expected = match first {
            0x81 => text(str::from_utf8(&payload).unwrap()),
            _ => Said::Binary(payload.clone()),
        };
        let vector = Vector {
            message_bytes_max: 70_000,
            ..vector("64 bits", &[client_frame(first, &payload)], vec![expected], None)
        };
        let bytes = &vector.bytes[..];
        let edges = (0..20).chain((20..bytes.len()).step_by(4093)).chain(bytes.len() - 20..bytes.len());
        for cut in edges {
            check(&vector, [&bytes[..cut], &bytes[cut..]].into_iter(), || format!("cut at {cut}"));
        }
        check(&vector, bytes.chunks(1), || "one byte at a time".to_owned());
    }
}

/// Sequences nobody thought of: vectors one after the other with some bytes changed, cut at random. Here the whole is
/// the measure of the pieces.
#[test]
fn changed_bytes_say_the_same_however_they_are_cut() {
    let vectors: Vec<Vector> = valid().into_iter().chain(invalid()).collect();
    let numbers = noise(400_000);
    let mut numbers =
        numbers.chunks_exact(4).map(|it| u32::from_le_bytes([it[0], it[1], it[2], it[3]]) as usize);
    let mut below = |bound: usize| numbers.next().unwrap() % bound.max(1);
    let (mut told, mut refused) = (0, 0);
    for _ in 0..3000 {
        let mut bytes = Vec::new();
        for _ in 0..=below(3) {
            bytes.extend_from_slice(&vectors[below(vectors.len())].bytes);
        }
        for _ in 0..below(4) {
            let place = below(bytes.len());
            bytes[place] ^= 1 << below(8);
        }
        let mut whole = Receiver::new(Role::Server, 1000).with_deflate();
        let violation = whole.read(&bytes).err();
        told += whole.said.len();
        refused += usize::from(violation.is_some());

        let mut receiver = Receiver::new(Role::Server, 1000).with_deflate();
        let mut rest = &bytes[..];
        let mut cut_violation = None;
        while !rest.is_empty() && cut_violation.is_none() {
            let (piece, after) = rest.split_at((1 + below(40)).min(rest.len()));
            cut_violation = receiver.read(piece).err();
            rest = after;
        }
        assert_eq!((&receiver.said, cut_violation), (&whole.said, violation), "{bytes:x?}");
    }
    assert!(told > 3000 && refused > 300, "{told} events, {refused} violations: the sequences are too dull");
}
