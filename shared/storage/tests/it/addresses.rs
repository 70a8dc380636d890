//! Users as an earlier release wrote them.

use domain::EmailHashes;
use rusqlite::{Connection, params};
use storage::conformance::addresses;

use crate::fixture::open;

#[tokio::test]
async fn a_user_of_an_earlier_release_is_found_once_it_is_indexed() {
    let fixture = open().await;
    addresses::a_user_is_found_once_it_is_indexed(&fixture.stores, async |_| {
        let connection = Connection::open(fixture.file()).unwrap();
        let changed = connection.execute("UPDATE users SET other_id = NULL, other_md5 = NULL", []).unwrap();
        assert_eq!(changed, 1);
    })
    .await;
}

#[tokio::test]
async fn twins_are_two_users_until_one_is_deleted() {
    let fixture = open().await;
    addresses::twins_are_two_users_until_one_is_deleted(&fixture.stores, async |user, email| {
        let connection = Connection::open(fixture.file()).unwrap();
        let sql = "UPDATE users SET email = ?1, md5 = ?2, other_id = NULL, other_md5 = NULL WHERE id = ?3";
        let md5 = EmailHashes::of(&user.id, email).md5;
        let changed = connection.execute(sql, params![email.as_str(), md5.as_bytes(), user.id.as_bytes()]);
        assert_eq!(changed.unwrap(), 1);
    })
    .await;
}
