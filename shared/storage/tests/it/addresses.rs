//! Users as an earlier release wrote them.

use storage::conformance::addresses::a_user_is_found_once_it_is_indexed;

use crate::fixture::open;

#[tokio::test]
async fn a_user_of_an_earlier_release_is_found_once_it_is_indexed() {
    let fixture = open().await;
    a_user_is_found_once_it_is_indexed(&fixture.stores, async |_| {
        let connection = rusqlite::Connection::open(fixture.file()).unwrap();
        let changed = connection.execute("UPDATE users SET other_id = NULL, other_md5 = NULL", []).unwrap();
        assert_eq!(changed, 1);
    })
    .await;
}
