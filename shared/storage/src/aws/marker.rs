//! `roster.json`: the object that names the environment and the table of a bucket's images.
//!
//! An item references its object, but no object references an item. Without the marker a program could be
//! given the wrong bucket, and its sweep would take every image there for an orphan.

#[cfg(feature = "s3")]
use domain::Error;
use domain::{Environment, environment::WrongEnvironment};
#[cfg(feature = "s3")]
use serde::{Deserialize, Serialize};

use super::table_name::is_same_table;

#[cfg(feature = "s3")]
pub(super) const KEY: &str = "roster.json";

/// The bucket holds the images of this table, in this environment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marker {
    environment: Environment,
    table: String,
}

/// The JSON of the object. Other members belong to other programs.
#[cfg(feature = "s3")]
#[derive(Serialize, Deserialize)]
struct MarkerJson {
    environment: String,
    table: String,
}

impl Marker {
    /// # Errors
    /// [`Error::Damaged`] if the object is not a marker.
    #[cfg(feature = "s3")]
    pub(super) fn parse(bucket: &str, bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |why: String| {
            Error::damaged(format!(
                r#"{KEY} of bucket {bucket} is malformed ({why}): it must be {{"environment": "…", "table": "…"}}"#
            ))
        };
        let MarkerJson { environment, table } =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        let environment = environment.parse::<Environment>().map_err(|error| malformed(error.to_string()))?;
        if table.is_empty() {
            return Err(malformed("the table name is empty".to_owned()));
        }
        Ok(Self { environment, table })
    }

    /// The text of a marker.
    #[cfg(feature = "s3")]
    pub(super) fn text(environment: &Environment, table: &str) -> String {
        let json = MarkerJson { environment: environment.as_str().to_owned(), table: table.to_owned() };
        serde_json::to_string(&json).expect("two strings serialize to JSON")
    }

    /// Checks that the bucket with this marker belongs to this table, which names this environment.
    pub(super) fn compare(
        self,
        bucket: &str,
        table: &str,
        named: Option<&Environment>,
    ) -> Result<(), WrongEnvironment> {
        let (bucket, table) = (bucket.to_owned(), table.to_owned());
        // The guard decides about a table that names none.
        if let Some(named) = named.filter(|named| **named != self.environment) {
            return Err(WrongEnvironment::Bucket {
                bucket,
                marked: self.environment,
                table,
                named: named.clone(),
            });
        }
        if !is_same_table(&self.table, &table) {
            return Err(WrongEnvironment::Table { bucket, marked: self.table, table });
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "s3"))]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Marker, Error> {
        Marker::parse("pictures", text.as_bytes())
    }

    #[test]
    fn a_marker_names_environment_and_table_and_may_hold_more() {
        let marker = parse(r#"{"generation": 2, "table": "users", "environment": "prod"}"#).unwrap();
        let prod = "prod".parse().unwrap();
        assert_eq!(marker, Marker { environment: prod, table: "users".to_owned() });
    }

    #[test]
    fn an_invalid_marker_is_damage_that_names_the_bucket_and_the_reason() {
        for text in [
            "",
            "prod",
            "{}",
            r#"{"environment": "prod"}"#,
            r#"{"environment": "prod", "table": ""}"#,
            r#"{"environment": "Prod!", "table": "users"}"#,
            r#"{"environment": null, "table": "users"}"#,
            r#"{"environment": "prod", "environment": "dev", "table": "users"}"#,
        ] {
            let Err(Error::Damaged(why)) = parse(text) else { panic!("{text}") };
            assert!(why.to_string().starts_with("roster.json of bucket pictures is malformed ("), "{why}");
        }
    }

    #[test]
    fn a_bucket_of_another_environment_or_table_is_refused_with_both_names() {
        let named = |name: &str| name.parse::<Environment>().unwrap();
        for (table, environment, refused) in [
            ("users", "prod", None),
            ("arn:aws:dynamodb:eu-central-1:3:table/users", "prod", None),
            (
                "users",
                "dev",
                Some("`pictures` belongs to environment `prod`, but table `users` belongs to `dev`"),
            ),
            ("users-2", "prod", Some("belongs to table `users`, but this process uses table `users-2`")),
        ] {
            let marker = parse(r#"{"environment": "prod", "table": "users"}"#).unwrap();
            let result =
                marker.compare("pictures", table, Some(&named(environment))).map_err(|why| why.to_string());
            match refused {
                None => assert_eq!(result, Ok(()), "{table} {environment}"),
                Some(words) => assert!(result.as_ref().unwrap_err().contains(words), "{result:?}"),
            }
        }
    }
}
