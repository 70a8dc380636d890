//! `POST /user` as a Lambda function.

use std::process::ExitCode;

use function::Requirements;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    function::run(environment, Requirements::UsersAndImages, create_user::routes)
}
