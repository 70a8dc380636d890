use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The inner errors of a problem, which are logged and not sent.
    pub cause: Option<String>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The status, and the end of the type if it is a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let urn = self.json()["type"].as_str().unwrap().to_owned();
        (self.status.as_u16(), urn.strip_prefix("urn:roster:problem:").unwrap().to_owned())
    }

    /// Asserts that it is this problem.
    #[track_caller]
    pub fn is(&self, status: u16, kind: &str) -> &Self {
        assert_eq!(self.problem(), (status, kind.to_owned()), "{self:?}");
        self
    }

    /// Asserts that something was created; returns the body.
    #[track_caller]
    pub fn is_created(&self) -> Value {
        assert_eq!(self.status, 201, "{self:?}");
        self.json()
    }

    /// Asserts that these words are in the log and not in the response.
    #[track_caller]
    pub fn is_logged_with(&self, words: &str) {
        assert!(self.cause.as_ref().is_some_and(|cause| cause.contains(words)), "{words}: {self:?}");
        assert!(!String::from_utf8_lossy(&self.body).contains(words), "{words}: {self:?}");
    }

    /// The names of the invalid fields.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}
