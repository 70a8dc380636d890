//! The binary: start, settings, kill, drain.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::ffi::OsStrExt as _,
    process::Stdio,
    sync::Mutex,
    time::{Duration, Instant},
};

use tempfile::tempdir;

use crate::support::{
    form::Form,
    mix, pictures,
    running::{Running, command, output},
};

#[test]
fn the_first_run_prints_its_address_and_what_to_try() {
    let folder = tempdir().unwrap();
    let mut running = Running::start(folder.path());
    assert!(running.greeting.contains("curl -F name="), "{}", running.greeting);
    assert_eq!(running.users().len(), 0);
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());
    let again = Running::start(folder.path());
    assert!(!again.greeting.contains("curl"), "{}", again.greeting);
}

#[test]
fn listening_at_all_addresses_of_ipv6_includes_those_of_ipv4() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: this machine has no IPv6");
        return;
    }
    let folder = tempdir().unwrap();
    let mut all = command(folder.path());
    all.env("ROSTER_LISTEN", "[::]:0").env("ROSTER_AUTH", "off").stderr(Stdio::null());
    let running = Running::spawn(&mut all);
    let port = running.address.rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "[::1]"] {
        let answer = Running::request_at(&format!("{host}:{port}"), "GET /users", &[], b"");
        assert_eq!(answer, Some((200, b"[]".to_vec())), "{host}");
    }
}

#[test]
fn an_invalid_setting_fails_the_start_with_64_and_one_line_that_names_it() {
    let folder = tempdir().unwrap();
    for (name, value) in [
        ("ROSTER_LISTEN", "nowhere"),
        ("ROSTER_STORAGE", "mysql://x"),
        ("ROSTER_FAULTS", "x=y"),
        ("ROSTER_LISTEN", "0.0.0.0:0"),
        ("RUST_LOG", "a=b=c"),
    ] {
        let failed = output(command(folder.path()).env(name, value));
        let line = String::from_utf8(failed.stderr).unwrap();
        let named = if value.starts_with("0.0") { "ROSTER_AUTH" } else { name };
        assert_eq!((failed.status.code(), line.lines().count()), (Some(64), 1), "{line}");
        assert!(line.starts_with(&format!("roster: {named}: ")), "{line}");
    }
    let flag = output(command(folder.path()).args(["serve", "--drain", "soon"]));
    assert_eq!(flag.status.code(), Some(64));
    for arguments in [["--no-such-flag", "x"], ["--storage", ""]] {
        let failed = output(command(folder.path()).args(arguments));
        assert_eq!(
            (failed.status.code(), String::from_utf8_lossy(&failed.stderr).lines().count()),
            (Some(64), 1)
        );
    }
    let not_text = std::ffi::OsStr::from_bytes(b"sqlite:\xff.db");
    assert_eq!(output(command(folder.path()).env("ROSTER_STORAGE", not_text)).status.code(), Some(64));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was made");
}

#[test]
fn a_second_serve_on_the_same_file_is_refused() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let second = output(&mut command(folder.path()));
    let line = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(line.contains("roster.db"), "{line}");
    assert_eq!(running.users().len(), 0);
}

#[test]
fn a_foreign_file_is_refused_by_name_and_left_alone() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("roster.db");
    for content in [b"this is my diary, not a database".repeat(20), b"SQLite format 3\0".repeat(100)] {
        std::fs::write(&file, &content).unwrap();
        let refused = output(&mut command(folder.path()));
        let line = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(line.lines().last().unwrap().contains("roster.db"), "{line}");
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
}

#[test]
fn health_checks_a_running_server() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let health = |listen: &str| output(command(folder.path()).env("ROSTER_LISTEN", listen).arg("health"));
    let healthy = health(&running.address);
    assert!(healthy.status.success());
    assert!(String::from_utf8(healthy.stdout).unwrap().contains("\"ready\""));
    let address = running.address.clone();
    drop(running);
    let gone = health(&address);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8(gone.stderr).unwrap().contains(&address));
}

