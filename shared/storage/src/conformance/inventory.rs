//! What a sweep finds.

use std::time::Duration;

use domain::{Finding, Grace, Inventory, Removal, Stores, SweepStage};

use super::{
    renditions::{eager_renditions, renditions},
    sample::{assert_stored, create_sample, image, key, time},
};
use crate::adapter::Tools;

/// Even the newest things count as old.
pub const NO_GRACE: Grace = Grace { orphan: Duration::ZERO, missing: Duration::ZERO };

/// All findings, page by page.
pub async fn findings(tools: &Tools) -> Vec<Finding> {
    let inventory = inventory(tools);
    let mut found = Vec::new();
    for stage in SweepStage::ALL {
        let mut after = None;
        loop {
            let swept = inventory.walk(stage, after.as_deref(), NO_GRACE).await.expect("a page");
            found.extend(swept.findings);
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
    }
    found
}

/// Removes these findings.
pub async fn remove(tools: &Tools, findings: &[Finding]) -> Vec<Removal> {
    inventory(tools).remove(findings).await.expect("a store that is up")
}

fn inventory(tools: &Tools) -> &dyn Inventory {
    tools.inventory.as_deref().expect("an inventory")
}

pub async fn a_consistent_store_has_no_findings(stores: &Stores, tools: &Tools) {
    let user = create_sample(stores, "ada").await;
    stores.renditions.keep(&key(&user), &eager_renditions("ada")).await.expect("kept");
    let other = create_sample(stores, "bob").await;
    stores.users.remove_avatar(&other, time(1)).await.expect("removed");
    assert_eq!(findings(tools).await, []);
}

pub async fn an_image_without_all_of_its_eager_renditions_is_found(stores: &Stores, tools: &Tools) {
    let none = key(&create_sample(stores, "ada").await);
    let mut incomplete = vec![none];
    for missing in eager_renditions("bob") {
        let who = format!("without-{}-{}", missing.size.pixels(), missing.image.format.extension());
        let some = key(&create_sample(stores, &who).await);
        let mut kept = renditions("bob");
        kept.retain(|one| (one.size, one.image.format) != (missing.size, missing.image.format));
        stores.renditions.keep(&some, &kept).await.expect("kept");
        incomplete.push(some);
    }
    let mut found = findings(tools).await;
    let mut expected: Vec<_> = incomplete.into_iter().map(Finding::MissingRenditions).collect();
    for list in [&mut found, &mut expected] {
        list.sort_by_key(|finding| format!("{finding:?}"));
    }
    assert_eq!(found, expected);
}

pub async fn young_objects_are_ignored(stores: &Stores, tools: &Tools) {
    create_sample(stores, "ada").await;
    let grace = Grace { orphan: Duration::from_hours(1), missing: Duration::from_hours(1) };
    for stage in SweepStage::ALL {
        let swept = inventory(tools).walk(stage, None, grace).await.expect("a page");
        assert_eq!(swept.findings, [], "{stage:?}");
    }
}

pub async fn referenced_images_are_not_removed(stores: &Stores, tools: &Tools) {
    let user = create_sample(stores, "ada").await;
    let kept = [Finding::MissingRenditions(key(&user)), Finding::MissingImage(user.id)];
    assert_eq!(remove(tools, &kept).await, [Removal::Kept, Removal::Kept]);
    assert_stored(stores, &user, &image("image of ada")).await;
}

pub async fn a_store_belongs_to_its_users_and_counts_them(stores: &Stores, tools: &Tools) {
    let inventory = inventory(tools);
    for users in 0..3 {
        let references = inventory.references(None).await.expect("a page");
        assert_eq!((references.users, references.uploads), (users, Vec::new()));
        create_sample(stores, &format!("user{users}")).await;
    }
    inventory.confirm().await.expect("its own");
    inventory.claim().await.expect("its own already");
}
