//! The forms of one e-mail, and users whose ids earlier releases made by other rules.

use std::time::{Duration, Instant};

use domain::{
    Created, DisplayName, Email, EmailHash, EmailHashes, Error, Md5, NewUser, Stores, User, UserId,
};

use super::sample::{
    assert_gone, assert_stored, avatar, create, email, idempotency, image, name, new_user, time, with_email,
};

/// An index may lag behind its table.
const TIMEOUT: Duration = Duration::from_secs(20);

const UNICODE: &str = "x@bücher.example";
const ASCII: &str = "x@xn--bcher-kva.example";

/// A user as an earlier release created it: its id is the hash of the e-mail as given, in lower case.
fn former(text: &str) -> NewUser {
    let address = Email::from_store(text.to_owned());
    // What that release did to compare is what is done today to an e-mail without a domain.
    let id = UserId::former(&address).into_iter().next().expect("the e-mail has another form");
    NewUser { id, ..with_email("former", address) }
}

async fn find(stores: &Stores, hash: &EmailHash, expected: Option<&User>) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let found = stores.users.find(hash).await;
        match (&found, expected) {
            (Ok(found), Some(expected)) if found == expected => return,
            (Err(Error::NotFound), None) => return,
            _ => assert!(Instant::now() < deadline, "{hash:?}: {found:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// The hashes of both forms.
fn hashes() -> Vec<EmailHash> {
    let address = email(UNICODE);
    let id = UserId::of(&address);
    let hashes: Vec<_> = EmailHashes::of(&id, &address).all(&id).collect();
    assert_eq!(hashes.len(), 4);
    hashes
}

pub async fn spellings_of_one_mailbox_are_one_user(stores: &Stores) {
    for (round, spellings) in [
        [UNICODE, ASCII, "X@BU\u{308}CHER.example"],
        ["mu\u{308}ller@example.org", "müller@example.org", "MÜLLER@EXAMPLE.ORG"],
        ["ada@ｅｘａｍｐｌｅ.com", "ada@example.com", "ADA@Example。com"],
    ]
    .into_iter()
    .enumerate()
    {
        for first in 0..spellings.len() {
            let content = format!("{round}.{first}");
            let new = NewUser { avatar: avatar(&content), ..with_email("ada", email(spellings[first])) };
            let user = create(stores, new).await;
            for other in spellings {
                let again = stores.users.create(with_email("bob", email(other))).await;
                assert!(matches!(again, Err(Error::EmailTaken)), "{other}: {again:?}");
            }
            assert_stored(stores, &user, &image(&content)).await;
            stores.users.delete(&user).await.expect("deleted");
        }
    }
}

pub async fn a_user_is_found_by_the_hashes_of_both_forms_of_its_domain(stores: &Stores) {
    for spelling in [UNICODE, ASCII] {
        let user = create(stores, with_email("ada", email(spelling))).await;
        for hash in hashes() {
            find(stores, &hash, Some(&user)).await;
        }
        let user = stores.users.rename(&user, name("Countess"), time(1)).await.expect("renamed");
        for hash in hashes() {
            find(stores, &hash, Some(&user)).await;
        }
        stores.users.delete(&user).await.expect("deleted");
        for hash in hashes() {
            find(stores, &hash, None).await;
        }
    }
}

pub async fn a_user_of_an_earlier_release_keeps_its_id_and_its_email(stores: &Stores) {
    let user = create(stores, former(ASCII)).await;
    assert_ne!(user.id, UserId::of(&user.email));
    for spelling in [UNICODE, ASCII, "X@BÜCHER.example"] {
        let new = with_email("new", email(spelling));
        let taken = stores.users.create(new.clone()).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "{spelling}: {taken:?}");
        let taken = stores.users.created(&new.email, None).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "{spelling}: {taken:?}");
        assert_gone(stores, &NewUser { email: email("other@example.org"), ..new }.user()).await;
    }
    for hash in hashes() {
        find(stores, &hash, Some(&user)).await;
    }
    let user = stores.users.rename(&user, name("Countess"), time(1)).await.expect("renamed");
    let user = stores.users.replace_avatar(&user, avatar("new"), time(2)).await.expect("replaced");
    assert_stored(stores, &user, &image("new")).await;
    stores.users.delete(&user).await.expect("deleted");
    for hash in hashes() {
        find(stores, &hash, None).await;
    }
    create(stores, with_email("new", email(UNICODE))).await;
}

pub async fn a_repeated_request_finds_the_user_of_an_earlier_release(stores: &Stores) {
    let user = create(stores, NewUser { idempotency: idempotency("key", "payload"), ..former(ASCII) }).await;
    let request =
        |payload| NewUser { idempotency: idempotency("key", payload), ..with_email("former", email(ASCII)) };
    let again = stores.users.create(request("payload")).await.expect("the same request");
    assert_eq!(again, Created::Before(user.clone()));
    let created = stores.users.created(&user.email, idempotency("key", "payload").as_ref()).await;
    assert_eq!(created.expect("the same request"), Some(user));
    let other = stores.users.create(request("other")).await;
    assert!(matches!(other, Err(Error::IdempotencyKeyReused)), "{other:?}");
}

