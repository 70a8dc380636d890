use axum::{
    body::Body,
    http::{Method, Request},
};

pub const BOUNDARY: &str = "a-boundary-that-is-in-no-picture";

/// A form as a client writes it.
#[derive(Clone, Default)]
pub struct Form {
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Form {
    pub fn user(name: &str, email: &str, avatar: &[u8]) -> Self {
        Self::default().text("name", name).text("email", email).file("avatar", avatar)
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    pub fn file(self, name: &str, bytes: &[u8]) -> Self {
        let disposition =
            format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"../../etc/passwd.exe\"");
        self.part(&format!("{disposition}\r\nContent-Type: text/html"), bytes)
    }

    /// A part with these headers.
    pub fn part(mut self, headers: &str, bytes: &[u8]) -> Self {
        self.body.extend(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").into_bytes());
        self.body.extend(bytes);
        self.body.extend(b"\r\n");
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        [self.body.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }

    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    pub fn request(self, method: Method, path: &str) -> Request<Body> {
        let mut request =
            Request::builder().method(method).uri(path).header("content-type", Self::content_type());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.bytes())).unwrap()
    }
}
