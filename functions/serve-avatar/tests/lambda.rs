//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::Image;
use runtime_api::{Front, Function, RuntimeApi, Sent};
use storage::conformance::sample::new_user;
use tempfile::tempdir;

/// An image of arbitrary bytes: neither the store nor the handler decodes it.
fn image(bytes: usize) -> Image {
    let bytes: Vec<_> = (0..bytes).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    Image::new(domain::ImageFormat::Png, bytes.into())
}

#[tokio::test]
async fn the_largest_image_is_served_whole_and_in_ranges_behind_an_alb() {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let config = format!("sqlite:{}", folder.path().join("roster.db").display());
    let connection =
        storage::connect(&storage::Config::parse(&config).unwrap(), storage::Boundary::default())
            .await
            .unwrap();
    let mut new = new_user("ada");
    new.avatar.image = image(Image::MAX_BYTES);
    let (key, bytes) = (new.avatar.of(new.user().id).0, new.avatar.image.bytes.clone());
    connection.stores.users.create(new).await.unwrap();
    connection.close().await;

    let program = env!("CARGO_BIN_EXE_serve-avatar");
    let function = Function::start(program, folder.path(), &api, &[]).unwrap();
    for front in Front::ALL {
        let get = |headers: Vec<(String, String)>| {
            let sent =
                Sent { method: "GET".to_owned(), target: format!("/{key}"), headers, ..Sent::default() };
            front.event(&sent).to_string()
        };
        let whole = front.received(&api.invoke(get(Vec::new())).await.answered());
        if matches!(front, Front::Alb | Front::AlbMultiValue) {
            assert_eq!(whole.status, 503);
            assert!(String::from_utf8(whole.body).unwrap().contains(":answer-too-large"));
        } else {
            assert_eq!((whole.status, whole.body.len()), (200, bytes.len()), "{front:?}");
            assert!(whole.body == bytes);
        }
        let range = get(vec![("range".to_owned(), "bytes=600000-1199999".to_owned())]);
        let part = front.received(&api.invoke(range).await.answered());
        assert_eq!(part.status, 206, "{front:?}");
        assert!(part.body == bytes[600_000..1_200_000]);
    }
    assert!(function.terminated().await.status.success());
}
