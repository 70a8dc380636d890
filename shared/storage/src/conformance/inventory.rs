//! What a sweep finds.

use domain::{Finding, Shelf, Stores, Timestamp};

use super::{
    renditions::renditions,
    sample::{assert_stands, create_sample, image, key, time},
};
use crate::Tools;

/// Everything that is found, page by page.
pub async fn findings(tools: &Tools) -> Vec<Finding> {
    let inventory = tools.inventory.as_ref().expect("an inventory");
    let mut found = Vec::new();
    for shelf in Shelf::ALL {
        let mut after = None;
        loop {
            // What was made just now counts as old.
            let before = Timestamp::now() + std::time::Duration::from_mins(1);
            let swept = inventory.walk(shelf, after.as_deref(), before).await.expect("a page");
            found.extend(swept.findings);
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
    }
    found
}

pub async fn where_all_is_well_nothing_is_found(stores: &Stores, tools: &Tools) {
    let user = create_sample(stores, "ada").await;
    stores.renditions.keep(&key(&user), &renditions("ada")).await.expect("kept");
    let other = create_sample(stores, "bob").await;
    stores.users.remove_avatar(&other, time(1)).await.expect("removed");
    assert_eq!(findings(tools).await, []);
}

pub async fn an_image_without_all_of_its_renditions_is_found(stores: &Stores, tools: &Tools) {
    let none = key(&create_sample(stores, "ada").await);
    let some = key(&create_sample(stores, "bob").await);
    stores.renditions.keep(&some, &renditions("bob")[..7]).await.expect("kept");
    let mut found = findings(tools).await;
    let mut expected = [none, some].map(Finding::MissingRenditions).to_vec();
    for list in [&mut found, &mut expected] {
        list.sort_by_key(|finding| format!("{finding:?}"));
    }
    assert_eq!(found, expected);
}

pub async fn what_is_too_young_is_left_out(stores: &Stores, tools: &Tools) {
    create_sample(stores, "ada").await;
    let inventory = tools.inventory.as_ref().expect("an inventory");
    let before = Timestamp::now() - std::time::Duration::from_hours(1);
    for shelf in Shelf::ALL {
        let swept = inventory.walk(shelf, None, before).await.expect("a page");
        assert_eq!(swept.findings, [], "{shelf:?}");
    }
}

pub async fn what_a_user_names_is_not_removed(stores: &Stores, tools: &Tools) {
    let user = create_sample(stores, "ada").await;
    let kept = [Finding::MissingRenditions(key(&user)), Finding::MissingImage(user.id)];
    tools.inventory.as_ref().expect("an inventory").remove(&kept).await.expect("nothing to remove");
    assert_stands(stores, &user, &image("image of ada")).await;
}
