use std::process::Command;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use karez::ws::{Deflater, Inflater, Role, Violation};

use crate::peer::{Receiver, Said, client_frame, noise, receive, server_frame, text};

/// RFC 7692, 7.2.3: payloads of "Hello".
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const HELLO_STORED: [u8; 11] = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
const HELLO_BFINAL: [u8; 8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
const HELLO_TWO_BLOCKS: [u8; 13] =
    [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];

fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Deflater::new().compress(15, payload, &mut out);
    out
}

/// That many MiB of zeros as a peer would compress them. After a flush the next MiB is compressed as the first was.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut one = deflated(&vec![0; 1 << 20]);
    one.extend_from_slice(&[0x00, 0x00, 0xff, 0xff]);
    let mut all = one.repeat(mebibytes);
    all.truncate(all.len() - 4);
    all
}

#[test]
fn payloads_of_the_rfc() {
    for payload in [&HELLO[..], &HELLO_STORED, &HELLO_BFINAL, &HELLO_TWO_BLOCKS] {
        assert_eq!(Inflater::new().inflate(payload, 5), Ok(&b"Hello"[..]), "{payload:x?}");
        assert_eq!(Inflater::new().inflate(payload, 4), Err(Violation::TooBig), "{payload:x?}");
        let frame = server_frame(0xc1, payload);
        assert_eq!(receive(Role::Client, true, &frame), (vec![text("Hello")], None));
        let frame = client_frame(0xc1, payload);
        assert_eq!(receive(Role::Server, true, &frame), (vec![text("Hello")], None));
    }
}

#[test]
fn compressed_fragments_of_the_rfc() {
    let frames = [&[0x41, 0x03, 0xf2, 0x48, 0xcd][..], &[0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00]].concat();
    assert_eq!(receive(Role::Client, true, &frames), (vec![text("Hello")], None));
}

#[test]
fn an_empty_message_is_one_byte_or_none() {
    assert_eq!(deflated(b""), [0x00]);
    assert_eq!(receive(Role::Server, true, &client_frame(0xc1, &[0x00])), (vec![text("")], None));
    assert_eq!(receive(Role::Server, true, &client_frame(0xc2, &[])), (vec![Said::Binary(vec![])], None));
}

#[test]
fn several_final_blocks_are_one_message() {
    let final_hello = &HELLO_BFINAL[..7];
    let payload = [final_hello, final_hello, final_hello, &[0x00]].concat();
    assert_eq!(Inflater::new().inflate(&payload, 15), Ok(&b"HelloHelloHello"[..]));
    assert_eq!(Inflater::new().inflate(&payload, 14), Err(Violation::TooBig));
    assert_eq!(Inflater::new().inflate(final_hello, 5), Ok(&b"Hello"[..]), "without the padding, too");
}

#[test]
fn every_window_holds_what_it_promises() {
    // Repeats at distances that only the larger windows reach.
    let mut payload = Vec::new();
    for distance in [100, 240, 400, 700, 1500, 3000, 6000, 12000, 24000, 40000] {
        let piece = noise(distance);
        payload.extend_from_slice(&piece);
        payload.extend_from_slice(&piece);
    }
    let mut deflater = Deflater::new();
    let mut sizes = Vec::new();
    for window_bits in 9..=15 {
        let mut compressed = b"before".to_vec();
        deflater.compress(window_bits, &payload, &mut compressed);
        let compressed = compressed.strip_prefix(b"before").unwrap();
        sizes.push(compressed.len());
        assert_eq!(Inflater::new().inflate(compressed, payload.len()), Ok(&payload[..]));
        assert_eq!(inflate_within(window_bits, compressed), payload, "{window_bits} bits");
    }
    assert!(sizes.is_sorted_by(|one, next| one > next), "a larger window makes it smaller: {sizes:?}");
}

/// Inflates with no more memory of what was than the window: the output is taken away in small pieces.
fn inflate_within(window_bits: u8, compressed: &[u8]) -> Vec<u8> {
    let mut stream = Decompress::new_with_window_bits(false, window_bits);
    let mut out = Vec::new();
    loop {
        let (before_in, before_out) = (stream.total_in() as usize, stream.total_out() as usize);
        let mut piece = [0; 64];
        let status = stream.decompress(&compressed[before_in..], &mut piece, FlushDecompress::None);
        assert_ne!(status.unwrap(), Status::StreamEnd);
        let produced = stream.total_out() as usize - before_out;
        out.extend_from_slice(&piece[..produced]);
        if produced < piece.len() && stream.total_in() as usize == compressed.len() {
            return out;
        }
    }
}

