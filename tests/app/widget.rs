//! What is served for sites that carry the support widget: who may show its panel, and how long each file is kept.

use std::path::PathBuf;

use crate::pages::{Answer, get};
use crate::world::*;

/// A folder of pages that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("karez-{name}-{}", std::process::id()));
        for (file, text) in [
            ("widget/loader.js", "// loader"),
            ("widget/panel.html", "<script src=\"/a/BUILD/widget/panel.js\"></script>"),
            ("desk/index.html", "desk"),
            ("demo/index.html", "demo"),
        ] {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Folder(folder)
    }

    fn world(&self, arguments: &[&str]) -> World {
        let ui_dir = ["--ui-dir", self.0.to_str().unwrap()];
        World::with(&[&ui_dir, arguments].concat(), |_, _| {})
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One directive of the policy.
fn directive(answer: &Answer, name: &str) -> String {
    let mut parts = answer.header("content-security-policy").split("; ");
    let wanted = format!("{name} ");
    parts.find_map(|part| part.strip_prefix(wanted.as_str())).unwrap_or_default().to_owned()
}

const AS_A_STRANGER: &str = "X-Forwarded-For: 203.0.113.7\r\n";

#[test]
fn only_the_sites_that_are_named_may_show_the_panel() {
    let folder = Folder::new("named");
    let mut world = folder.world(&["--widget-sites", "https://Shop.example/,https://*.shop.example:8443"]);
    for headers in ["", AS_A_STRANGER] {
        let panel = get(&mut world, "/widget/panel", headers);
        assert_eq!(panel.status, 200);
        let allowed = directive(&panel, "frame-ancestors");
        assert_eq!(allowed, "'self' https://shop.example https://*.shop.example:8443");
        assert_eq!(directive(&panel, "default-src"), "'none'");
        assert_eq!(panel.header("cache-control"), "no-store", "as every file of a folder");
    }
}

#[test]
fn where_no_site_is_named_those_of_the_machine_itself_may() {
    let folder = Folder::new("near");
    let mut world = folder.world(&[]);
    let near = directive(&get(&mut world, "/widget/panel", ""), "frame-ancestors");
    assert!(near.starts_with("'self' http://localhost:* http://127.0.0.1:*"), "{near}");
    let far = get(&mut world, "/widget/panel", AS_A_STRANGER);
    assert_eq!(directive(&far, "frame-ancestors"), "'self'");
}

#[test]
fn no_other_page_stands_in_a_frame() {
    let folder = Folder::new("framed");
    let mut world = folder.world(&["--widget-sites", "https://shop.example"]);
    for path in ["/desk", "/demo", "/widget.js"] {
        let answer = get(&mut world, path, "");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(directive(&answer, "frame-ancestors"), "'none'", "{path}");
    }
    let demo = get(&mut world, "/demo", "");
    assert_eq!(directive(&demo, "frame-src"), "'self'");
    assert_eq!(directive(&demo, "connect-src"), "", "the widget connects, and not the site");
}

#[test]
fn a_site_that_shuts_itself_off_may_still_load_the_widget() {
    let folder = Folder::new("shut");
    let mut world = folder.world(&[]);
    let mut headers = |path: &str| {
        let answer = get(&mut world, path, "");
        ["resource", "embedder"].map(|of| answer.header(&format!("cross-origin-{of}-policy")).to_owned())
    };
    assert_eq!(headers("/widget.js"), ["cross-origin", ""]);
    assert_eq!(headers("/widget/panel"), ["cross-origin", "require-corp"]);
    assert_eq!(headers("/desk"), ["", ""]);
}

#[test]
fn a_site_that_is_none_is_refused_at_the_start() {
    use clap::Parser;
    let parse = |site: &str| karez::config::Config::try_parse_from(["karez", "--widget-sites", site]);
    for site in ["https://shop.example", "http://10.0.0.7:8080", "https://*.shop.example"] {
        assert!(parse(site).is_ok(), "{site}");
    }
    for site in [
        "",
        "*",
        "shop.example",
        "https://",
        "https://shop.example/path",
        "https://shop.example; script-src *",
        "https://shop.example 'unsafe-inline'",
        "https://shop.example:port",
        "https://a.*.example",
        "data:",
        "null",
    ] {
        assert!(parse(site).is_err(), "{site}");
    }
}
