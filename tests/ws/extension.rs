use karez::ws::DeflateParams;

fn bits(lines: &[&str]) -> Option<u8> {
    DeflateParams::choose(lines.iter().copied()).map(|params| params.server_window_bits)
}

#[test]
fn offers_that_are_taken() {
    for (offer, expected) in [
        ("permessage-deflate", 15),
        ("Permessage-Deflate", 15),
        ("permessage-deflate; client_max_window_bits", 15),
        ("permessage-deflate; client_max_window_bits=8", 15),
        ("permessage-deflate; client_max_window_bits=15", 15),
        ("permessage-deflate; client_max_window_bits=\"10\"", 15),
        ("permessage-deflate; server_no_context_takeover", 15),
        ("permessage-deflate; client_no_context_takeover", 15),
        ("permessage-deflate;server_no_context_takeover;client_no_context_takeover", 15),
        ("permessage-deflate; server_max_window_bits=\"12\"", 12),
        ("permessage-deflate ;\tserver_max_window_bits = 9 ; client_max_window_bits", 9),
        ("permessage-deflate; SERVER_MAX_WINDOW_BITS=14", 14),
        (", ,permessage-deflate;;", 15),
    ] {
        assert_eq!(bits(&[offer]), Some(expected), "{offer}");
    }
    for expected in 9..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={expected}");
        assert_eq!(bits(&[&offer]), Some(expected));
    }
}

#[test]
fn offers_that_are_passed_over() {
    for offer in [
        "",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1 0",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover=",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate=1",
        "permessage-deflate; \"x, permessage-deflate",
    ] {
        assert_eq!(bits(&[offer]), None, "{offer}");
    }
}

#[test]
fn the_first_acceptable_offer_wins() {
    let ten = "permessage-deflate; server_max_window_bits=10";
    let nine = "permessage-deflate; server_max_window_bits=9";
    let bad = "permessage-deflate; server_max_window_bits=8";
    assert_eq!(bits(&[&format!("{bad}, foo; x=\"a,b;c\\\"\", {ten}, {nine}")]), Some(10));
    assert_eq!(bits(&[bad, "foo", nine, ten]), Some(9));
    assert_eq!(bits(&[&format!("permessage-deflate; x=\"{nine}\", {ten}")]), Some(10));
    assert_eq!(bits(&[]), None);
}
