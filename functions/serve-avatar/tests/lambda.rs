//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::Image;
use runtime_api::{ClientRequest, EventSource, Function, RuntimeApi};
use storage::conformance::sample::new_user;
use tempfile::tempdir;

/// An image of arbitrary bytes: neither the store nor the handler decodes it.
fn image(bytes: usize) -> Image {
    let bytes: Vec<_> = (0..bytes).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    Image::new(domain::ImageFormat::Png, bytes.into())
}

#[tokio::test]
async fn an_image_of_4_mib_is_served_whole_and_in_ranges_behind_an_alb() {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let config = format!("sqlite:{}", folder.path().join("roster.db").display());
    let connection =
        storage::connect(&storage::Config::parse(&config).unwrap(), storage::Boundary::default())
            .await
            .unwrap();
    let mut new = new_user("ada");
    new.avatar.image = image(4 << 20);
    let (key, bytes) = (new.avatar.for_user(new.user().id).0, new.avatar.image.bytes.clone());
    connection.stores.users.create(new).await.unwrap();
    connection.close().await;

    let program = env!("CARGO_BIN_EXE_serve-avatar");
    let function = Function::start(program, folder.path(), &api, &[]).unwrap();
    for source in EventSource::ALL {
        let get = |headers: Vec<(String, String)>| {
            let request = ClientRequest {
                method: "GET".to_owned(),
                target: format!("/{key}"),
                headers,
                ..ClientRequest::default()
            };
            source.event(&request).to_string()
        };
        let whole = source.response(&api.invoke(get(Vec::new())).await.answered());
        if matches!(source, EventSource::Alb | EventSource::AlbMultiValue) {
            assert_eq!(whole.status, 503);
            assert!(String::from_utf8(whole.body).unwrap().contains(":answer-too-large"));
        } else {
            assert_eq!((whole.status, whole.body.len()), (200, bytes.len()), "{source:?}");
            assert!(whole.body == bytes);
        }
        let range = get(vec![("range".to_owned(), "bytes=600000-1199999".to_owned())]);
        let part = source.response(&api.invoke(range).await.answered());
        assert_eq!(part.status, 206, "{source:?}");
        assert!(part.body == bytes[600_000..1_200_000]);
    }
    assert!(function.terminated().await.status.success());
}
