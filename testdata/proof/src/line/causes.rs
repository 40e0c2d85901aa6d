//! Which fault a verdict owes its outcome to: what a stage said of the request in its log, else what was broken while it waited.

use std::time::{Duration, Instant};

use super::faults::Event;
use super::ledger::Asked;

/// What happened while the requests were made.
pub struct Day<'e> {
    /// When it began.
    pub begin: Instant,
    /// The faults in their order.
    pub events: &'e [Event],
}

impl Day<'_> {
    /// Why a request came to something else than on a quiet day; `None` when nothing explains it. `logs` are names and texts.
    pub fn cause(&self, request: &Asked, verdict: Instant, logs: &[(String, String)]) -> Option<String> {
        self.told(request, logs).or_else(|| self.waited(request, verdict))
    }

    /// The last trouble that a stage had with it, in the stage's own words.
    fn told(&self, request: &Asked, logs: &[(String, String)]) -> Option<String> {
        let ours = |line: &&str| {
            let mut words = line.split([' ', '"', ',']).map(|word| word.rsplit('=').next().unwrap_or(word));
            ["retry", "buried", "refused"].iter().any(|word| line.contains(word)) && words.any(|word| word == request.id)
        };
        let lines = logs
            .iter()
            .flat_map(|(name, text)| text.lines().filter(ours).map(move |line| (name, line)));
        let (name, line) = lines.last()?;
        let why = ["why=", "\"why\":"].iter().find_map(|word| line.split(word).nth(1)).unwrap_or(line);
        Some(format!(
            "{name} had to try again: {}",
            why.trim_matches(['"', '}']).chars().take(160).collect::<String>()
        ))
    }

    /// What was broken while it was under way: servers before processes.
    fn waited(&self, request: &Asked, verdict: Instant) -> Option<String> {
        let end = verdict.saturating_duration_since(self.begin);
        // A fault is written down when it is over, and what waited for its end comes after.
        let during = |event: &&Event| event.at + Duration::from_secs(1) >= request.due && event.at <= end;
        let mut names: Vec<&str> = self.events.iter().filter(during).map(|event| event.what.as_str()).collect();
        names.sort_by_key(|what| what.starts_with("kill"));
        names.dedup();
        let servers: Vec<&str> = names.iter().filter(|what| !what.starts_with("kill")).copied().collect();
        match (servers.as_slice(), names.first()) {
            ([], first) => first.map(|what| format!("it waited: {what}")),
            (servers, _) => Some(format!("it waited: {}", servers.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &str) -> Asked {
        Asked {
            id: id.to_owned(),
            path: String::new(),
            wanted: String::new(),
            due: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_stage_speaks_before_the_day_does() {
        let event = |at, what: &str| Event {
            at: Duration::from_secs(at),
            what: what.to_owned(),
        };
        let events = [
            event(3, "S3 hangs"),
            event(20, "kill -9 scan"),
            event(25, "PostgreSQL stopped"),
            event(90, "kill -9 up"),
        ];
        let day = Day {
            begin: Instant::now(),
            events: &events,
        };
        let logs = [(
            "fetch".to_owned(),
            "WARN retry stage=fetch request=chaos-1 attempt=0 why=the store is away: 500\nWARN retry request=chaos-12 why=no".to_owned(),
        )];
        let cause = |id: &str, end| day.cause(&asked(id), day.begin + Duration::from_secs(end), &logs);
        assert_eq!(
            cause("chaos-1", 60).as_deref(),
            Some("fetch had to try again: the store is away: 500")
        );
        assert_eq!(cause("chaos-2", 60).as_deref(), Some("it waited: PostgreSQL stopped"));
        assert_eq!(cause("chaos-2", 22).as_deref(), Some("it waited: kill -9 scan"));
        assert_eq!(cause("chaos-2", 15), None);
    }
}
