//! Files of earlier releases: one for each schema that ever was, with a user, an image and an event in it.

use std::{fs, path::PathBuf};

use domain::{AvatarKey, Digest, UserId};
use rusqlite::Connection;
use storage::{Boundary, Config, connect_tool, sqlite::OpenError};
use tempfile::TempDir;

use crate::{
    fixture::{open, open_in, options},
    refusals::refusal,
};

const ADA: &str = "cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d";

/// The schema of a file.
const SCHEMA: &str = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";

/// The files, by their schema: an entry is added with each new one.
fn files() -> Vec<(i64, String)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/schemas"));
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|file| {
            let version = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            (version, fs::read_to_string(file).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn folder_with(sql: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("roster.db")).unwrap();
    connection.execute_batch(sql).unwrap();
    folder
}

#[tokio::test]
async fn a_file_of_every_earlier_release_is_served_with_all_its_data() {
    let new = open().await;
    let (schema, latest) = (new.query::<String>(SCHEMA), new.query::<i64>("PRAGMA user_version"));
    let versions: Vec<_> = files().into_iter().map(|(version, _)| version).collect();
    assert_eq!(versions, (1..=latest).collect::<Vec<_>>(), "tests/it/schemas has a file for each schema");

    for (version, sql) in files() {
        let folder = folder_with(&sql);
        let options = options(&folder);
        let fixture = open_in(folder, options).await;
        assert!(!fixture.connection.created, "{version}");
        assert_eq!(fixture.query::<String>(SCHEMA), schema, "{version}");
        assert_eq!(fixture.counts(), [2, 1, 1], "{version}");

        let id: UserId = ADA.parse().unwrap();
        let ada = fixture.stores.users.get(&id).await.unwrap();
        assert_eq!((ada.name.as_str(), ada.email.as_str()), ("Ada Lovelace", "ada@example.org"), "{version}");
        let key: AvatarKey = *ada.avatar.key().unwrap();
        let image = fixture.stores.avatars.read(&key).await.unwrap();
        assert_eq!(Digest::of(&image.bytes), image.digest, "{version}");
        let events = fixture.tools.queue.as_ref().unwrap().receive(10).await.unwrap();
        assert_eq!((events.len(), events[0].receives), (1, 1), "{version}");
        fixture.stores.users.delete(&ada).await.unwrap();
        assert_eq!(fixture.counts(), [1, 0, 0], "{version}");
    }
}

#[tokio::test]
async fn a_data_tool_migrates_no_file() {
    for (version, sql) in files() {
        let folder = folder_with(&sql);
        let opened = connect_tool(&Config::Sqlite(options(&folder)), Boundary::default()).await;
        let latest = i64::try_from(files().len()).unwrap();
        match opened {
            Ok(connection) => {
                assert_eq!(version, latest);
                connection.close().await;
            }
            Err(error) => {
                let error = refusal(error);
                assert!(matches!(error, OpenError::TooOld { found, .. } if found == version), "{error}");
                assert!(version < latest, "{error}");
            }
        }
        let file = Connection::open(folder.path().join("roster.db")).unwrap();
        let kept: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(kept, version);
    }
}
