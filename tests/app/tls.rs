//! The real command with TLS: what it says, whom it serves, and how a certificate that is no use ends the start.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

const CERT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/one.cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/one.key.pem");
const OTHER_CERT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/two.cert.pem");
const OTHER_KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/two.key.pem");

type Secure = StreamOwned<ClientConnection, TcpStream>;

/// A client that waits, and trusts that certificate only.
fn dial(address: SocketAddr, certificate: &str) -> Client<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    Client::new(StreamOwned::new(session, stream))
}

fn open(address: SocketAddr, certificate: &str) -> Client<Secure> {
    let mut client = dial(address, certificate);
    client.send(upgrade("/ws", "").as_bytes());
    client.expect_bytes(SWITCHED.as_bytes());
    client
}

#[test]
fn chat_and_page_come_over_tls_and_a_unix_socket_beside_it_stays_plain() {
    let path = SocketPath::new("beside");
    let arguments =
        ["--listen", "127.0.0.1:0", "--listen", &path.listen(), "--tls-cert", CERT, "--tls-key", KEY];
    let daemon = Process::karez(&arguments);
    assert!(daemon.wait_for_line("page").contains("  https://127.0.0.1:"));
    assert!(daemon.wait_for_line("terminal").contains("wss://127.0.0.1:"));
    let address = daemon.address("page");
    let mut client = open(address, CERT);
    client.say(LOGIN);
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":1001,"#));
    client.say(r#"{"type":"group","content":"hello","gid":123}"#);
    assert!(client.hear_text().starts_with(r#"{"type":"joined","gid":123,"#));
    let mut page = dial(address, CERT);
    page.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    page.expect_bytes(b"HTTP/1.1 200 ");
    let mut plain = Client::dial(address);
    plain.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    plain.expect_bytes(b"HTTP/1.1 400 ");
    let stream = std::os::unix::net::UnixStream::connect(&path.0).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut local = Client::new(stream);
    local.send(upgrade("/", "").as_bytes());
    local.expect_bytes(SWITCHED.as_bytes());
    drop((client, page, plain, local));
    daemon.end();
}

#[test]
fn what_is_wrong_in_front_ends_the_start_with_setting_file_and_reason() {
    let folder = DataFolder::new("tls-mistakes");
    let file = |name: &str, content: &str| {
        let path = folder.0.join(name);
        fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (empty, nonsense) =
        (file("empty.pem", ""), file("nonsense.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n"));
    let gone = folder.0.join("gone.pem").to_str().unwrap().to_owned();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--tls-cert", CERT], &["--tls-cert", CERT, "--tls-key is missing"]),
        (&["--tls-key", KEY], &["--tls-key", KEY, "--tls-cert is missing"]),
        (&["--tls-cert", &gone, "--tls-key", KEY], &["--tls-cert", &gone, "No such file"]),
        (&["--tls-cert", &empty, "--tls-key", KEY], &["--tls-cert", &empty, "no certificate"]),
        (&["--tls-cert", CERT, "--tls-key", &nonsense], &["--tls-key", &nonsense, "no private key"]),
        (&["--tls-cert", CERT, "--tls-key", CERT], &["--tls-key", CERT, "no private key"]),
        (&["--tls-cert", CERT, "--tls-key", OTHER_KEY], &["--tls-cert", CERT, "cannot be used"]),
        (&["--tls-cert", OTHER_CERT, "--tls-key", KEY], &["--tls-cert", OTHER_CERT, "cannot be used"]),
        (&["--proxy-protocol", "yes"], &["--proxy-protocol", "--trusted-proxy"]),
    ];
    for (arguments, words) in cases {
        let all = [&["--listen", "127.0.0.1:0"], arguments].concat();
        let (code, _, stderr) = run_to_end(&all, &[]);
        assert_eq!(code, 78, "{stderr}");
        assert!(words.iter().all(|word| stderr.contains(word)), "{words:?} in {stderr}");
        assert!(!stderr.contains("c2VjcmV0"), "{stderr}");
    }
    let (code, _, stderr) = run_to_end(&["--trusted-proxy", "10.0.0.0/33"], &[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("10.0.0.0/8"), "{stderr}");
}

#[test]
fn behind_a_trusted_proxy_failed_logins_are_the_clients_own() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1,unix"]);
    let address = daemon.address("page");
    let fail = |client: &str| {
        let mut visitor = Client::dial(address);
        visitor.send(upgrade("/", &format!("X-Forwarded-For: {client}\r\n")).as_bytes());
        visitor.expect_bytes(SWITCHED.as_bytes());
        visitor.say(r#"{"type":"login","token":"a.b.c"}"#);
        visitor.hear_text()
    };
    for _ in 0..10 {
        assert!(fail("203.0.113.7").contains(r#""code":"unauthorized""#));
    }
    assert!(fail("203.0.113.7").contains(r#""code":"rate_limited""#));
    assert!(fail("203.0.113.8").contains(r#""code":"unauthorized""#));
    daemon.end();
}

#[test]
fn a_new_certificate_holds_from_a_reload_on_and_a_broken_one_never() {
    let folder = DataFolder::new("tls-renewed");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.0.join(name).to_str().unwrap().to_owned());
    let put = |new_cert: &str, new_key: &str| {
        fs::copy(new_cert, &cert).unwrap();
        fs::copy(new_key, &key).unwrap();
    };
    put(CERT, KEY);
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key]);
    let address = daemon.address("page");
    let mut early = open(address, CERT);
    put(OTHER_CERT, OTHER_KEY);
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("reload: done");
    let mut late = open(address, OTHER_CERT);
    put(OTHER_CERT, KEY);
    daemon.signal(Signal::HUP);
    daemon.wait_for_line("reload: everything stays as it is");
    assert!(daemon.lines().iter().any(|line| line.contains("--tls-cert") && line.contains(&cert)));
    let mut later = open(address, OTHER_CERT);
    for client in [&mut early, &mut late, &mut later] {
        client.say(LOGIN);
        assert!(client.hear_text().starts_with(r#"{"type":"login","#));
    }
    drop((early, late, later));
    daemon.end();
}
