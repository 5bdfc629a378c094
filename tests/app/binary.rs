//! The real command: what it says, what it answers, how it ends.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use karez::ws::Opcode;
use rustix::process::Signal;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

fn karez() -> Process {
    Process::karez(&ANY_PORT)
}

#[test]
fn exact_bytes_in_and_out() {
    let daemon = karez();
    let mut client = Client::dial(daemon.address("page"));
    client.send(
        b"GET /ws HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
          Sec-WebSocket-Protocol: karez.v1\r\n\r\n",
    );
    client.expect_bytes(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: karez.v1\r\n\r\n",
    );
    // RFC 6455, 5.7: a masked ping that says "Hello".
    client.send(b"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    client.expect_bytes(b"\x8a\x05Hello");
    client.say(r#"{"type":"ping","id":"1"}"#);
    client.expect_bytes(b"\x81\x18{\"type\":\"pong\",\"id\":\"1\"}");
    client.say(r#"{"type":"group","gid":123,"content":"hi"}"#);
    client.expect_bytes(
        b"\x81\x41{\"type\":\"error\",\"code\":\"login_required\",\"message\":\"log in first\"}",
    );
    client.send(b"\x88\x82\x37\xfa\x21\x3d\x34\x12");
    client.expect_bytes(b"\x88\x02\x03\xe8");
    client.expect_end();
}

#[test]
fn one_byte_at_a_time_makes_no_difference() {
    let daemon = karez();
    let mut client = Client::dial(daemon.address("page"));
    let bytes = [upgrade("/", "").as_bytes(), &text(LOGIN), &text(r#"{"type":"ping"}"#)].concat();
    for byte in bytes {
        client.send(&[byte]);
    }
    client.expect_bytes(SWITCHED.as_bytes());
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":1001,"#));
    assert_eq!(client.hear_text(), r#"{"type":"pong"}"#);
}

#[test]
fn a_group_and_a_private_message_arrive() {
    let daemon = karez();
    let address = daemon.address("page");
    let [mut ann, mut bob] = [(); 2].map(|()| Client::open(address));
    for (client, uid) in [(&mut ann, 1001), (&mut bob, 1002)] {
        client.say(LOGIN);
        let Heard::Text(login) = client.hear() else { panic!("no login") };
        assert_eq!(field(&login, "uid"), uid);
        client.say(r#"{"type":"group","content":"hello","gid":123}"#);
        assert!(client.hear_text().starts_with(r#"{"type":"joined","gid":123,"#));
        assert!(client.hear_text().starts_with(r#"{"type":"groupPm","gid":123,"#));
    }
    assert!(ann.hear_text().starts_with(r#"{"type":"joined","gid":123,"uid":1002,"#));
    assert!(ann.hear_text().starts_with(r#"{"type":"groupPm","gid":123,"seq":2,"uid":1002,"#));
    bob.say(r#"{"type":"pm","content":"psst","uid":1001}"#);
    let said = r#"{"type":"pm","uid":1002,"to":1001,"seq":1,"name":"Guest 1002","content":"psst","time":_}"#;
    assert_eq!(ann.hear_text(), said);
    assert_eq!(bob.hear_text(), said);
    drop((ann, bob));
    daemon.end();
}

#[test]
fn the_first_lines_tell_where_the_page_is_and_what_to_type() {
    let daemon = karez();
    let address = daemon.address("page");
    let lines = daemon.lines();
    let version = env!("CARGO_PKG_VERSION");
    assert!(lines[0].starts_with(&format!("karez {version} serves up to ")), "{lines:#?}");
    assert_eq!(lines[1], format!("  page      http://{address}/"));
    assert!(lines[2].starts_with("  terminal  "), "{lines:#?}");
    assert!(lines[2].ends_with(&format!("| websocat ws://{address}/ws")), "{lines:#?}");
    assert!(lines[3].starts_with("  store     in memory"), "{lines:#?}");
    // What the line would send is served.
    let mut client = Client::dial(address);
    client.send(upgrade("/ws", "").as_bytes());
    client.expect_bytes(SWITCHED.as_bytes());
    for message in lines[2].split("echo '").skip(1) {
        client.say(message.split('\'').next().unwrap());
    }
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":1001,"#));
    assert!(client.hear_text().starts_with(r#"{"type":"joined","gid":123,"#));
    assert!(client.hear_text().contains(r#""content":"hello""#));
}

#[test]
fn sigterm_tells_every_client_and_ends_with_0() {
    for signal in [Signal::TERM, Signal::INT] {
        let daemon = karez();
        let address = daemon.address("page");
        let mut clients: Vec<Client> = (0..20).map(|_| Client::open(address)).collect();
        let idle_http = Client::dial(address);
        for client in clients.iter_mut().step_by(2) {
            client.say(LOGIN);
            client.hear_text();
        }
        let start = Instant::now();
        daemon.signal(signal);
        for client in &mut clients {
            assert_eq!(client.hear_text(), r#"{"type":"bye","code":"restart","retry":_}"#);
            assert_eq!(client.hear(), Heard::Close(1001, "restart".to_owned()));
            client.send(&close(1001));
            client.expect_end();
        }
        drop((clients, idle_http));
        let (status, _) = daemon.wait();
        assert_eq!(status.code(), Some(0), "{status}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn clients_that_do_not_answer_do_not_keep_the_daemon() {
    let daemon = karez();
    let mut deaf = Client::open(daemon.address("page"));
    let start = Instant::now();
    daemon.signal(Signal::TERM);
    let (status, _) = daemon.wait();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(deaf.hear_text(), r#"{"type":"bye","code":"restart","retry":_}"#);
}

#[test]
fn five_hundred_clients_are_told_and_those_who_do_not_read_are_left_behind() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--messages-burst", "100000"]);
    let address = daemon.address("page");
    let mut clients: Vec<Client> = (0..500).map(|_| Client::open(address)).collect();
    // They ask and ask, and take no answer: their queues are full when the end comes.
    let mut deaf: Vec<Client> = (0..5).map(|_| Client::open(address)).collect();
    let pings = text(r#"{"type":"ping"}"#).repeat(2_000);
    for client in &mut deaf {
        socket2::SockRef::from(&client.stream).set_recv_buffer_size(4 * 1024).unwrap();
        client.stream.set_nonblocking(true).unwrap();
        while std::io::Write::write(&mut client.stream, &pings).is_ok_and(|taken| taken == pings.len()) {}
    }
    // Turns in which they are read, until they may not be any more.
    for _ in 0..50 {
        clients[0].say(r#"{"type":"ping"}"#);
        clients[0].hear_text();
    }
    let start = Instant::now();
    daemon.signal(Signal::TERM);
    let mut moments = Vec::new();
    for client in &mut clients {
        let Heard::Text(bye) = client.hear() else { panic!("no farewell") };
        assert_eq!(masked(&bye), r#"{"type":"bye","code":"restart","retry":_}"#);
        moments.push(field(&bye, "retry").as_u64().unwrap());
        assert_eq!(client.hear(), Heard::Close(1001, "restart".to_owned()));
        client.send(&close(1001));
    }
    let (status, _) = daemon.wait();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // Spread: in each tenth of the five seconds about a tenth of them comes back.
    for tenth in 0..10 {
        let span = 500 + tenth * 500..1_000 + tenth * 500;
        let count = moments.iter().filter(|retry| span.contains(*retry)).count();
        assert!((40..=60).contains(&count), "{count} within {span:?}");
    }
}

#[test]
fn while_it_drains_nobody_new_is_let_in_and_a_second_sigterm_ends_it_at_once() {
    let daemon = karez();
    let address = daemon.address("page");
    let mut deaf = Client::open(address);
    daemon.signal(Signal::TERM);
    assert_eq!(deaf.hear_text(), r#"{"type":"bye","code":"restart","retry":_}"#);
    assert!(std::net::TcpStream::connect(address).is_err(), "it still listens");
    let start = Instant::now();
    daemon.signal(Signal::TERM);
    let (status, _) = daemon.wait();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (code, stdout, stderr) = run_to_end(&["--listen", &address.to_string()], &[]);
    assert_eq!((code, stdout.as_str()), (69, ""));
    assert!(stderr.starts_with(&format!("karez: cannot listen on {address}: ")), "{stderr}");
    assert!(stderr.contains("Another program listens there"), "{stderr}");
    let advice = format!("karez --listen 127.0.0.1:{}", address.port().saturating_add(1));
    assert!(stderr.contains(&advice), "{stderr}");
}

#[test]
fn an_address_of_another_machine_is_unavailable() {
    // RFC 5737: an address for documentation, which is nobody's.
    let (code, _, stderr) = run_to_end(&["--listen", "192.0.2.1:8282", "--guests", "yes"], &[]);
    assert_eq!(code, 69, "{stderr}");
    assert!(stderr.contains("This machine does not have that address."), "{stderr}");
}

#[test]
fn everybodys_address_asks_whether_guests_are_meant() {
    for listen in ["0.0.0.0:0", ":0", "[::]:0"] {
        let (code, _, stderr) = run_to_end(&["--listen", listen], &[]);
        assert_eq!(code, 78, "{listen}: {stderr}");
        assert!(stderr.contains("--guests yes"), "{stderr}");
    }
    let both = ["--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0"];
    assert_eq!(run_to_end(&both, &[]).0, 78, "the second address counts too");
    assert_eq!(run_to_end(&["--guests", "no"], &[]).0, 78);

    let daemon = Process::karez(&["--listen", "0.0.0.0:0", "--guests", "yes"]);
    let address = daemon.address("page");
    assert!(address.ip().is_loopback(), "a browser cannot open 0.0.0.0: {address}");
    daemon.wait_for_line("EVERYBODY");
    let mut client = Client::open(address);
    client.say(LOGIN);
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":1001,"#));
    // There is no neighbour who could be trusted where everybody can connect.
    let mut page = Client::dial(address);
    page.send(upgrade("/", "Origin: http://localhost:3000\r\n").as_bytes());
    page.expect_bytes(b"HTTP/1.1 403 ");
}

#[test]
fn wrong_usage_is_2_and_settings_that_cannot_hold_are_78() {
    for arguments in [
        &["--nonsense"][..],
        &["--listen", "nonsense"],
        &["--listen", "127.0.0.1:99999"],
        &["--message-bytes-max", "1"],
        &["--broadcast", "nobody"],
        &["stray"],
    ] {
        let (code, stdout, stderr) = run_to_end(arguments, &[]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
    for level in ["nonsense", "karez=nonsense"] {
        let (code, _, stderr) = run_to_end(&["--log", level], &[]);
        assert_eq!(code, 78, "{stderr}");
        assert!(stderr.contains(level) && stderr.contains("debug"), "{stderr}");
    }
    for arguments in
        [&["--retention-bytes-max", "1000"][..], &["--store", "memory", "--retention-bytes-max", "10000000"]]
    {
        let (code, _, stderr) = run_to_end(arguments, &[]);
        assert_eq!(code, 78, "{stderr}");
        assert!(stderr.contains("--retention-bytes-max"), "{stderr}");
    }
}

#[test]
fn help_goes_to_standard_output_and_names_every_setting_with_its_variable() {
    let (code, stdout, stderr) = run_to_end(&["--help"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    for setting in karez::config::settings() {
        let (long, variable) = (setting.long(), setting.variable());
        assert!(stdout.contains(&format!("--{long} ")), "{long}: {stdout}");
        assert!(stdout.contains(&format!("[env: {variable}=")), "{variable}: {stdout}");
    }
    // Two examples come first.
    let first: Vec<_> = stdout.lines().take(3).map(str::trim_start).collect();
    assert_eq!(first[0], "Examples:");
    assert!(first[1..].iter().all(|line| line.starts_with("karez")), "{first:?}");
    for code in ["65", "69", "78"] {
        assert!(stdout.contains(code), "{stdout}");
    }
    let (code, stdout, _) = run_to_end(&["--version"], &[]);
    assert_eq!((code, stdout.trim()), (0, concat!("karez ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_setting_may_come_from_the_environment_and_the_command_line_wins() {
    let (code, _, stderr) = run_to_end(&[], &[("KAREZ_LISTEN", "0.0.0.0:0")]);
    assert_eq!(code, 78, "{stderr}");
    let (code, _, stderr) =
        run_to_end(&ANY_PORT, &[("KAREZ_LISTEN", "0.0.0.0:0"), ("KAREZ_LOG", "nonsense")]);
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains("nonsense") && !stderr.contains("guests"), "{stderr}");
}

#[test]
fn tokens_do_not_reach_the_log() {
    let daemon = Process::karez(&["--listen", "127.0.0.1:0", "--log", "trace"]);
    let mut client = Client::open(daemon.address("page"));
    client.say(LOGIN);
    let Heard::Text(login) = client.hear() else { panic!("no login") };
    let token = field(&login, "token").as_str().unwrap().to_owned();
    let mut forger = Client::open(daemon.address("page"));
    forger.say(r#"{"type":"login","token":"kg1.c2VjcmV0.d29yZHM"}"#);
    forger.hear_text();
    daemon.wait_for_line("login refused");
    daemon.signal(Signal::TERM);
    drop((client, forger));
    let log = daemon.wait().1.join("\n");
    assert!(!log.contains(&token) && !log.contains("c2VjcmV0") && !log.contains("d29yZHM"), "{log}");
}

#[test]
fn ipv6_is_served() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // A machine without IPv6 has nothing to show.
    }
    let daemon = Process::karez(&["--listen", "[::1]:0", "--listen", "127.0.0.1:0"]);
    let (six, four) = (daemon.address("http://[::1]"), daemon.address("http://127"));
    assert!(six.is_ipv6() && four.is_ipv4());
    for address in [six, four] {
        let mut client = Client::open(address);
        client.say(LOGIN);
        assert!(client.hear_text().starts_with(r#"{"type":"login","#));
    }
    daemon.end();
}

#[test]
fn a_unix_socket_is_served_and_removed_at_the_end_and_a_dead_one_is_replaced() {
    let path = SocketPath::new("served");
    for how in [Signal::KILL, Signal::TERM] {
        let daemon = Process::karez(&["--listen", &path.listen()]);
        assert_eq!(daemon.wait_for_line("  socket"), format!("  socket    {}", path.0.display()));
        let stream = UnixStream::connect(&path.0).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut client = Client::new(stream);
        client.send(upgrade("/", "").as_bytes());
        client.expect_bytes(SWITCHED.as_bytes());
        client.send(&[text(LOGIN), frame(Opcode::Ping, b"x")].concat());
        let heard = [client.hear(), client.hear()];
        assert!(heard.contains(&Heard::Other(Opcode::Pong, b"x".to_vec())), "{heard:?}");
        let (code, _, stderr) = run_to_end(&["--listen", &path.listen()], &[]);
        assert_eq!(code, 69, "a living one is not taken over: {stderr}");
        drop(client);
        daemon.signal(how);
        let (status, _) = daemon.wait();
        assert_eq!(status.success(), how == Signal::TERM);
        assert_eq!(path.0.exists(), how == Signal::KILL, "what was killed leaves its socket");
    }
}
