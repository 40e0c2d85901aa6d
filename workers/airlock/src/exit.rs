//! Exit statuses, and which of several wins.

use std::process::ExitCode;

use airlock_proto::{Classification, Coverage};

/// Exit status of every command that gives a verdict. The order of the variants is the order in which they win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 2: wrong usage, broken configuration, unreadable input, our own failure.
    Failed,
    /// 1: malicious.
    Malicious,
    /// 4: not malicious, and not fully seen.
    Gap,
    /// 3: suspicious, fully seen.
    Suspicious,
    /// 5: could not be fetched.
    NotFetched,
    /// 0: clean and complete.
    Clean,
}

impl Status {
    /// The status of one scanned input: what was found, never what the policy decided.
    pub fn of(classification: Classification, coverage: Coverage) -> Self {
        match (classification, coverage) {
            (Classification::Malicious, _) => Status::Malicious,
            (_, Coverage::Partial | Coverage::None) => Status::Gap,
            (Classification::Suspicious, Coverage::Complete) => Status::Suspicious,
            (Classification::Clean, Coverage::Complete) => Status::Clean,
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Status::Failed => 2,
            Status::Malicious => 1,
            Status::Gap => 4,
            Status::Suspicious => 3,
            Status::NotFetched => 5,
            Status::Clean => 0,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_the_order_2_1_4_3_5_0_wins() {
        let order = [
            Status::Failed,
            Status::Malicious,
            Status::Gap,
            Status::Suspicious,
            Status::NotFetched,
            Status::Clean,
        ];
        assert_eq!(order.map(Status::code), [2, 1, 4, 3, 5, 0]);
        assert_eq!(order.iter().rev().min().copied(), Some(Status::Failed));
        assert!(Status::Malicious < Status::Gap && Status::Suspicious < Status::NotFetched);
    }
}
