//! Calls that come at the same time are worked on together: what a transaction costs, its commit first of all, is paid once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::{RecordsError, Result};

/// Calls of one round.
const MOST: usize = 512;
/// Rounds under way at once. A second one would wait for the numbers of the same tenants, and take what the first could have taken.
const ROUNDS: usize = 1;

/// Between two rounds of those who are many.
const PAUSE: Duration = Duration::from_millis(30);

/// A call, and who waits for its answer.
type Waiting<T, R> = (T, oneshot::Sender<Result<R>>);

/// Calls of one kind that have not begun.
pub(crate) struct Together<T, R> {
    waiting: Mutex<VecDeque<Waiting<T, R>>>,
    rounds: Semaphore,
    pause: Duration,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Together {
            waiting: Mutex::default(),
            rounds: Semaphore::new(ROUNDS),
            pause: Duration::ZERO,
        }
    }
}

impl<T, R> Together<T, R> {
    /// For calls that are many: they wait a moment between two rounds, so that the next one takes more of them.
    pub(crate) fn of_many() -> Self {
        Together {
            pause: PAUSE,
            ..Together::default()
        }
    }
}

impl<T: Send + 'static, R: Send + 'static> Together<T, R> {
    /// The answer to one call, which `work` gives with those of the calls beside it, in their order; temporary trouble when it breaks off.
    ///
    /// Whoever asks may go away at any moment; a round that has begun is finished.
    pub(crate) async fn ask<F>(self: &Arc<Self>, call: T, work: impl FnOnce(Vec<T>) -> F + Send + 'static) -> Result<R>
    where
        F: Future<Output = Vec<Result<R>>> + Send,
    {
        let (answer, reply) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back((call, answer));
        let together = Arc::clone(self);
        // A round after each call: whichever comes first takes all that are there.
        tokio::spawn(async move {
            let Ok(_round) = together.rounds.acquire().await else { return };
            let (calls, answers) = together.take();
            if calls.is_empty() {
                return;
            }
            for (answer, given) in answers.into_iter().zip(work(calls).await) {
                let _ = answer.send(given);
            }
            if !together.pause.is_zero() {
                tokio::time::sleep(together.pause).await;
            }
        });
        let broke = |_| Err(RecordsError::Away("the call broke off".to_owned()));
        reply.await.unwrap_or_else(broke)
    }

    /// Those that have waited longest, without whoever went away.
    fn take(&self) -> (Vec<T>, Vec<oneshot::Sender<Result<R>>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, answer)| !answer.is_closed());
        let some = waiting.len().min(MOST);
        waiting.drain(..some).unzip()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn each_gets_its_own_answer_and_rounds_are_shared() {
        let together: Arc<Together<usize, usize>> = Arc::default();
        let rounds = Arc::new(AtomicUsize::new(0));
        let calls = (0..1000).map(|n| {
            let rounds = Arc::clone(&rounds);
            together.ask(n, async move |calls: Vec<usize>| {
                rounds.fetch_add(1, Ordering::SeqCst);
                assert!(calls.len() <= MOST);
                tokio::time::sleep(Duration::from_millis(5)).await;
                calls.iter().map(|n| Ok(n * 2)).collect()
            })
        });
        let answers = futures_util::future::join_all(calls).await;
        assert!(
            answers
                .iter()
                .enumerate()
                .all(|(n, answer)| matches!(answer, Ok(twice) if *twice == n * 2))
        );
        assert!(rounds.load(Ordering::SeqCst) < 10, "{rounds:?}");
    }

    #[tokio::test]
    async fn those_who_are_many_share_the_round_after_a_pause() {
        let together: Arc<Together<u8, u8>> = Arc::new(Together::of_many());
        let rounds = Arc::new(AtomicUsize::new(0));
        let ask = |n| {
            let (together, rounds) = (Arc::clone(&together), Arc::clone(&rounds));
            tokio::spawn(async move {
                let count = async move |calls: Vec<u8>| {
                    rounds.fetch_add(1, Ordering::SeqCst);
                    calls.into_iter().map(Ok).collect()
                };
                together.ask(n, count).await
            })
        };
        ask(0).await.unwrap().unwrap();
        let first = ask(1);
        // Without a pause it would have its round meanwhile.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!((ask(2).await.unwrap().unwrap(), first.await.unwrap().unwrap()), (2, 1));
        assert_eq!(rounds.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_goes_away_takes_nobody_along_and_a_round_that_breaks_is_told() {
        let together: Arc<Together<u8, u8>> = Arc::default();
        let slow = async |calls: Vec<u8>| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            calls.into_iter().map(Ok).collect()
        };
        let gone = tokio::time::timeout(Duration::from_millis(1), together.ask(1, slow));
        let (gone, there) = tokio::join!(gone, together.ask(2, slow));
        assert!(gone.is_err());
        assert_eq!(there.unwrap(), 2);
        let broken = together.ask(3, async |_| panic!("a bug")).await;
        assert!(broken.unwrap_err().is_temporary());
        assert_eq!(together.ask(4, slow).await.unwrap(), 4);
    }
}
