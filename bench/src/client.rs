//! A small HTTP/1.1 client on one connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, bail};

pub(crate) struct Client(BufReader<TcpStream>);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.lines().filter_map(|line| line.split_once(": "))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.request("GET", path)
    }

    pub(crate) fn delete(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.request("DELETE", path)
    }

    fn request(&mut self, method: &str, path: &str) -> anyhow::Result<Answer> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.0.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    /// Changes a user by a JSON merge patch.
    pub(crate) fn patch(&mut self, path: &str, changes: &str) -> anyhow::Result<Answer> {
        let request = with_body("PATCH", path, "application/merge-patch+json", "", changes.as_bytes());
        self.0.get_mut().write_all(&request)?;
        self.answer()
    }

    /// Creates a user; returns the path of the image.
    pub(crate) fn create(&mut self, email: &str, image: &[u8]) -> anyhow::Result<String> {
        self.begin(email, image)?;
        let answer = self.answer()?;
        let body = String::from_utf8(answer.body)?;
        if answer.status != 201 {
            bail!("{} {body}", answer.status);
        }
        let path = body.split_once("/avatars/").and_then(|(_, rest)| rest.split('"').next());
        Ok(format!("/avatars/{}", path.context("the response has no image")?))
    }

    /// Sends a request to create a user, whose answer comes next.
    pub(crate) fn begin(&mut self, email: &str, image: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.get_mut().write_all(&with_body("POST", "/user", FORM, "", &form(email, image)))?)
    }

    /// Posts the form of a new user to a peer.
    pub(crate) fn post_form(&mut self, path: &str, email: &str, image: &[u8]) -> anyhow::Result<Answer> {
        self.0.get_mut().write_all(&with_body("POST", path, FORM, "", &form(email, image)))?;
        self.answer()
    }

    /// Posts JSON to a peer, with its token.
    pub(crate) fn post_json(&mut self, path: &str, body: &str, token: &str) -> anyhow::Result<Answer> {
        let request = with_body("POST", path, "application/json", token, body.as_bytes());
        self.0.get_mut().write_all(&request)?;
        self.answer()
    }

    /// Reads a response with a content length.
    pub(crate) fn answer(&mut self) -> anyhow::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                bail!("connection closed by the server");
            }
        }
        let status = head.split(' ').nth(1).context("the response has no status")?.parse()?;
        let mut answer = Answer { status, head, body: Vec::new() };
        // 204 has no body, and so no length.
        let length = answer.header("content-length").or((status == 204).then_some("0"));
        let length = length.context("the response has no content length")?.parse()?;
        answer.body.resize(length, 0);
        self.0.read_exact(&mut answer.body)?;
        Ok(answer)
    }
}

/// The media type of [`form`].
pub(crate) const FORM: &str = "multipart/form-data; boundary=form";

/// A new user as a form.
pub(crate) fn form(email: &str, image: &[u8]) -> Vec<u8> {
    let start = format!(
        "--form\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n\
         --form\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n{email}\r\n\
         --form\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n"
    );
    [start.as_bytes(), image, b"\r\n--form--\r\n"].concat()
}

fn with_body(method: &str, path: &str, content_type: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: {token}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: {content_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
