//! Who may run a child now: at most so many at once, and those who come first before those who come behind.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Somebody waits for it: it takes the next seat.
    First,
    /// It has every seat while nobody is there who comes first; otherwise a third of them at most, so that those are not slowed.
    Behind,
}

/// The seats of a bench.
#[derive(Debug)]
pub(crate) struct Seats {
    state: Mutex<State>,
    changed: Condvar,
    /// Of these, so many may be taken from behind while others are there.
    share: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Those who come first, whether they have a seat or wait for one.
    first: usize,
    /// Those of them who wait.
    waiting: usize,
    /// Those from behind who have one.
    behind: usize,
}

impl Seats {
    pub(crate) fn new(many: usize) -> Self {
        Seats {
            state: Mutex::new(State {
                free: many,
                first: 0,
                waiting: 0,
                behind: 0,
            }),
            changed: Condvar::new(),
            share: (many / 3).max(1),
        }
    }

    /// Blocks until there is a seat.
    pub(crate) fn take(&self, turn: Turn) -> Seat<'_> {
        let mut state = self.lock();
        match turn {
            Turn::First => {
                state.first += 1;
                state.waiting += 1;
                while state.free == 0 {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.waiting -= 1;
            }
            Turn::Behind => {
                while state.free <= state.waiting || (state.first > 0 && state.behind >= self.share) {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state.behind += 1;
            }
        }
        state.free -= 1;
        // One fewer waits: whoever is behind looks again.
        self.changed.notify_all();
        Seat { seats: self, turn }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to run one job.
pub(crate) struct Seat<'s> {
    seats: &'s Seats,
    turn: Turn,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut state = self.seats.lock();
        state.free += 1;
        match self.turn {
            Turn::First => state.first -= 1,
            Turn::Behind => state.behind -= 1,
        }
        self.seats.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::thread::Scope;
    use std::time::Duration;

    use super::*;

    /// Says when it has its seat, and keeps it until it is told.
    struct Sitter {
        sits: Receiver<()>,
        go: std::sync::mpsc::Sender<()>,
    }

    impl Sitter {
        fn new<'s>(scope: &'s Scope<'s, '_>, seats: &'s Seats, turn: Turn) -> Sitter {
            let (say, sits) = channel();
            let (go, gone) = channel();
            scope.spawn(move || {
                let _seat = seats.take(turn);
                let _ = say.send(());
                let _ = gone.recv();
            });
            Sitter { sits, go }
        }

        fn sits(&self) -> bool {
            self.sits.recv_timeout(Duration::from_secs(10)).is_ok()
        }

        /// A moment is long enough for whoever may sit down; nobody who may not ever does.
        fn stands(&self) -> bool {
            self.sits.recv_timeout(Duration::from_millis(50)).is_err()
        }

        fn rise(self) {
            self.go.send(()).unwrap();
        }
    }

    #[test]
    fn those_behind_have_every_seat_while_nobody_else_comes() {
        let seats = Seats::new(3);
        std::thread::scope(|scope| {
            for sitter in [(); 3].map(|()| Sitter::new(scope, &seats, Turn::Behind)) {
                assert!(sitter.sits());
            }
        });
        assert_eq!(seats.lock().free, 3);
    }

    #[test]
    fn who_comes_first_has_the_next_seat() {
        let seats = Seats::new(3);
        std::thread::scope(|scope| {
            let seated = [(); 3].map(|()| Sitter::new(scope, &seats, Turn::Behind));
            assert!(seated.iter().all(Sitter::sits));
            let behind: Vec<Sitter> = (0..8).map(|_| Sitter::new(scope, &seats, Turn::Behind)).collect();
            assert!(behind.iter().all(Sitter::stands));
            let first = Sitter::new(scope, &seats, Turn::First);
            while seats.lock().first == 0 {
                std::thread::yield_now();
            }
            let [one, two, three] = seated;
            one.rise();
            assert!(first.sits());
            two.rise();
            // One is their share, and it is taken.
            assert!(behind.iter().all(Sitter::stands));
            first.rise();
            three.rise();
            drop(behind);
        });
        assert_eq!(seats.lock().free, 3);
    }

    #[test]
    fn those_behind_have_their_share_though_others_are_there() {
        let seats = Seats::new(6);
        seats.lock().first = 9;
        std::thread::scope(|scope| {
            let [one, two] = [(); 2].map(|()| Sitter::new(scope, &seats, Turn::Behind));
            assert!(one.sits() && two.sits());
            let three = Sitter::new(scope, &seats, Turn::Behind);
            assert!(three.stands());
            one.rise();
            assert!(three.sits());
            two.rise();
            three.rise();
        });
        assert_eq!(seats.lock().behind, 0);
    }
}
