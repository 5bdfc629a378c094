//! Responses, byte by byte.

use karez::http::{CONTINUE, Part, Persistence, RequestError, Response};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn encoded(response: &Response, part: Part, persistence: Persistence) -> String {
    let mut out = b"before".to_vec();
    response.encode(&mut out, part, persistence, DATE);
    let out = String::from_utf8(out).unwrap();
    out.strip_prefix("before").expect("what was in the buffer stays").to_owned()
}

fn whole(response: &Response) -> String {
    encoded(response, Part::Whole, Persistence::KeepAlive)
}

#[test]
fn text_html_and_json() {
    assert_eq!(
        whole(&Response::text(200, "hello")),
        "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: text/plain; charset=utf-8\r\n\
         connection: keep-alive\r\ncontent-length: 5\r\n\r\nhello"
    );
    assert_eq!(
        encoded(&Response::html(404, "<p>no"), Part::Whole, Persistence::Close),
        "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: text/html; charset=utf-8\r\n\
         connection: close\r\ncontent-length: 5\r\n\r\n<p>no"
    );
    assert_eq!(
        whole(&Response::json(201, &b"{}"[..])),
        "HTTP/1.1 201 Created\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: application/json\r\n\
         connection: keep-alive\r\ncontent-length: 2\r\n\r\n{}"
    );
}

#[test]
fn an_empty_body_has_a_length() {
    assert_eq!(
        whole(&Response::new(200)),
        "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n"
    );
}

#[test]
fn head_gets_the_same_head_and_no_body() {
    let response = Response::text(200, "hello").header("x-a", "b");
    let whole = whole(&response);
    let head = encoded(&response, Part::HeadOnly, Persistence::KeepAlive);
    assert_eq!(whole, format!("{head}hello"));
    assert!(head.contains("content-length: 5\r\n") && head.ends_with("\r\n\r\n"));
}

#[test]
fn no_content_and_not_modified_end_with_their_head() {
    for (status, line) in [(204, "204 No Content"), (304, "304 Not Modified")] {
        assert_eq!(
            whole(&Response::new(status).header("etag", "\"1\"").body(&b"never sent"[..])),
            format!("HTTP/1.1 {line}\r\ndate: {DATE}\r\netag: \"1\"\r\nconnection: keep-alive\r\n\r\n")
        );
    }
}

#[test]
fn an_interim_response_says_nothing_of_body_or_connection() {
    assert_eq!(
        encoded(&Response::new(101).body(&b"x"[..]), Part::Whole, Persistence::Close),
        format!("HTTP/1.1 101 Switching Protocols\r\ndate: {DATE}\r\n\r\n")
    );
    assert_eq!(CONTINUE, b"HTTP/1.1 100 Continue\r\n\r\n");
}

#[test]
fn nothing_can_be_spliced_in() {
    let response = Response::new(302)
        .header("location", "/a\r\nset-cookie: b=c\r\n\r\n<script>\0\u{7f}\tc")
        .header("x\r\ny", "never sent")
        .header("x y", "never sent")
        .header("", "never sent");
    assert_eq!(
        whole(&response),
        format!(
            "HTTP/1.1 302 Found\r\ndate: {DATE}\r\nlocation: /a  set-cookie: b=c    <script>  \tc\r\n\
             connection: keep-alive\r\ncontent-length: 0\r\n\r\n"
        )
    );
    let mut out = Vec::new();
    Response::new(204).encode(&mut out, Part::Whole, Persistence::Close, "today\r\nx: y");
    assert_eq!(out, b"HTTP/1.1 204 No Content\r\ndate: today  x: y\r\nconnection: close\r\n\r\n");
}

#[test]
fn framing_headers_are_not_the_handlers() {
    let response = Response::text(200, "hello")
        .header("Content-Length", "7")
        .header("Transfer-Encoding", "chunked")
        .header("CONNECTION", "upgrade")
        .header("Date", "never");
    assert_eq!(whole(&response), whole(&Response::text(200, "hello")));
}

#[test]
fn unusual_statuses() {
    assert!(whole(&Response::new(299)).starts_with("HTTP/1.1 299 \r\n"));
    for status in [0, 99, 1000, u16::MAX] {
        assert!(
            whole(&Response::new(status)).starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
            "{status}"
        );
    }
}

#[test]
fn a_refusal_names_its_reason() {
    let response = Response::refusal(&RequestError::LengthTwice);
    assert_eq!(response.status, 400);
    assert_eq!(response.body.as_ref(), b"there may be only one Content-Length\n");
}
