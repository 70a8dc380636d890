//! Pages of a table that also holds the environment's name.

use std::collections::BTreeSet;

use storage::conformance::sample;

use super::emulator::open;

#[tokio::test]
async fn the_item_that_names_the_environment_is_never_listed_and_never_ends_a_walk() {
    let emulated = open().await;
    for number in 0..7 {
        sample::create_sample(&emulated.stores, &format!("user{number}")).await;
    }
    for limit in 1..=8 {
        let (mut after, mut met) = (None, Vec::new());
        loop {
            let page = emulated.stores.users.list(after, limit).await.unwrap();
            assert!(page.users().len() <= limit);
            met.extend(page.users().map(|user| user.email.to_owned()));
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        assert_eq!(met.len(), 7, "pages of {limit}");
        assert_eq!(met.into_iter().collect::<BTreeSet<_>>().len(), 7);
    }
}

#[tokio::test]
async fn a_table_without_users_lists_none_in_one_answer() {
    let page = open().await.stores.users.list(None, 1).await.unwrap();
    assert!(page.users().len() == 0 && page.next.is_none());
}
