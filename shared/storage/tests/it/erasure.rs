//! What was erased is gone from the disk.

use storage::conformance::sample;
use tempfile::TempDir;

use crate::fixture::open;

fn holds(folder: &TempDir, text: &str) -> bool {
    folder.path().read_dir().unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn nothing_of_a_deleted_user_or_a_replaced_image_is_left_in_the_file() {
    let fixture = open().await;
    // Large enough to fill pages of their own, which would stay as they are if nobody wiped them.
    let (first, second) = ("first image ".repeat(5_000), "second image ".repeat(5_000));
    let new = sample::with_image("ada.lovelace", sample::image(&first));
    let user = sample::create(&fixture.stores, new).await;
    sample::create_sample(&fixture.stores, "bob").await;
    let users = &fixture.stores.users;
    let user = users.replace_avatar(&user, sample::avatar(&second), sample::time(1)).await.unwrap();
    assert!(holds(&fixture.folder, "first image") && holds(&fixture.folder, "ada.lovelace"));

    users.delete(&user).await.unwrap();
    fixture.connection.close().await;

    for text in ["first image", "second image", "ada.lovelace"] {
        assert!(!holds(&fixture.folder, text), "{text}");
    }
    assert!(holds(&fixture.folder, "image of bob"));
}
