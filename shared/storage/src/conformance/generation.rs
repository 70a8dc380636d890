//! The generation, of stores that have one.

use domain::Stores;

use super::sample::{avatar, create_sample, name, time};

/// Fails if the write was acknowledged under the generation before it.
async fn changes(stores: &Stores, what: &str, write: impl Future) {
    let before = stores.users.generation();
    write.await;
    assert_ne!(stores.users.generation(), before, "{what}");
}

pub async fn every_write_changes_the_generation_and_no_read_does(stores: &Stores) {
    let (users, time) = (&stores.users, time(1));
    if users.generation().is_none() {
        return;
    }
    changes(stores, "create", create_sample(stores, "one")).await;
    let user = create_sample(stores, "ada").await;
    changes(stores, "rename", async {
        users.rename(&user, name("New"), time).await.expect("renamed");
    })
    .await;
    let user = users.get(&user.id).await.expect("kept");
    changes(stores, "replace", async {
        users.replace_avatar(&user, avatar("new"), time).await.expect("replaced");
    })
    .await;
    let user = users.get(&user.id).await.expect("kept");
    changes(stores, "remove", async {
        users.remove_avatar(&user, time).await.expect("removed");
    })
    .await;

    let before = users.generation();
    let user = users.get(&user.id).await.expect("kept");
    assert_eq!(users.list(None, 10).await.expect("listed").users().len(), 2);
    assert_eq!(users.generation(), before);

    changes(stores, "delete", async {
        users.delete(&user).await.expect("deleted");
    })
    .await;
}
