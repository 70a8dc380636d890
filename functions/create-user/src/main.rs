//! `POST /user` as a Lambda function.

use std::process::ExitCode;

use create_user::{CreateUser, routes};
use function::Needs;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    function::run(environment, Needs::UsersAndImages, |parts| {
        routes(CreateUser {
            auth: parts.auth.clone(),
            users: parts.stores.users.clone(),
            image_work: parts.image_work(),
            upload_memory: parts.body_memory(),
            links: parts.links.clone(),
            max_upload_bytes: parts.max_upload_bytes,
        })
    })
}
