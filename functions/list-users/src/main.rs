//! `GET /users`, health, the documents, and whatever no other function owns, as a Lambda function.

use std::process::ExitCode;

use function::Needs;
use list_users::{ListUsers, routes};
use web::health::{self, Health};

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    function::run(environment, Needs::Users, |parts| {
        let health = Health::new(parts.lifecycle.clone(), parts.stores.health.clone());
        routes(ListUsers {
            auth: parts.auth.clone(),
            users: parts.stores.users.clone(),
            links: parts.links.clone(),
            demo: parts.demo,
        })
        .merge(health::routes(health))
    })
}
