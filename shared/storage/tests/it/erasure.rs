//! What was erased is gone from the disk.

use std::time::{Duration, Instant};

use storage::conformance::{renditions::renditions, sample};
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
    // Large enough to fill pages of their own, which would keep their content if they were not wiped.
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

#[tokio::test]
async fn an_erased_image_leaves_the_log_without_another_write() {
    let fixture = open().await;
    // Storing and wiping it makes a log that is checkpointed before the first idle second.
    let large = sample::image(&"large image ".repeat(260_000));
    let user = sample::create(&fixture.stores, sample::with_image("ada", large)).await;
    fixture.stores.users.delete(&user).await.unwrap();

    let log = fixture.folder.path().join("roster.db-wal");
    let deadline = Instant::now() + Duration::from_mins(1);
    while std::fs::metadata(&log).unwrap().len() > 0 {
        assert!(Instant::now() < deadline, "the log stays as it is");
        tokio::task::yield_now().await;
    }
    assert!(!holds(&fixture.folder, "large image"));
}

#[tokio::test]
async fn nothing_of_a_rendition_is_left_once_its_image_is_gone() {
    let fixture = open().await;
    let (stores, users) = (&fixture.stores, &fixture.stores.users);
    let keep = async |user: &domain::User, content: &str| {
        let made = renditions(&content.repeat(500));
        stores.renditions.keep(&sample::key(user), &made).await.unwrap();
    };
    let user = sample::create_sample(stores, "ada").await;
    keep(&user, "replaced rendition ").await;
    let user = users.replace_avatar(&user, sample::avatar("second"), sample::time(1)).await.unwrap();
    keep(&user, "removed rendition ").await;
    let user = users.remove_avatar(&user, sample::time(2)).await.unwrap();
    let user = users.replace_avatar(&user, sample::avatar("third"), sample::time(3)).await.unwrap();
    keep(&user, "deleted rendition ").await;
    assert!(holds(&fixture.folder, "deleted rendition"));
    users.delete(&user).await.unwrap();
    fixture.connection.close().await;
    for text in ["replaced rendition", "removed rendition", "deleted rendition"] {
        assert!(!holds(&fixture.folder, text), "{text}");
    }
}