/// How many times the process is killed.
fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "says how thorough a run of these tests is")]
    let is_full = std::env::var_os("CI_FULL").is_some_and(|value| !value.is_empty());
    if is_full { 100 } else { 20 }
}

#[test]
fn after_a_kill_every_acknowledged_user_exists_and_nothing_else() {
    let folder = tempdir().unwrap();
    let image = pictures::picture(120, 90, 3, image::ImageFormat::Jpeg);
    let acknowledged = Mutex::new(Vec::new());
    let tried = Mutex::new(0_usize);
    for round in 0..rounds() {
        // No worker processes the events, so that they can be counted.
        let running = Running::spawn(command(folder.path()).arg("--no-worker").stderr(Stdio::null()));
        std::thread::scope(|threads| {
            for client in 0..16 {
                let (running, image, acknowledged, tried) = (&running, &image, &acknowledged, &tried);
                threads.spawn(move || {
                    for number in 0.. {
                        let email = format!("user-{round}-{client}-{number}@example.org");
                        *tried.lock().unwrap() += 1;
                        match running.create(&email, image) {
                            Some((201, _)) => acknowledged.lock().unwrap().push(email),
                            Some((status, body)) => panic!("{status}: {}", String::from_utf8_lossy(&body)),
                            None => return,
                        }
                    }
                });
            }
            // Killed midway, once this round's number of users is acknowledged.
            let enough = acknowledged.lock().unwrap().len() + 1 + round;
            let deadline = Instant::now() + Duration::from_mins(1);
            while acknowledged.lock().unwrap().len() < enough && Instant::now() < deadline {
                std::thread::yield_now();
            }
            running.signal("-KILL");
        });
        assert!(acknowledged.lock().unwrap().len() > round, "round {round} got nowhere");
    }
    let running = Running::spawn(command(folder.path()).arg("--no-worker").stderr(Stdio::null()));
    let users = running.users();
    let listed: std::collections::HashSet<_> =
        users.iter().map(|user| user["email"].as_str().unwrap()).collect();
    for email in acknowledged.lock().unwrap().iter() {
        assert!(listed.contains(email.as_str()), "{email} was acknowledged and is lost");
    }
    assert!(users.len() <= *tried.lock().unwrap());
    for user in &users {
        let url = user["avatar_url"].as_str().unwrap();
        let path = url.split(&running.address).nth(1).unwrap_or_else(|| panic!("{url}"));
        let (status, body) = running.get(path);
        assert_eq!((status, pictures::opens(&body)), (200, (120, 90)));
    }
    drop(running);
    let file = rusqlite::Connection::open(folder.path().join("roster.db")).unwrap();
    let count = |table| {
        file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let expected = i64::try_from(users.len()).unwrap();
    assert_eq!((count("users"), count("images"), count("events")), (expected, expected, expected));
}

#[test]
fn a_request_in_flight_is_finished_before_the_process_ends() {
    let folder = tempdir().unwrap();
    let mut running = Running::start(folder.path());
    let body = Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).bytes();
    let (first, second) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(&running.address).unwrap();
    let head = format!(
        "POST /user HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nContent-Type: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len(),
        Form::content_type()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"), "the handler is reading");
    stream.write_all(first).unwrap();
    running.signal("-TERM");
    // The listener is closed before requests in flight are done.
    while TcpStream::connect(&running.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(second).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn a_client_that_half_closes_gets_its_response() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let mut stream = TcpStream::connect(&running.address).unwrap();
    stream.write_all(b"GET /users HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
}

#[test]
fn the_log_has_each_request_and_no_personal_data() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = command(folder.path());
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).unwrap());
    let mut running = Running::spawn(&mut command);
    let create = || running.create("ada.lovelace@example.org", &pictures::small_jpeg()).unwrap();
    let id =
        serde_json::from_slice::<serde_json::Value>(&create().1).unwrap()["id"].as_str().unwrap().to_owned();
    let (status, conflict) = create();
    assert_eq!((status, running.users().len()), (409, 1));
    assert_eq!(running.request(&format!("DELETE /users/{id}"), b"").unwrap().0, 204);
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());

    let text = std::fs::read_to_string(&log).unwrap();
    for secret in ["lovelace", "example.org", "\"Ada\"", "Ada Lovelace"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let requests: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    let seen: Vec<_> = requests
        .iter()
        .map(|line| {
            (line["http.route"].as_str().unwrap(), line["http.response.status_code"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(seen, [("/user", 201), ("/user", 409), ("/users", 200), ("/users/{id}", 204)]);
    let conflict: serde_json::Value = serde_json::from_slice(&conflict).unwrap();
    assert_eq!(requests[1]["problem.instance"], conflict["instance"]);
    assert_eq!((requests[0]["user.id"].as_str(), requests[3]["user.id"].as_str()), (Some(&*id), Some(&*id)));
    assert!(requests.iter().all(|line| line["complete"] == true && line["duration_ms"].is_number()));
}

#[test]
fn successful_probes_are_not_logged() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = command(folder.path());
    command.env("RUST_LOG", "info").stderr(std::fs::File::create(&log).unwrap());
    let mut running = Running::spawn(&mut command);
    for path in ["/healthz", "/readyz", "/users"] {
        assert_eq!(running.get(path).0, 200, "{path}");
    }
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());

    let routes: Vec<_> = mix::requests(&log).iter().map(|line| line["http.route"].clone()).collect();
    assert_eq!(routes, ["/users"]);
}

#[test]
fn eight_images_of_32_megapixels_stay_within_the_memory_for_images() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let image = pictures::progressive_jpeg(8000, 4000);
    // The setting's default, and room for the process itself and the uploads.
    let most_bytes = (160 + 64) << 20;
    let needed_bytes = imaging::inspect(image.clone().into()).unwrap().working_bytes();
    assert!(2 * needed_bytes > most_bytes, "two at once, of {needed_bytes} bytes each, would fit");
    std::thread::scope(|threads| {
        for number in 0..8 {
            let (running, image) = (&running, &image);
            threads.spawn(move || {
                let (status, body) = running.create(&format!("user{number}@example.org"), image).unwrap();
                assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
            });
        }
    });
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib * 1024 < most_bytes, "{peak_kib} KiB");
}

