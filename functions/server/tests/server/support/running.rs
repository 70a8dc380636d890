//! The binary, running.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use super::form::Form;

/// A `roster serve` on a port of its own.
pub struct Running {
    pub child: Child,
    pub address: String,
    /// The management address.
    pub management: String,
    /// Its output up to the line with its address, and the lines after that on the first run.
    pub greeting: String,
}

pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    // Where an instrumented binary writes its coverage (tools/coverage/run).
    command.envs(std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"));
    command.env("ROSTER_LISTEN", "127.0.0.1:0").env("ROSTER_MANAGEMENT_LISTEN", "127.0.0.1:0");
    command
}

/// How a command ended. A start that should have failed and did not is ended here.
pub fn output(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut output) = (BufReader::new(child.stdout.take().unwrap()), Vec::new());
    stdout.read_until(b'\n', &mut output).unwrap();
    if output.starts_with(b"Roster listens") {
        child.kill().unwrap();
    }
    stdout.read_to_end(&mut output).unwrap();
    Output { stdout: output, ..child.wait_with_output().unwrap() }
}

impl Running {
    pub fn start(folder: &Path) -> Self {
        Self::spawn(command(folder).stderr(Stdio::null()))
    }

    pub fn spawn(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        // Created first, so that it is ended with the test in every case.
        let mut running =
            Self { child, address: String::new(), management: String::new(), greeting: String::new() };
        let mut lines = BufReader::new(running.child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let after = |words: &str| {
            let address = first.split(words).nth(1).and_then(|rest| rest.split([' ', '/']).next());
            address.unwrap_or_else(|| panic!("no address in {first:?}")).to_owned()
        };
        (running.address, running.management) = (after("listens at http://"), after("metrics: http://"));
        // What follows comes in the same write; the rest of the pipe stays with the child.
        running.greeting = first + &String::from_utf8_lossy(lines.buffer());
        running
    }

    /// One request, the connection closed after it: status and body.
    pub fn request(&self, head: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        Self::request_at(&self.address, head, &[], body)
    }

    /// One request with headers of its own.
    pub fn request_with(&self, head: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<(u16, Vec<u8>)> {
        Self::request_at(&self.address, head, headers, body)
    }

    /// The metrics, from the management address.
    pub fn metrics(&self) -> String {
        let (status, body) = Self::request_at(&self.management, "GET /metrics", &[], b"").expect("an answer");
        assert_eq!(status, 200);
        String::from_utf8(body).unwrap()
    }

    pub fn request_at(
        address: &str,
        head: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(address).ok()?;
        let mut lines = vec![
            format!("{head} HTTP/1.1"),
            "Connection: close".to_owned(),
            format!("Content-Length: {}", body.len()),
        ];
        let is_set = |name: &str| headers.iter().any(|(set, _)| *set == name);
        if !is_set("host") {
            lines.push(format!("Host: {address}"));
        }
        if !is_set("content-type") {
            lines.push(format!("Content-Type: {}", Form::content_type()));
        }
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        stream.write_all((lines.join("\r\n") + "\r\n\r\n").as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let status = std::str::from_utf8(&answer[..end]).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some((status, dechunked(&answer[..end], &answer[end..])?))
    }

    pub fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.request(&format!("GET {path}"), b"").expect("an answer")
    }

    pub fn create(&self, email: &str, image: &[u8]) -> Option<(u16, Vec<u8>)> {
        self.request("POST /user", &Form::user("Ada", email, image).bytes())
    }

    /// The users, as `GET /users` lists them.
    pub fn users(&self) -> Vec<serde_json::Value> {
        let (status, body) = self.get("/users");
        assert_eq!(status, 200);
        serde_json::from_slice(&body).unwrap()
    }

    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A decoded chunked body; `None` if it was cut.
fn dechunked(head: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(head).ok()?.to_lowercase();
    if !head.contains("transfer-encoding: chunked") {
        return Some(body.to_vec());
    }
    let (mut rest, mut whole) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(end + 2..end + 2 + size)?);
        rest = rest.get(end + 4 + size..)?;
    }
}