#[test]
fn no_context_is_taken_over() {
    let payload = "坎儿井".repeat(100);
    let mut deflater = Deflater::new();
    let mut outs = Vec::new();
    for _ in 0..3 {
        let mut out = Vec::new();
        deflater.compress(15, payload.as_bytes(), &mut out);
        deflater.compress(15, &noise(5000), &mut Vec::new());
        outs.push(out);
    }
    assert!(outs.iter().all(|out| *out == outs[0] && out.len() < 64), "{outs:?}");
    // A message that leans on the one before it: what a peer would send that does not keep to the agreement.
    let mut stream = Compress::new(Compression::default(), false);
    let mut both = Vec::with_capacity(20_000);
    stream.compress_vec(&noise(1000), &mut both, FlushCompress::Sync).unwrap();
    let first_bytes = both.len();
    stream.compress_vec(&noise(1000), &mut both, FlushCompress::Sync).unwrap();
    let (first, second) = both.split_at(first_bytes);
    let mut inflater = Inflater::new();
    assert_eq!(inflater.inflate(&first[..first.len() - 4], 1000), Ok(&noise(1000)[..]));
    assert_eq!(inflater.inflate(&second[..second.len() - 4], 1000), Err(Violation::Deflate));
}

#[test]
fn every_size_survives() {
    let mut deflater = Deflater::new();
    let mut inflater = Inflater::new();
    let sizes = (0..200).chain([1000, 16383, 16384, 16385, 65535, 65536, 200_000, 1 << 20]);
    for size in sizes {
        for payload in [vec![b'x'; size], noise(size)] {
            let mut compressed = Vec::new();
            deflater.compress(15, &payload, &mut compressed);
            assert!(compressed.len() <= size + size / 8 + 64);
            assert_eq!(inflater.inflate(&compressed, size), Ok(&payload[..]), "{size} bytes");
            if size > 0 {
                assert_eq!(inflater.inflate(&compressed, size - 1), Err(Violation::TooBig), "{size} bytes");
            }
        }
    }
}

#[test]
fn broken_data() {
    let stored_with_wrong_length = [0x00, 0x05, 0x00, 0x00, 0x00, 0x48];
    for payload in [&[0x07][..], &[0x06, 0x00], &stored_with_wrong_length, &[0x05; 40], &[0xff; 10]] {
        let mut inflater = Inflater::new();
        assert_eq!(inflater.inflate(payload, 1000), Err(Violation::Deflate), "{payload:x?}");
        assert_eq!(inflater.inflate(&HELLO, 1000), Ok(&b"Hello"[..]), "the next message is another's");
        let frames = [client_frame(0xc1, &HELLO), client_frame(0xc1, payload)].concat();
        assert_eq!(receive(Role::Server, true, &frames), (vec![text("Hello")], Some(Violation::Deflate)));
    }
    assert_eq!(Violation::Deflate.close_code(), 1007);
}

#[test]
fn any_bytes_inflate_or_are_refused() {
    let noise = noise(20_000);
    let mut inflater = Inflater::new();
    for start in 0..2000 {
        for length in [1, 2, 7, 40, 300] {
            let _ = inflater.inflate(&noise[start..start + length], 10_000).map(<[u8]>::len);
        }
    }
    assert_eq!(inflater.inflate(&HELLO, 5), Ok(&b"Hello"[..]));
}

#[test]
fn a_compressed_text_is_checked_when_it_is_whole() {
    let frame = client_frame(0xc1, &deflated(b"caf\xe9"));
    assert_eq!(receive(Role::Server, true, &frame), (vec![], Some(Violation::Utf8)));
    let frame = client_frame(0xc2, &deflated(b"caf\xe9"));
    assert_eq!(receive(Role::Server, true, &frame), (vec![Said::Binary(b"caf\xe9".to_vec())], None));
    // Compressed bytes are no text themselves.
    let compressed = deflated("水".repeat(50).as_bytes());
    assert!(std::str::from_utf8(&compressed).is_err());
    let (one, other) = compressed.split_at(3);
    let frames = [client_frame(0x41, one), client_frame(0x80, other)].concat();
    assert_eq!(receive(Role::Server, true, &frames), (vec![text(&"水".repeat(50))], None));
}

#[test]
fn plain_messages_pass_where_compression_was_agreed() {
    let frames = [client_frame(0x81, b"plain"), client_frame(0xc1, &HELLO), client_frame(0x81, b"plain")];
    let expected = vec![text("plain"), text("Hello"), text("plain")];
    assert_eq!(receive(Role::Server, true, &frames.concat()), (expected, None));
    assert_eq!(
        receive(Role::Server, false, &frames.concat()),
        (vec![text("plain")], Some(Violation::ReservedBit))
    );
}

