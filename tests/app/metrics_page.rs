//! Who may see the metrics, and that the manual tells them all.

use std::collections::{BTreeMap, BTreeSet};

use karez::app::MetricsAt;

use crate::client::*;
use crate::process::*;
use crate::scrape::*;
use crate::world::*;

#[test]
fn who_looks_after_the_daemon_sees_them_and_nobody_else() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0"]);
    let main = daemon.address("page");
    assert_eq!(get(main, "/metrics", "").0, 200, "a program on this machine");
    let nothing = get(main, "/nothing", "");
    for header in ["X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.1\r\n", "Via: 1.1 a\r\n"] {
        assert_eq!(get(main, "/metrics", header), nothing, "as if it were not there: {header}");
        assert_eq!(get(main, "/readyz", header).0, 200, "health is for everybody");
    }
    daemon.end();

    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    let (main, side) = (daemon.address("page"), daemon.address("metrics  "));
    assert_eq!(get(main, "/metrics", ""), nothing, "it has a listener of its own");
    let (status, page) = get(side, "/metrics", "X-Forwarded-For: 192.0.2.1\r\n");
    assert_eq!((status, page.contains("karez_build_info{version=")), (200, true));
    for path in ["/livez", "/readyz"] {
        assert_eq!((get(side, path, "").0, get(main, path, "").0), (200, 200), "{path}");
    }
    assert_eq!(get(side, "/", "").0, 404, "the page is not there");
    let mut client = Client::dial(side);
    client.send(upgrade("/ws", "").as_bytes());
    client.expect_bytes(b"HTTP/1.1 404 ");
    drop(client);
    daemon.end();
}

#[test]
fn metrics_for_the_network_are_said_to_be() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"]);
    daemon.wait_for_line("EVERYBODY who can connect may read them");
    daemon.end();
}

#[test]
fn the_settings_say_where_they_are() {
    assert_eq!(told(&[]).1.metrics, MetricsAt::Main);
    let (config, settings) = told(&["--metrics-listen", "127.0.0.1:0,unix:/tmp/karez-metrics.sock"]);
    assert_eq!((config.side.len(), settings.metrics), (2, MetricsAt::Side));
}

/// Name and type of each family, and its help.
fn families(page: &str) -> BTreeMap<String, (String, String)> {
    let mut families = BTreeMap::new();
    let mut help = String::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("# ")) {
        let mut words = line.splitn(3, ' ');
        match (words.next().unwrap(), words.next().unwrap(), words.next().unwrap()) {
            ("HELP", _, text) => help = text.to_owned(),
            ("TYPE", name, kind) => {
                families.insert(name.to_owned(), (kind.to_owned(), std::mem::take(&mut help)));
            }
            _ => panic!("{line}"),
        }
    }
    families
}

#[test]
fn the_manual_has_a_row_for_each_metric_and_no_other() {
    let manual = include_str!("../../src/manual/operating.md");
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| {
        let (name, rest) = row.split_once('`')?;
        let name = name.split('{').next()?;
        let is_metric = name.starts_with("karez_") || name.starts_with("process_");
        let mut cells = rest.split('|').map(str::trim).skip(1);
        is_metric.then(|| (name.to_owned(), cells.next().unwrap_or_default().to_owned()))
    });
    let rows: BTreeMap<String, String> = rows.collect();
    let mut world = World::new();
    let mut asker = world.dial();
    let (_, page) = world.get(&mut asker, "/metrics");
    let families = families(&page);
    let given: BTreeMap<String, String> =
        families.iter().map(|(name, (kind, _))| (name.clone(), kind.clone())).collect();
    assert_eq!(rows, given);
    assert!(families.values().all(|(_, help)| help.ends_with('.')), "{families:#?}");
}

/// What an expression asks for: each name, without what a histogram adds to it.
fn asked(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let names = words.filter(|word| word.starts_with("karez_") || word.starts_with("process_"));
    let family = |name: &str| {
        let parts = ["_bucket", "_sum", "_count"];
        let base = parts.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        base.to_owned()
    };
    names.map(family).collect()
}

#[test]
fn the_dashboard_has_a_panel_for_each_metric_and_no_other() {
    let dashboard: serde_json::Value =
        serde_json::from_str(include_str!("../../scripts/packaging/examples/grafana.json")).unwrap();
    let (mut shown, mut ids, mut places) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64()), "the id of {} is another's too", panel["title"]);
        let place = &panel["gridPos"];
        let (x, w) = (place["x"].as_u64().unwrap(), place["w"].as_u64().unwrap());
        let (y, h) = (place["y"].as_u64().unwrap(), place["h"].as_u64().unwrap());
        let free = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))).all(|at| places.insert(at));
        assert!(free && x + w <= 24, "{} lies over another, or outside", panel["title"]);
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{} says nothing", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            let asked = asked(target["expr"].as_str().unwrap());
            assert!(!asked.is_empty(), "{}: {target}", panel["title"]);
            shown.extend(asked);
        }
    }
    let mut world = World::new();
    let mut asker = world.dial();
    let (_, page) = world.get(&mut asker, "/metrics");
    assert_eq!(shown, families(&page).into_keys().collect());
}
