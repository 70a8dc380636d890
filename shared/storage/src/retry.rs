//! Retries of transient errors, for the data tools.

use std::time::Duration;

use domain::Error;

/// How many times a call is tried, and the first pause between tries: each pause is twice the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all.
    pub tries: u32,
    /// The first pause.
    pub first_pause: Duration,
}

/// Six tries within some 15 s, besides the retries of the AWS SDK.
impl Default for Retries {
    fn default() -> Self {
        Self { tries: 6, first_pause: Duration::from_millis(500) }
    }
}

/// The pause before a try.
pub(crate) struct Pause(Duration);

impl Retries {
    /// A pause before each try; none before the first.
    pub(crate) fn pauses(self) -> impl Iterator<Item = Pause> {
        let pause = move |tried: u32| match tried.checked_sub(1) {
            None => Duration::ZERO,
            Some(doubled) => self.first_pause * (1 << doubled),
        };
        (0..self.tries).map(move |tried| Pause(pause(tried)))
    }
}

impl Pause {
    pub(crate) async fn pass(self) {
        if !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
    }
}

/// Whether a retry may succeed.
pub(crate) fn is_transient(error: &Error) -> bool {
    matches!(error, Error::Throttled | Error::Unavailable(_))
}

/// Repeats the call while it fails with a transient error.
///
/// # Errors
/// The first error that is not transient, or that of the last try.
pub async fn with_retries<T>(
    retries: Retries,
    mut call: impl AsyncFnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut last = Err(Error::unavailable("it was not attempted"));
    for pause in retries.pauses() {
        pause.pass().await;
        last = call().await;
        match &last {
            Err(error) if is_transient(error) => {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "a call to the store or a queue failed; retrying for up to 15 s"
                );
            }
            _ => return last,
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_retried_with_doubling_pauses_and_others_are_not() {
        let began = tokio::time::Instant::now();
        let mut tries = 0;
        let answer = with_retries(Retries::default(), async || {
            tries += 1;
            if tries < 6 { Err(Error::Throttled) } else { Ok(tries) }
        });
        assert_eq!(answer.await.unwrap(), 6);
        assert_eq!(began.elapsed().as_millis(), 500 + 1000 + 2000 + 4000 + 8000);

        for (error, expected) in [(Error::Throttled, 6), (Error::damaged("x"), 1), (Error::Stale, 1)] {
            let (mut tries, mut error) = (0, Some(error));
            let answer = with_retries(Retries::default(), async || {
                tries += 1;
                Err::<(), _>(error.take().unwrap_or(Error::Throttled))
            });
            assert!(answer.await.is_err());
            assert_eq!(tries, expected);
        }
    }
}
