//! Adding the hashes of the other form of a user's e-mail.

use domain::{EmailHashes, Error, User};

use crate::aws::{aws_clients::AwsClients, item};

pub(super) async fn index(aws: &AwsClients, user: &User) -> Result<(), Error> {
    match EmailHashes::of(&user.id, &user.email).other {
        Some(other) => aws.table.set_unversioned(&user.id, item::other_hashes(&other)).await,
        None => Ok(()),
    }
}
