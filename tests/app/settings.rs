//! Settings of the real command: layers, the file, credentials, exit codes, and the commands about them.

use std::fs;
use std::net::TcpListener;

use karez::config::settings;

use crate::client::*;
use crate::process::*;
use crate::world::LOGIN;

/// What the login answer tells of a limit.
fn told(daemon: &Process, limit: &str) -> u64 {
    let mut client = Client::open(daemon.address("page"));
    client.say(LOGIN);
    let Heard::Text(login) = client.hear() else { panic!("no login") };
    field(&login, "limits")[limit].as_u64().unwrap()
}

/// A folder with a file of settings.
fn file(name: &str, text: &str) -> (DataFolder, String) {
    let folder = DataFolder::new(name);
    let path = folder.0.join("karez.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let (_folder, path) = file("layers", "listen = \"127.0.0.1:0\"\nmessages_burst = 30\n");
    let named = ["--config", path.as_str()];
    let variable = [("KAREZ_MESSAGES_BURST", "20")];
    let flag = ["--listen", "127.0.0.1:0", "--messages-burst", "10"];
    let all = [&named[..], &flag].concat();
    for (arguments, variables, expected) in [
        (&flag[..2], &[][..], 100),
        (&named[..], &[], 30),
        (&named[..], &variable[..], 20),
        (&all[..], &variable[..], 10),
    ] {
        let daemon = Process::karez_with(arguments, variables);
        assert_eq!(told(&daemon, "messages_burst"), expected, "{arguments:?} {variables:?}");
    }
    // Behind `serve` it is the same, and the file may be named by the environment.
    let daemon = Process::karez_with(&["serve"], &[("KAREZ_CONFIG", &path)]);
    assert_eq!(told(&daemon, "messages_burst"), 30);
    assert_eq!(daemon.wait_for_line("  settings"), format!("  settings  {path}"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_in_the_folder_is_found() {
    let (folder, _) = file("found", "listen = \"127.0.0.1:0\"\nmessages_burst = 31\nstore = \"memory\"\n");
    let daemon = Process::karez_under(&["env", "-u", "KAREZ_CONFIG", "-C", folder.0.to_str().unwrap()], &[]);
    assert_eq!(told(&daemon, "messages_burst"), 31);
}

#[test]
fn a_list_of_the_file_is_replaced_as_a_whole() {
    let (_folder, path) = file("list", "listen = [\"127.0.0.1:0\", \"[::1]:0\"]\n");
    let daemon = Process::karez(&["--config", &path, "--listen", "127.0.0.1:0"]);
    let pages = daemon.lines().iter().filter(|line| line.starts_with("  page")).count();
    assert_eq!(pages, 1, "{:#?}", daemon.lines());
}

#[test]
fn check_config_tells_every_mistake_and_a_start_does_too() {
    let (_folder, path) = file("mistakes", "listn = \"x\"\nmessage_bytes_max = \"1KB\"\n");
    for arguments in [&["check-config", &path][..], &["--config", &path], &["serve", "--config", &path]] {
        let (code, stdout, stderr) = run_to_end(arguments, &[]);
        assert_eq!((code, stdout.as_str()), (78, ""), "{stderr}");
        assert!(stderr.contains(&format!("{path}:1:1: \"listn\"")), "{stderr}");
        assert!(stderr.contains("did you mean \"listen\"?"), "{stderr}");
        assert!(stderr.contains(&format!("{path}:2:21: message_bytes_max")), "{stderr}");
    }
    // What is well each for itself and not together.
    let (_folder, path) =
        file("together", "listen = \"0.0.0.0:0\"\nretention_bytes_max = 7\nlog = \"loud\"\n");
    let (code, _, stderr) = run_to_end(&["check-config", &path], &[("KAREZ_STORE", "disk")]);
    assert_eq!(code, 78, "{stderr}");
    for words in ["--guests yes", "--retention-bytes-max 7B", "\"loud\" is no level"] {
        assert!(stderr.contains(words), "{stderr}");
    }
    let (_folder, path) = file("good", "origin = [\"https://a.example\"]\nguests = true\n");
    let (code, stdout, stderr) = run_to_end(&["check-config", &path], &[]);
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("good, 2 settings"), "{stderr}");
    let (code, _, stderr) = run_to_end(&["check-config", "/nowhere/karez.toml"], &[]);
    assert_eq!(code, 78);
    assert!(stderr.contains("/nowhere/karez.toml: "), "{stderr}");
    assert_eq!(run_to_end(&["check-config"], &[]).0, 78, "there is none to check");
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let (code, _, stderr) = run_to_end(&[], &[("KAREZ_PING_AFTER", "soon"), ("KAREZ_BROADCAST", "all")]);
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains("KAREZ_PING_AFTER: \"soon\": must be a time"), "{stderr}");
    assert!(stderr.contains("KAREZ_BROADCAST: \"all\": must be \"admins\" or \"anyone\""), "{stderr}");
    assert_eq!(run_to_end(&["--help"], &[("KAREZ_PING_AFTER", "soon")]).0, 0, "help is given all the same");
}

#[test]
fn each_exit_code() {
    let folder = DataFolder::new("codes");
    fs::write(folder.0.join("karez.db"), "this is no store").unwrap();
    let store = folder.arguments(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (code, arguments) in [
        (0, &["version"][..]),
        (1, &["token", "inspect", "kg1.a.b"]),
        (2, &["--no-such-flag"]),
        (65, &store),
        (69, &["--listen", &taken]),
        (78, &["--guests", "no"]),
    ] {
        let (ended, _, stderr) = run_to_end(arguments, &[]);
        assert_eq!(ended, code, "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_manual_page_and_the_completions_have_every_setting() {
    let (code, man, _) = run_to_end(&["man"], &[]);
    assert_eq!(code, 0);
    let man = man.replace('\\', "");
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXAMPLES", "FILES", "EXIT STATUS", "SIGNALS"]
    {
        assert!(man.contains(&format!(".SH {section}")), "{section}");
    }
    for setting in settings() {
        assert!(man.contains(&format!("--{}", setting.long())), "{}", setting.long());
        assert!(man.contains(&setting.variable()), "{}", setting.variable());
        let word = setting.help().split('`').next().unwrap().trim().trim_end_matches('.').to_owned();
        assert!(man.contains(word.lines().next().unwrap()), "{word}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = run_to_end(&["completions", shell], &[]);
        assert_eq!(code, 0);
        for setting in settings() {
            assert!(script.contains(setting.long()), "{shell}: {}", setting.long());
        }
        assert!(script.contains("check-config"), "{shell}");
    }
}

#[test]
fn gen_config_prints_a_file_that_is_good() {
    let (code, text, stderr) = run_to_end(&["gen-config"], &[]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let (_folder, path) = file("sample", &text);
    assert_eq!(run_to_end(&["check-config", &path], &[]).0, 0);
    // Uncommented it says what holds anyhow: a start with it differs in nothing.
    let bare =
        |line: &str| match settings().iter().any(|one| line.starts_with(&format!("# {} = ", one.key()))) {
            true => line[2..].to_owned() + "\n",
            false => String::new(),
        };
    let text: String = text.lines().map(bare).collect();
    let (_folder, path) = file("uncommented", &text);
    let (code, _, stderr) = run_to_end(&["check-config", &path], &[]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn the_version_is_for_people_and_for_programs() {
    let (code, stdout, _) = run_to_end(&["version"], &[]);
    assert_eq!((code, stdout.lines().next()), (0, Some(concat!("karez ", env!("CARGO_PKG_VERSION")))));
    let (code, stdout, _) = run_to_end(&["version", "--json"], &[]);
    assert_eq!(code, 0);
    assert_eq!(field(&stdout, "version"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn no_color_is_heeded() {
    let forced = ("CLICOLOR_FORCE", "1");
    let (_, _, stderr) = run_to_end(&["--nonsense"], &[forced]);
    assert!(stderr.contains('\x1b'), "there would be colours: {stderr:?}");
    let (_, _, stderr) = run_to_end(&["--nonsense"], &[forced, ("NO_COLOR", "1")]);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
    let (_, stdout, _) = run_to_end(&["--help"], &[forced, ("NO_COLOR", "1")]);
    assert!(!stdout.contains('\x1b'));
}

#[test]
fn a_credential_of_systemd_is_the_secret_where_no_setting_names_a_key() {
    let folder = DataFolder::new("credentials");
    let path = folder.0.to_str().unwrap();
    let credentials = ("CREDENTIALS_DIRECTORY", path);
    fs::write(folder.0.join("token_secret"), "0123456789abcdef0123456789abcdef").unwrap();
    let any_port = ["--listen", "127.0.0.1:0"];
    let daemon = Process::karez_with(&any_port, &[credentials]);
    daemon.wait_for_line("tokens    JWT of your site, HS256");
    daemon.wait_for_line("guests    none");

    // A token that is made with it holds; one that is made with a secret by name is another.
    let create = ["token", "create", "--uid", "7"];
    let (code, token, stderr) = run_to_end(&create, &[credentials]);
    assert_eq!(code, 0, "{stderr}");
    let login = |token: &str| format!(r#"{{"type":"login","token":"{}"}}"#, token.trim());
    let mut client = Client::open(daemon.address("page"));
    client.say(&login(&token));
    assert!(client.hear_text().starts_with(r#"{"type":"login","uid":7,"#));
    let other = ("KAREZ_TOKEN_SECRET", "abcdef0123456789abcdef0123456789");
    let (code, token, stderr) = run_to_end(&create, &[credentials, other]);
    assert_eq!(code, 0, "{stderr}");
    let mut client = Client::open(daemon.address("page"));
    client.say(&login(&token));
    assert!(client.hear_text().contains("unauthorized"));

    fs::write(folder.0.join("token_secret"), "short").unwrap();
    let (code, _, stderr) = run_to_end(&any_port, &[credentials]);
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains("token_secret"), "{stderr}");
    assert!(!stderr.contains("short:"), "{stderr}");
}

#[test]
fn a_token_is_made_with_the_secret_that_the_file_names() {
    let (folder, path) = file("tokens", "");
    let secret = folder.0.join("secret");
    fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    fs::write(&path, format!("token_secret_file = {:?}\n", secret.to_str().unwrap())).unwrap();
    let (code, token, stderr) = run_to_end(&["token", "create", "--uid", "7", "--config", &path], &[]);
    assert_eq!((code, token.matches('.').count()), (0, 2), "{stderr}");
}
