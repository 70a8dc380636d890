//! How commands of an operator end, and what they write.

use std::{io, time::Duration};

use domain::{Finding, Grace};
use storage::{
    letters::LetterWalk,
    retry::Retries,
    sweep::{Action, Options, Report, Total, sweep as sweep_all},
};

use crate::support::TestApp;

/// As many as the commands have, without their pauses.
const RETRIES: Retries = Retries { tries: 6, first_pause: Duration::ZERO };

/// Logs what `roster sweep` prints.
struct Lines;

impl Report for Lines {
    fn checked(&mut self, _: u64) {}

    fn found(&mut self, _: &Finding, action: &Action) -> io::Result<()> {
        if let Action::Failed(why) = action {
            tracing::warn!("{why}");
        }
        Ok(())
    }
}

/// `roster sweep`, however young an orphan is.
pub(super) async fn sweep(app: &TestApp) -> String {
    app.connection.guard.pass().await.unwrap();
    let grace = Grace { orphan: Duration::ZERO, missing: Duration::ZERO };
    let options = Options { dry_run: false, force: false, grace, from: None, retries: RETRIES };
    let mut total = Total::default();
    let ended = sweep_all(&app.connection.tools, &options, &mut Lines, &mut total).await;
    exit_code(&ended.map(|()| total.is_clean()))
}

/// `roster events list`.
pub(super) async fn list_letters(app: &TestApp) -> String {
    app.connection.guard.pass().await.unwrap();
    let letters = app.connection.tools.dead_letters.clone().unwrap();
    let mut walk = LetterWalk::new(letters.as_ref(), RETRIES);
    loop {
        let some = walk.next().await.unwrap();
        if some.is_empty() {
            break;
        }
        for letter in some {
            walk.hold(letter);
        }
    }
    exit_code(&walk.release().await.map(|()| true))
}

/// As `main` ends: with the whole error in its last line.
fn exit_code(ended: &Result<bool, impl std::error::Error + 'static>) -> String {
    let code = match ended {
        Ok(is_done) => u8::from(!is_done),
        Err(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "the command failed");
            1
        }
    };
    format!("exit {code}")
}
