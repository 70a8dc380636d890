//! Items that another program wrote: with a name, an e-mail and a URL, and perhaps no more.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Avatar, Cursor, EmailHashes, Error, ListedAvatar, UserId, Version};
use storage::conformance::{addresses, sample};

use super::emulator::{Emulated, open};

const URL: &str = "https://elsewhere.example.org/grace.png";

async fn put(emulated: &Emulated, id: &str, attributes: &[(&str, &str)]) {
    let mut put = emulated.dynamodb.put_item().table_name(&emulated.options.users_table);
    for (name, value) in [&[("id", id)], attributes].concat() {
        put = put.item(name, AttributeValue::S(value.to_owned()));
    }
    put.send().await.unwrap();
}

async fn put_grace(emulated: &Emulated, id: &str) {
    put(emulated, id, &[("name", "Grace"), ("email", "grace@example.org"), ("avatar_url", URL)]).await;
}

fn grace() -> UserId {
    UserId::of(&sample::email("grace@example.org"))
}

#[tokio::test]
async fn a_foreign_item_is_listed_with_its_own_url_whatever_its_id_is() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    for id in ["1", "grace@example.org", &grace().to_string()] {
        put_grace(&emulated, id).await;
    }
    for limit in [1, 2, 1000] {
        let (mut after, mut urls) = (None, BTreeMap::new());
        for _ in 0..20 {
            let page = emulated.stores.users.list(after, limit).await.unwrap();
            for user in page.users() {
                let url = match user.avatar {
                    ListedAvatar::Kept(_) => "kept",
                    ListedAvatar::Generated(_) => "generated",
                    ListedAvatar::Elsewhere { url, .. } => url,
                };
                *urls.entry(url.to_owned()).or_insert(0) += 1;
            }
            // As a client sends it.
            after = page.next.map(|next| next.to_string().parse::<Cursor>().unwrap());
            if after.is_none() {
                break;
            }
        }
        assert_eq!(urls, BTreeMap::from([("kept".to_owned(), 1), (URL.to_owned(), 3)]), "pages of {limit}");
    }
}

#[tokio::test]
async fn a_foreign_user_is_shown_renamed_given_an_image_and_erased() {
    let emulated = open().await;
    put_grace(&emulated, &grace().to_string()).await;
    let users = &emulated.stores.users;
    let read = users.get(&grace()).await.unwrap();
    assert_eq!((read.version, &read.avatar), (Version(0), &Avatar::Elsewhere { url: URL.to_owned() }));

    let renamed = users.rename(&read, sample::name("Rear Admiral"), sample::time(1)).await.unwrap();
    assert_eq!((renamed.version, renamed.avatar.key()), (Version(1), None));
    assert!(matches!(users.rename(&read, sample::name("G"), sample::time(2)).await, Err(Error::Stale)));

    let kept = users.replace_avatar(&renamed, sample::avatar("hers"), sample::time(3)).await.unwrap();
    sample::assert_stored(&emulated.stores, &kept, &sample::image("hers")).await;
    assert!(matches!(users.delete(&renamed).await, Err(Error::Stale)));
    users.delete(&kept).await.unwrap();
    assert!(emulated.objects().await.is_empty());
}