pub async fn an_indexed_user_is_found_and_unchanged(stores: &Stores) {
    let user = create(stores, former(ASCII)).await;
    stores.users.index(&user).await.expect("indexed");
    stores.users.index(&user).await.expect("indexed again");
    assert_eq!(stores.users.get(&user.id).await.expect("the user"), user);
    for hash in hashes() {
        find(stores, &hash, Some(&user)).await;
    }
    let ada = create(stores, new_user("ada")).await;
    stores.users.index(&ada).await.expect("there is nothing to add");
    assert_eq!(stores.users.get(&ada.id).await.expect("the user"), ada);
    stores.users.delete(&user).await.expect("deleted");
    let gone = stores.users.index(&user).await;
    assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
    assert_gone(stores, &user).await;
}

/// What a store must do with a user that an earlier release wrote, before and after it is indexed. `unindexed`
/// removes the hashes of the other form, as that release did not write them.
pub async fn a_user_is_found_once_it_is_indexed(stores: &Stores, unindexed: impl AsyncFnOnce(&User)) {
    let user = create(stores, former(ASCII)).await;
    unindexed(&user).await;
    for spelling in [UNICODE, ASCII] {
        let taken = stores.users.create(with_email("new", email(spelling))).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "{spelling}: {taken:?}");
    }
    for hash in hashes() {
        let is_own = hash.as_bytes() == user.id.as_bytes()
            || hash == EmailHash::Md5(EmailHashes::of(&user.id, &user.email).md5);
        find(stores, &hash, is_own.then_some(&user)).await;
    }
    stores.users.index(&user).await.expect("indexed");
    for hash in hashes() {
        find(stores, &hash, Some(&user)).await;
    }
}

/// Two users of one mailbox, as earlier releases could have them. `as_written_then` gives a user this e-mail with its MD5,
/// and removes the hashes of the other form, which those releases did not write.
pub async fn twins_are_two_users_until_one_is_deleted(
    stores: &Stores,
    as_written_then: impl AsyncFn(&User, &Email),
) {
    let ada = create(stores, with_email("ada", email(UNICODE))).await;
    as_written_then(&ada, &ada.email).await;
    let former = former(ASCII);
    let twin = NewUser { email: email("another@example.org"), ..former.clone() };
    let twin = create(stores, twin).await;
    as_written_then(&twin, &former.email).await;
    let twin = stores.users.get(&twin.id).await.expect("the user");
    assert_eq!(twin.email, former.email);
    for is_indexed in [false, true] {
        for user in [&ada, &twin] {
            if is_indexed {
                stores.users.index(user).await.expect("indexed");
            }
            // By the hashes of its own e-mail, whichever other one has them too.
            let md5 = EmailHashes::of(&user.id, &user.email).md5;
            for hash in [EmailHash::Sha256(user.id), EmailHash::Md5(md5)] {
                find(stores, &hash, Some(user)).await;
            }
        }
        for spelling in [UNICODE, ASCII] {
            let taken = stores.users.create(with_email("new", email(spelling))).await;
            assert!(matches!(taken, Err(Error::EmailTaken)), "{spelling}: {taken:?}");
        }
        assert_eq!(stores.users.list(None, 10).await.expect("a page").users().len(), 2);
    }
    stores.users.delete(&twin).await.expect("deleted");
    assert_stored(stores, &ada, &image("image of ada")).await;
    for hash in hashes() {
        find(stores, &hash, Some(&ada)).await;
    }
}

pub async fn a_user_that_breaks_todays_rules_stays(stores: &Stores) {
    let address = Email::from_store("a@b.org?cc=x".to_owned());
    let shown = DisplayName::from_store("\u{202e}".to_owned());
    let user = create(stores, NewUser { name: shown.clone(), ..with_email("former", address.clone()) }).await;
    let page = stores.users.list(None, 10).await.expect("a page");
    let listed: Vec<_> = page.users().map(|user| (user.name, user.email)).collect();
    assert_eq!(listed, [(shown.as_str(), address.as_str())]);
    find(stores, &EmailHash::Md5(Md5::of(&address)), Some(&user)).await;
    let user = stores.users.replace_avatar(&user, avatar("new"), time(1)).await.expect("replaced");
    assert_eq!((&user.name, &user.email), (&shown, &address));
    let user = stores.users.rename(&user, name("Ada"), time(2)).await.expect("renamed");
    stores.users.delete(&user).await.expect("deleted");
    assert_gone(stores, &user).await;
}
