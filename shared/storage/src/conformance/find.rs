//! Users by the MD5 of their e-mail.

use std::time::{Duration, Instant};

use domain::{EmailHash, Error, Md5, Stores, User};

use super::sample::{create_sample, email};

/// An index may lag behind its table.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Repeats the lookup until its result is as `expected`.
async fn find(stores: &Stores, who: &str, expected: impl Fn(&Result<User, Error>) -> bool) {
    let md5 = EmailHash::Md5(Md5::of(&email(&format!("{who}@example.org"))));
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let found = stores.users.find(&md5).await;
        if expected(&found) {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}");
        tokio::task::yield_now().await;
    }
}

pub async fn a_user_is_found_by_the_md5_of_its_email(stores: &Stores) {
    let ada = create_sample(stores, "ada").await;
    let bob = create_sample(stores, "bob").await;
    for (who, user) in [("ada", &ada), ("bob", &bob), ("ADA", &ada)] {
        find(stores, who, |found| found.as_ref().is_ok_and(|found| found == user)).await;
    }
}

pub async fn an_unknown_and_a_deleted_user_are_not_found(stores: &Stores) {
    let ada = create_sample(stores, "ada").await;
    find(stores, "unknown", |found| matches!(found, Err(Error::NotFound))).await;
    stores.users.delete(&ada).await.expect("deleted");
    find(stores, "ada", |found| matches!(found, Err(Error::NotFound))).await;
}
