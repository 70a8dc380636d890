//! Processing the events of the bucket, as a Lambda function.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "main sees the environment")]
    let environment = |name: &str| std::env::var(name).ok();
    function::run_events(environment, |services, queue, bucket| {
        let processor = process_avatar::Processor::new(services);
        move |event, deadline| {
            process_avatar::batch(queue.clone(), processor.clone(), bucket.clone(), event, deadline)
        }
    })
}
