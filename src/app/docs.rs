//! What explains the API: the page `/docs`, and `/v1/openapi.json` for programs.
//!
//! Both are for everybody who reaches the daemon: they hold no secret, and whoever is to write a back end has no key yet.
//! The page loads nothing from elsewhere, under the policy of the chat page. Neither is generated: tests compare the
//! document with the routes, the codes and the limits (`tests/wire/openapi.rs`), replay each of its examples
//! (`tests/web/openapi.test.mjs`), and run what the page says that one may copy (`tests/web/docs.test.mjs`).
//!
//! Not in the tutorial.

use super::policy::OWN;
use crate::http::{Request, Response};

/// Where the description of the API for programs is.
pub(super) const OPENAPI: &str = "/v1/openapi.json";

/// Path, type and content of every file.
const FILES: [(&str, &str, &str); 4] = [
    ("/docs", "text/html; charset=utf-8", include_str!("../web/docs/index.html")),
    ("/docs/docs.css", "text/css; charset=utf-8", include_str!("../web/docs/docs.css")),
    ("/docs/docs.js", "text/javascript; charset=utf-8", include_str!("../web/docs/docs.js")),
    (OPENAPI, "application/json", include_str!("../web/docs/openapi.json")),
];

/// The answer, if what is asked for is one of these files.
pub(super) fn respond(request: &Request<'_>) -> Option<Response> {
    let (_, kind, content) = FILES.iter().find(|(path, ..)| *path == request.path())?;
    if !matches!(request.method, "GET" | "HEAD") {
        return Some(Response::text(405, "only GET and HEAD\n").header("allow", "GET, HEAD"));
    }
    let response = Response::new(200)
        .header("content-type", *kind)
        .header("cache-control", "no-cache")
        .header("content-security-policy", OWN)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer");
    Some(response.body(content.as_bytes()))
}
