//! No body makes the form reader panic, and no part exceeds its limit.

#![no_main]

use axum::body::Body;
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use web::{
    body::BodyMemory,
    form::{Form, Part},
};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("multipart/form-data; boundary=b");
const MAX_FILE_BYTES: usize = 1000;

fuzz_target!(|body: &[u8]| {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, CONTENT_TYPE)]);
    let parts = [Part::Text("name"), Part::File("avatar", MAX_FILE_BYTES)];
    let memory = BodyMemory::new(1 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it starts");
    let read = Form::read(Body::from(body.to_vec()), &headers, &parts, &memory);
    let Ok(mut form) = runtime.block_on(read) else { return };
    if let Ok(file) = form.file("avatar") {
        assert!(file.len() <= MAX_FILE_BYTES);
    }
});
