//! What can go wrong, and whether to try again.

/// Trouble with the records; all of it ours, never that of the file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordsError {
    /// The database is away, restarting, busy or full. Worth a retry; whether the call took effect is not known, and all calls may be repeated.
    #[error("the database is away: {0}")]
    Away(String),
    /// The database refuses us: wrong password, no such database, a missing right, or tables that are not there. A person must act.
    #[error("the database refuses: {0}")]
    Refused(String),
    /// What is given is nothing that the database can keep, such as text with a NUL: it never will.
    #[error("the database can never keep this: {0}")]
    Unfit(String),
    /// The setting cannot be used.
    #[error("the setting for the records cannot be used: {0}")]
    Config(String),
    /// A verdict for a request that nobody recorded.
    #[error("no request {0} is recorded")]
    NoSuchRequest(String),
    /// What is stored or given contradicts itself: a mistake of ours.
    #[error("the records do not fit together: {0}")]
    Broken(String),
}

impl RecordsError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        matches!(self, RecordsError::Away(_))
    }
}

impl From<sqlx::Error> for RecordsError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let text = error.to_string();
        match &error {
            E::Database(db) => of_database(&db.code().unwrap_or_default(), text),
            // A server that dies in the middle of an answer is an i/o error or an answer that breaks off.
            E::Io(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => RecordsError::Away(text),
            E::Tls(_) => RecordsError::Refused(text),
            E::Configuration(_) => RecordsError::Config(text),
            _ => RecordsError::Broken(text),
        }
    }
}

/// By SQLSTATE (PostgreSQL, five characters) or result code (SQLite, a number with the extended code in its upper bits).
fn of_database(code: &str, text: String) -> RecordsError {
    if code.len() == 5 {
        return match (&code[..2], code) {
            // Connection, deadlock and serialisation, resources, lock not there, operator's intervention, i/o; a standby, a transaction idle too long.
            ("08" | "40" | "53" | "55" | "57" | "58", _) | (_, "25006" | "25P03") => RecordsError::Away(text),
            // Data exceptions: text that is none, a number out of range. Not 54, what exceeds the limits of the program: so a server
            // answers every write, too, while its transaction ids run out (54000), and that ends when a person acts.
            ("22", _) => RecordsError::Unfit(text),
            // Who we are, which database, which rights, which tables.
            ("28" | "3D" | "3F", _) | (_, "42501" | "42P01" | "42703") => RecordsError::Refused(text),
            _ => RecordsError::Broken(text),
        };
    }
    match code.parse::<u32>().unwrap_or(1) & 0xff {
        // BUSY, LOCKED, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
        5 | 6 | 9 | 10 | 13 | 14 | 15 => RecordsError::Away(text),
        // PERM, READONLY, AUTH; CORRUPT and NOTADB need a person too.
        3 | 8 | 11 | 23 | 26 => RecordsError::Refused(text),
        // TOOBIG, MISMATCH, RANGE.
        18 | 20 | 25 => RecordsError::Unfit(text),
        _ if text.contains("no such table") => RecordsError::Refused(text),
        _ => RecordsError::Broken(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_kept_is_told_from_what_can_later() {
        let of = |code: &str| of_database(code, String::new());
        for code in ["22021", "22P05", "18"] {
            assert!(matches!(of(code), RecordsError::Unfit(_)), "{code}");
        }
        for code in ["53300", "57P03", "08006", "5", "13"] {
            assert!(of(code).is_temporary(), "{code}");
        }
        for code in ["0A000", "54000"] {
            assert!(matches!(of(code), RecordsError::Broken(_)), "{code}");
        }
    }
}
