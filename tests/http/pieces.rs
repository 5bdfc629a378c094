//! Bodies that are taken out in pieces: in any two cuts the same bytes, the same end and the same error.

use karez::http::{Limits, RequestBuffer, RequestError};

const HEAD: &str = "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n";
const CHUNKED: &str = "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Feeds parts one after the other as the loop does: the body that came out, and whether it came to its end.
fn taken(parts: &[&[u8]], body_bytes_max: usize) -> (Vec<u8>, Result<bool, RequestError>, usize) {
    let limits = Limits { body_bytes_max: 4, ..Limits::default() };
    let (mut buffer, mut body, mut left) = (RequestBuffer::new(), Vec::new(), 0);
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() && !buffer.is_complete() {
            let had_head = buffer.head_done();
            let step =
                if had_head { buffer.receive(&limits, rest) } else { buffer.receive_head(&limits, rest) };
            let count = match step {
                Ok(count) => count,
                Err(error) => return (body, Err(error), 0),
            };
            rest = &rest[count..];
            if !had_head
                && buffer.head_done()
                && let Err(error) = buffer.expect_body(body_bytes_max)
            {
                return (body, Err(error), 0);
            }
            buffer.take_body(|piece| body.extend_from_slice(piece));
        }
        left += rest.len();
    }
    (body, Ok(buffer.is_complete()), left)
}

#[test]
fn every_cut_gives_the_same_body() {
    let next = "GET / HTTP/1.1";
    for text in [
        format!("{HEAD}hello world{next}"),
        format!("{CHUNKED}5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nA: b\r\n\r\n{next}"),
    ] {
        let bytes = text.as_bytes();
        for cut in 0..=bytes.len() {
            let (one, other) = bytes.split_at(cut);
            let expected = (b"hello world".to_vec(), Ok(true), next.len());
            assert_eq!(taken(&[one, other], 11), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(taken(&single, 11).0, b"hello world");
    }
}

#[test]
fn every_cut_gives_the_same_refusal() {
    for (text, max, error) in [
        (format!("{HEAD}hello world"), 10, RequestError::BodyTooLarge),
        (format!("{CHUNKED}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), 10, RequestError::BodyTooLarge),
        (format!("{CHUNKED}5\r\nhello!\r\n0\r\n\r\n"), 100, RequestError::Chunk),
    ] {
        for cut in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(cut);
            assert_eq!(taken(&[one, other], max).1, Err(error), "{text:?} cut at {cut}");
        }
    }
}

#[test]
fn a_body_that_ends_too_early_is_not_complete() {
    let (body, end, _) = taken(&[HEAD.as_bytes(), b"hello"], 11);
    assert_eq!((&*body, end), (&b"hello"[..], Ok(false)));
}

#[test]
fn what_is_taken_out_takes_no_room_and_is_counted() {
    let limits = Limits::default();
    let mut buffer = RequestBuffer::new();
    let head = "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
    assert_eq!(buffer.receive_head(&limits, head.as_bytes()), Ok(head.len()));
    assert!(buffer.head_done() && !buffer.is_complete());
    assert_eq!(buffer.with_head(|head| head.path() == "/up"), Some(true));
    buffer.expect_body(1_000_000).unwrap();
    for round in 1..=100 {
        assert_eq!(buffer.receive(&limits, &[b'x'; 10_000]), Ok(10_000));
        assert_eq!(buffer.take_body(<[u8]>::len), 10_000, "round {round}");
        assert_eq!(buffer.with_head(|head| head.body.len()), Some(0));
        assert_eq!(buffer.take_progress(), 10_000);
        assert_eq!(buffer.take_progress(), 0);
    }
    assert!(buffer.is_complete());
    assert_eq!(buffer.with(|request| request.body.len()), Some(0));
}
