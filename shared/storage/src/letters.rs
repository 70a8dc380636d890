//! A walk over the dead letters of a queue.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use domain::{DeadLetter, DeadLetters, DecodedEvent, Error, queue::LEASE};
use tokio::time::Instant;

use crate::retry::{Retries, with_retries};

/// Answers without a letter, one after the other, that end a walk: a queue of several servers may answer once without a
/// letter that it has.
const LAST: u32 = 2;

/// A walk that meets each dead letter once, however long it takes.
pub struct LetterWalk<'a> {
    letters: &'a dyn DeadLetters,
    retries: Retries,
    met: HashSet<String>,
    /// By id, without their content. A letter whose lease has ended is delivered again with another receipt, which alone is valid.
    held: HashMap<String, DeadLetter>,
    /// When the oldest lease of those that are held began.
    held_since: Instant,
}

impl<'a> LetterWalk<'a> {
    /// From the beginning.
    pub fn new(letters: &'a dyn DeadLetters, retries: Retries) -> Self {
        let held_since = Instant::now();
        Self { letters, retries, met: HashSet::new(), held: HashMap::new(), held_since }
    }

    /// Some letters that the walk has not met yet; none at its end.
    ///
    /// # Errors
    /// Those of the queue.
    pub async fn next(&mut self) -> Result<Vec<DeadLetter>, Error> {
        let mut empty = 0;
        while empty < LAST {
            self.extend().await?;
            let received = with_retries(self.retries, || self.letters.receive()).await?;
            // One with letters whose leases have ended is not the last: others may come after them.
            empty = if received.is_empty() { empty + 1 } else { 0 };
            let (new, again): (Vec<_>, Vec<_>) =
                received.into_iter().partition(|letter| self.met.insert(letter.delivery.id.clone()));
            for letter in again {
                if let Some(held) = self.held.get_mut(&letter.delivery.id) {
                    *held = without_content(letter);
                }
            }
            if !new.is_empty() {
                return Ok(new);
            }
        }
        Ok(Vec::new())
    }

    /// Keeps a letter hidden until the end of the walk.
    pub fn hold(&mut self, letter: DeadLetter) {
        if self.held.is_empty() {
            self.held_since = Instant::now();
        }
        self.held.insert(letter.delivery.id.clone(), without_content(letter));
    }

    /// Extends the leases of what is held, before the first of them ends.
    async fn extend(&mut self) -> Result<(), Error> {
        if self.held.is_empty() || self.held_since.elapsed() < LEASE / 2 {
            return Ok(());
        }
        self.held_since = Instant::now();
        let held: Vec<_> = self.held.values().cloned().collect();
        with_retries(self.retries, || self.letters.extend(&held)).await
    }

    /// Releases what is held.
    ///
    /// # Errors
    /// Those of the queue: the letters become visible by themselves when their leases end.
    pub async fn release(mut self) -> Result<(), Error> {
        let held: Vec<_> = mem::take(&mut self.held).into_values().collect();
        if held.is_empty() {
            return Ok(());
        }
        with_retries(self.retries, || self.letters.release(&held)).await
    }
}

/// Id and receipt, which a lease needs: a queue may have more letters than there is memory for their content.
fn without_content(mut letter: DeadLetter) -> DeadLetter {
    (letter.delivery.raw, letter.delivery.event, letter.reason) = (None, DecodedEvent::default(), None);
    letter
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use async_trait::async_trait;
    use domain::{Delivery, Timestamp, queue::ExistingLetters};
    use tokio::time::sleep;

    use super::*;

    /// A queue with leases, as SQS has them. Each answer takes two seconds, and every third one has no letter.
    #[derive(Default)]
    struct Leases {
        state: Mutex<State>,
        /// How many of the first extensions are forgotten, although the answer says otherwise.
        forgets: u32,
    }

    #[derive(Default)]
    struct State {
        /// By number: until when it is hidden, and the receipt that is valid.
        letters: Vec<(Option<Instant>, u32)>,
        calls: u32,
        extended: u32,
    }

    impl Leases {
        fn with(letters: usize) -> Self {
            let state = State { letters: vec![(None, 0); letters], ..State::default() };
            Self { state: Mutex::new(state), forgets: 0 }
        }

        fn visible(&self) -> usize {
            let is_visible =
                |(until, _): &&(Option<Instant>, u32)| until.is_none_or(|until| until <= Instant::now());
            self.state.lock().unwrap().letters.iter().filter(is_visible).count()
        }

        fn hide(&self, letters: &[DeadLetter], until: Option<Instant>) {
            let mut state = self.state.lock().unwrap();
            for letter in letters {
                let (hidden, receipt) = &mut state.letters[letter.delivery.id.parse::<usize>().unwrap()];
                if receipt.to_string() == letter.delivery.receipt {
                    *hidden = until;
                }
            }
        }
    }

    #[async_trait]
    impl DeadLetters for Leases {
        async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
            sleep(Duration::from_secs(2)).await;
            let mut state = self.state.lock().unwrap();
            state.calls += 1;
            if state.calls.is_multiple_of(3) {
                return Ok(Vec::new());
            }
            let now = Instant::now();
            let visible = state.letters.iter_mut().enumerate();
            let visible = visible.filter(|(_, (until, _))| until.is_none_or(|until| until <= now)).take(2);
            let letter = |(number, (until, receipt)): (usize, &mut (Option<Instant>, u32))| {
                (*until, *receipt) = (Some(now + LEASE), *receipt + 1);
                let (id, receipt) = (number.to_string(), receipt.to_string());
                let (event, sent_at) = (DecodedEvent::default(), Timestamp::UNIX_EPOCH);
                let delivery = Delivery { id, receipt, event, raw: None, receives: 1, postponed: 0, sent_at };
                DeadLetter { delivery, reason: None }
            };
            Ok(visible.map(letter).collect())
        }

        async fn existing(&self) -> Result<ExistingLetters, Error> {
            unreachable!("a walk meets all of them")
        }

        async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error> {
            let mut state = self.state.lock().unwrap();
            state.extended += 1;
            if state.extended <= self.forgets {
                return Ok(());
            }
            drop(state);
            self.hide(letters, Some(Instant::now() + LEASE));
            Ok(())
        }

        async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
            self.hide(letters, None);
            Ok(())
        }

        async fn redrive(&self, _: &DeadLetter) -> Result<(), Error> {
            unreachable!("not called")
        }

        async fn remove(&self, _: &DeadLetter) -> Result<(), Error> {
            unreachable!("not called")
        }
    }

    /// The ids of all letters, in the order in which a walk meets them, and the walk.
    async fn walk(letters: &Leases) -> (Vec<String>, LetterWalk<'_>) {
        let mut walk = LetterWalk::new(letters, Retries::default());
        let mut met = Vec::new();
        loop {
            let some = walk.next().await.unwrap();
            if some.is_empty() {
                break;
            }
            for letter in some {
                met.push(letter.delivery.id.clone());
                walk.hold(letter);
            }
        }
        (met, walk)
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_longer_than_a_lease_meets_each_letter_once_and_releases_all() {
        let letters = Leases::with(100);
        let (met, walk) = walk(&letters).await;
        let distinct: HashSet<_> = met.iter().collect();
        assert_eq!((met.len(), distinct.len()), (100, 100));
        assert!(letters.state.lock().unwrap().extended > 0);
        walk.release().await.unwrap();
        assert_eq!(letters.visible(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_walk_goes_on_after_letters_whose_leases_have_ended() {
        let letters = Leases { forgets: 2, ..Leases::with(100) };
        assert_eq!(walk(&letters).await.0.len(), 100);
    }
}