#[tokio::test]
async fn a_user_of_an_earlier_release_is_found_once_it_is_indexed() {
    let emulated = open().await;
    addresses::a_user_is_found_once_it_is_indexed(&emulated.stores, async |user| {
        let update = emulated.dynamodb.update_item().table_name(&emulated.options.users_table);
        let update = update.key("id", AttributeValue::S(user.id.to_string()));
        update.update_expression("REMOVE other_id, other_md5").send().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn twins_are_two_users_until_one_is_deleted() {
    let emulated = open().await;
    addresses::twins_are_two_users_until_one_is_deleted(&emulated.stores, async |user, email| {
        let md5 = EmailHashes::of(&user.id, email).md5;
        let update = emulated.dynamodb.update_item().table_name(&emulated.options.users_table);
        let update = update.key("id", AttributeValue::S(user.id.to_string()));
        let update = update.update_expression("SET email = :email, md5 = :md5 REMOVE other_id, other_md5");
        let update =
            update.expression_attribute_values(":email", AttributeValue::S(email.as_str().to_owned()));
        update.expression_attribute_values(":md5", AttributeValue::S(md5.to_string())).send().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_deleted_foreign_user_is_not_recreated_by_a_change() {
    let emulated = open().await;
    put_grace(&emulated, &grace().to_string()).await;
    let users = &emulated.stores.users;
    let read = users.get(&grace()).await.unwrap();
    users.delete(&read).await.unwrap();
    let renamed = users.rename(&read, sample::name("Grace"), sample::time(1)).await;
    assert!(matches!(renamed, Err(Error::NotFound)), "{renamed:?}");
    assert_eq!(emulated.items().await, 0);
}

#[tokio::test]
async fn an_invalid_item_is_left_out_of_lists_and_its_content_stays_out_of_the_error() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    for (number, attributes) in [
        [("email", "grace@example.org"), ("avatar_url", URL), ("x", "x")],
        [("name", "Grace"), ("avatar_url", URL), ("x", "x")],
        [("name", "Grace"), ("email", "grace@example.org"), ("x", "x")],
        [("name", "Grace"), ("email", "grace@example.org"), ("avatar_key", "../grace")],
    ]
    .iter()
    .enumerate()
    {
        put(&emulated, &grace().to_string(), attributes).await;
        let got = emulated.stores.users.get(&grace()).await;
        let Err(Error::Damaged(why)) = got else { panic!("{attributes:?}: {got:?}") };
        assert!(!why.to_string().to_lowercase().contains("grace"), "{why}");
        for other in 0..number {
            put(&emulated, &format!("{other}"), attributes).await;
        }
        // Whatever the size of its pages, a walk meets the one user that can be shown.
        for limit in [1, 2, 1000] {
            let (mut after, mut met, mut left_out) = (None, 0, 0);
            loop {
                let page = emulated.stores.users.list(after, limit).await.unwrap();
                met += page.users().len();
                left_out += page.left_out;
                after = page.next.map(|next| next.to_string().parse::<Cursor>().unwrap());
                if after.is_none() {
                    break;
                }
            }
            assert_eq!((met, left_out), (1, number as u64 + 1), "pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_version_of_another_program_is_changed_once_it_shows_what_was_read() {
    for version in [None, Some("0")] {
        let emulated = open().await;
        put_grace(&emulated, &grace().to_string()).await;
        let users = &emulated.stores.users;
        let set = async |name: &str, value: AttributeValue| {
            let table = &emulated.options.users_table;
            let update = emulated.dynamodb.update_item().table_name(table);
            let update = update.key("id", AttributeValue::S(grace().to_string()));
            let update =
                update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
            update.expression_attribute_values(":value", value).send().await.unwrap();
        };
        if let Some(version) = version {
            set("version", AttributeValue::N(version.to_owned())).await;
        }
        let read = users.get(&grace()).await.unwrap();
        assert_eq!(read.version, Version(0));
        for (attribute, value) in
            [("name", "Rear Admiral"), ("email", "g@example.org"), ("avatar_url", "https://e.org")]
        {
            let before = users.get(&grace()).await.unwrap();
            set(attribute, AttributeValue::S(value.to_owned())).await;
            let answer = users.rename(&before, sample::name("G"), sample::time(1)).await;
            assert!(matches!(answer, Err(Error::Stale)), "{attribute}: {answer:?}");
            let answer = users.delete(&before).await;
            assert!(matches!(answer, Err(Error::Stale)), "{attribute}: {answer:?}");
        }
        let read = users.get(&grace()).await.unwrap();
        let renamed = users.rename(&read, sample::name("G"), sample::time(1)).await.unwrap();
        assert_eq!((renamed.version, renamed.name.as_str()), (Version(1), "G"));
    }
}