#[test]
fn compressed_bytes_have_a_limit_of_their_own() {
    let limit = 1000;
    let longest = limit + limit / 8 + 64;
    let header_bytes = 4;
    let mut receiver = Receiver::new(Role::Server, limit).with_deflate();
    receiver.read(&client_frame(0xc2, &vec![0; longest])[..header_bytes]).unwrap();
    let mut receiver = Receiver::new(Role::Server, limit).with_deflate();
    let over = client_frame(0xc2, &vec![0; longest + 1]);
    assert_eq!(receiver.read(&over[..header_bytes]), Err(Violation::TooBig));
    // Fragments add up.
    let mut receiver = Receiver::new(Role::Server, limit).with_deflate();
    receiver.read(&client_frame(0x42, &vec![0; longest])).unwrap();
    assert_eq!(receiver.read(&client_frame(0x80, &[0])[..2]), Err(Violation::TooBig));
}

#[test]
fn what_does_not_compress_is_taken_up_to_the_limit() {
    let limit = 70_000;
    let mut receiver = Receiver::new(Role::Server, limit).with_deflate();
    let compressed = deflated(&noise(limit));
    assert!(compressed.len() > limit);
    receiver.read(&client_frame(0xc2, &compressed)).unwrap();
    assert_eq!(receiver.said, [Said::Binary(noise(limit))]);
}

#[test]
fn the_memory_of_a_large_message_is_given_back() {
    let mut receiver = Receiver::new(Role::Server, 1 << 20).with_deflate();
    receiver.read(&client_frame(0xc2, &bomb(1))).unwrap();
    assert_eq!(receiver.said, [Said::Binary(vec![0; 1 << 20])]);
    assert_eq!(receiver.inflater.kept_bytes(), 0);
    receiver.read(&client_frame(0xc1, &HELLO)).unwrap();
    let kept = receiver.inflater.kept_bytes();
    assert!((5..=16 * 1024).contains(&kept), "{kept}");
    receiver.read(&client_frame(0xc1, &HELLO)).unwrap();
    assert_eq!(receiver.inflater.kept_bytes(), kept, "a usual message's buffer stays");
}

#[test]
fn a_bomb_is_refused_within_its_memory() {
    let limit = 1 << 20;
    let compressed = bomb(64);
    assert!((60_000..80_000).contains(&compressed.len()), "{}", compressed.len());
    let mut inflater = Inflater::new();
    assert_eq!(inflater.inflate(&compressed, limit), Err(Violation::TooBig));
    assert!((limit..=limit + 1024).contains(&inflater.kept_bytes()), "{}", inflater.kept_bytes());
    let frame = client_frame(0xc2, &compressed);
    assert_eq!(receive(Role::Server, true, &frame), (vec![], Some(Violation::TooBig)));
}

/// Set in the process that measures: the test below starts its own binary again, with only itself to run.
#[cfg(target_os = "linux")]
const MEASURED_HERE: &str = "KAREZ_TEST_MEASURE_BOMB";

/// The same as the kernel sees it, in a process of its own, for no other test may use memory meanwhile.
#[test]
#[cfg(target_os = "linux")]
fn a_bomb_costs_no_more_than_the_limit() {
    if std::env::var_os(MEASURED_HERE).is_some() {
        return measure_the_bomb();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "deflate::a_bomb_costs_no_more_than_the_limit", "--nocapture", "--test-threads=1"])
        .env(MEASURED_HERE, "yes")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{out}{}", String::from_utf8_lossy(&child.stderr));
    assert!(out.contains("1 passed") && out.contains("grown by"), "{out}");
}

#[cfg(target_os = "linux")]
fn measure_the_bomb() {
    let limit = 8 << 20;
    let compressed = bomb(64);
    // Once before, so that the code and its tables are in memory.
    assert_eq!(Inflater::new().inflate(&compressed, 100_000), Err(Violation::TooBig));
    // Makes the peak what is used now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status_bytes("VmRSS:");
    let mut inflater = Inflater::new();
    assert_eq!(inflater.inflate(&compressed, limit), Err(Violation::TooBig));
    let grown = status_bytes("VmHWM:") - before;
    println!("limit {limit}, grown by {grown}");
    assert!(grown >= limit / 2, "the peak was not measured: {grown}");
    // The kernel counts resident pages in batches for each CPU, so its figure is some 100 KiB off either way.
    assert!(grown <= limit + (64 + 128) * 1024, "{grown} bytes for a limit of {limit}");
}

#[cfg(target_os = "linux")]
fn status_bytes(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}
