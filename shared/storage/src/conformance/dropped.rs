//! Calls whose callers went away.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use domain::{Error, Stores};

use super::sample::{assert_gone, assert_stored, avatar, create_sample, image, new_user, time};

/// Lets the call run up to its `polls`-th wait and drops it there.
async fn drop_after<T>(polls: usize, call: impl Future<Output = T>) {
    let mut call = pin!(call);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match call.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if left == 0 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

pub async fn a_dropped_create_is_whole_or_not_done(stores: &Stores) {
    for n in 0..40 {
        let new = new_user(&format!("user{n}"));
        let user = new.user();
        drop_after(n % 4, stores.users.create(new)).await;
        // Whatever its outcome, it does not change afterwards: a later write runs after it.
        create_sample(stores, &format!("next{n}")).await;
        match stores.users.get(&user.id).await {
            Ok(_) => assert_stored(stores, &user, &image(&format!("image of user{n}"))).await,
            Err(Error::NotFound) => assert_gone(stores, &user).await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub async fn a_dropped_replacement_is_whole_or_not_done(stores: &Stores) {
    for n in 0..40 {
        let user = create_sample(stores, &format!("user{n}")).await;
        drop_after(n % 4, stores.users.replace_avatar(&user, avatar("new"), time(1))).await;
        create_sample(stores, &format!("next{n}")).await;
        let now = stores.users.get(&user.id).await.expect("the user");
        if now == user {
            assert_stored(stores, &user, &image(&format!("image of user{n}"))).await;
        } else {
            assert_stored(stores, &now, &image("new")).await;
        }
    }
}
