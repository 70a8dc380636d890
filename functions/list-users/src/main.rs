//! `GET /users`, health, the documents and every path that no other function owns, as a Lambda function.

use std::process::ExitCode;

use function::Requirements;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    function::run(environment, Requirements::Users, list_users::routes)
}
