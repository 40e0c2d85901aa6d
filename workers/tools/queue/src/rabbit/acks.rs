//! Acknowledgements of one channel: those that come at the same moment go out as one.
//!
//! Each one is an entry in the log of a quorum queue and makes the broker look for the next delivery. A stage that finishes hundreds at
//! once would keep the broker busier with its acknowledgements than with what the messages are about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::options::BasicAckOptions;
use lapin::{Acker, Channel};
use tokio::sync::oneshot;

use super::link::{trouble, within};

/// Longest wait until a settlement is on its way; a connection that hangs is found dead by its heartbeat.
pub(super) const SETTLE: Duration = Duration::from_secs(10);

/// The deliveries of a channel that are not settled; it stays open as long.
pub(super) struct Acks {
    _channel: Channel,
    open: Mutex<Open<Acker>>,
}

struct Open<A> {
    unsettled: BTreeSet<u64>,
    /// Those of them that are to be acknowledged, and who waits until that is said.
    wanted: BTreeMap<u64, (A, oneshot::Sender<bool>)>,
    /// Whether somebody is at it.
    busy: bool,
}

impl Acks {
    pub(super) fn new(channel: Channel) -> Arc<Acks> {
        Arc::new(Acks {
            _channel: channel,
            open: Mutex::new(Open {
                unsettled: BTreeSet::new(),
                wanted: BTreeMap::new(),
                busy: false,
            }),
        })
    }

    /// A delivery has come.
    pub(super) fn add(&self, tag: u64) {
        self.open().unsettled.insert(tag);
    }

    /// A delivery has been given back.
    pub(super) fn remove(&self, tag: u64) {
        self.open().unsettled.remove(&tag);
    }

    /// Acknowledges a delivery. `false`: the channel is gone, and the broker delivers it again.
    pub(super) async fn ack(self: &Arc<Self>, tag: u64, acker: Acker) -> bool {
        let (told, reply) = oneshot::channel();
        let busy = {
            let mut open = self.open();
            open.wanted.insert(tag, (acker, told));
            std::mem::replace(&mut open.busy, true)
        };
        if !busy {
            tokio::spawn(Arc::clone(self).say());
        }
        reply.await.unwrap_or(false)
    }

    async fn say(self: Arc<Self>) {
        // What was finished together is woken together: the others come first.
        tokio::task::yield_now().await;
        loop {
            let wanted = {
                let mut open = self.open();
                let wanted = open.take();
                open.busy = !wanted.is_empty();
                wanted
            };
            if wanted.is_empty() {
                return;
            }
            for Group { last, those } in wanted {
                let options = BasicAckOptions { multiple: those.len() > 1 };
                // lapin answers `Ok(false)` when the channel is gone.
                let ack = async { last.ack(options).await.map_err(|e| trouble(&e)) };
                let said = within(SETTLE, "not acknowledged", ack).await.unwrap_or(false);
                for (tag, told) in those {
                    self.open().unsettled.remove(&tag);
                    let _ = told.send(said);
                }
            }
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open<Acker>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one acknowledgement is for.
struct Group<A> {
    last: A,
    those: Vec<(u64, oneshot::Sender<bool>)>,
}

impl<A> Open<A> {
    /// Takes all that are wanted. Those before the first that is still in work are one group: "all up to this one" is true of them.
    fn take(&mut self) -> Vec<Group<A>> {
        let first = self.unsettled.iter().find(|tag| !self.wanted.contains_key(tag)).copied();
        let mut groups: Vec<Group<A>> = vec![];
        for (tag, (acker, told)) in std::mem::take(&mut self.wanted) {
            match groups.first_mut() {
                Some(group) if first.is_none_or(|first| tag < first) => {
                    group.last = acker;
                    group.those.push((tag, told));
                }
                _ => groups.push(Group {
                    last: acker,
                    those: vec![(tag, told)],
                }),
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(unsettled: &[u64], wanted: &[u64]) -> Vec<(u64, Vec<u64>)> {
        let mut open = Open {
            unsettled: unsettled.iter().copied().collect(),
            wanted: wanted.iter().map(|tag| (*tag, (*tag, oneshot::channel().0))).collect(),
            busy: false,
        };
        let groups = open.take();
        assert!(open.wanted.is_empty());
        let tags = |group: Group<u64>| (group.last, group.those.into_iter().map(|(tag, _)| tag).collect());
        groups.into_iter().map(tags).collect()
    }

    #[test]
    fn nothing_that_is_in_work_is_acknowledged_with_others() {
        assert_eq!(groups(&[1, 2, 3], &[1, 2, 3]), [(3, vec![1, 2, 3])]);
        assert_eq!(groups(&[1, 2, 3], &[2, 3]), [(2, vec![2]), (3, vec![3])]);
        assert_eq!(
            groups(&[1, 2, 3, 4, 7, 9], &[1, 2, 4, 9]),
            [(2, vec![1, 2]), (4, vec![4]), (9, vec![9])]
        );
        assert_eq!(groups(&[1, 2], &[2]), [(2, vec![2])]);
        assert_eq!(groups(&[1, 2], &[]), []);
        // What was given back meanwhile is in nobody's way.
        assert_eq!(groups(&[5, 8], &[5, 8]), [(8, vec![5, 8])]);
    }
}