#[test]
fn while_draining_requests_are_answered_until_the_listener_closes() {
    let folder = tempdir().unwrap();
    let mut command = command(folder.path());
    command.env("ROSTER_DRAIN", "1s").stderr(Stdio::null());
    let mut running = Running::spawn(&mut command);
    running.signal("-TERM");
    let deadline = Instant::now() + Duration::from_secs(10);
    let draining = loop {
        let answer = running.request("GET /readyz", b"");
        if answer.as_ref().is_none_or(|(status, _)| *status == 503) || Instant::now() > deadline {
            break answer;
        }
    };
    let (status, body) = draining.expect("the listener is still open");
    assert_eq!((status, String::from_utf8_lossy(&body).contains("draining")), (503, true));
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let (status, body) =
        running.request("POST /user", &vec![b'-'; 20 << 20]).expect("an answer, not a reset");
    assert_eq!(status, 413, "{}", String::from_utf8_lossy(&body));
}

/// The response to a head that is sent as it is.
fn raw(running: &Running, head: &str) -> String {
    let mut stream = TcpStream::connect(&running.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_ascii_lowercase()
}

#[test]
fn a_request_has_exactly_one_host() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    for (head, status) in [
        ("GET /users HTTP/1.1\r\n\r\n", 400),
        ("GET /users HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("GET /users HTTP/1.1\r\nHost: localhost, a b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET /users HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    ] {
        let answer = raw(&running, head);
        assert_eq!(answer.split(' ').nth(1), Some(&*status.to_string()), "{head}{answer}");
        assert!(answer.contains("\r\nx-request-id: "), "{answer}");
        assert_eq!(answer.contains("urn:roster:problem:bad-request"), status == 400, "{answer}");
    }
}

#[test]
fn an_answer_before_the_body_says_that_the_connection_closes() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    let (length, form) = (99 << 20, Form::content_type());
    let head = format!(
        "POST /user HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nContent-Type: {form}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(&running.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 413") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
}
