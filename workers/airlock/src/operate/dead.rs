//! `airlock dead`: what no stage could work on. Its requests have their verdicts; here an operator sees why, and tries again.

use std::time::Duration;

use airlock_proto::text::escape;
use airlock_queue::topology::{Queue, StageName};
use airlock_queue::{Consumer, Exchange, Incoming, Outgoing, Receipt};
use sha2::{Digest as _, Sha256};

use super::{place, say};
use crate::Outcome;
use crate::cli::{DeadArgs, DeadCommand, Global};
use crate::config;
use crate::exit::Status;
use crate::line::run::runtime;

/// Most letters of one stage that are looked at.
const MOST: u16 = 1000;

/// Runs the command.
pub fn run(global: &Global, args: &DeadArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    runtime()?.block_on(async move {
        let place = place(&config, args.data_dir.as_ref()).await?;
        let mut met = false;
        let mut refused = Vec::new();
        for stage in StageName::ALL {
            let broker = place.broker(&config, stage.word()).await?;
            let mut consumer = broker.consume(Queue::Dead(stage), MOST).await?;
            let letters = letters(consumer.as_mut()).await;
            if letters.len() >= usize::from(MOST) {
                eprintln!(
                    "airlock: only the first {MOST} dead letters of {stage} are looked at: replay or drop some of them to see the others"
                );
            }
            for (letter, receipt) in letters {
                let handle = handle(stage, &letter);
                let wanted = args.command.letter().is_none_or(|wanted| wanted == handle);
                if !wanted {
                    receipt.requeue().await;
                    continue;
                }
                met = true;
                match &args.command {
                    DeadCommand::List => {
                        let why = letter.why.as_deref().unwrap_or("not said");
                        say(&format!(
                            "{stage}  {}  {}  from {}  {}",
                            escape(&handle),
                            escape(&letter.kind),
                            escape(sender(&letter)),
                            escape(why)
                        ))?;
                        receipt.requeue().await;
                    }
                    DeadCommand::Show { .. } => {
                        say(&show(stage, &letter))?;
                        receipt.requeue().await;
                    }
                    DeadCommand::Replay { .. } if !is_believed(stage, &letter) => {
                        let (sender, kind) = (escape(sender(&letter)), escape(&letter.kind));
                        receipt.requeue().await;
                        refused.push(format!("{stage}: {sender} may not send it {kind}"));
                    }
                    DeadCommand::Replay { .. } => {
                        broker.publish(again(stage, &letter)).await?;
                        receipt.ack().await;
                        say(&format!("{stage}  {}  replayed", escape(&handle)))?;
                    }
                    DeadCommand::Drop { .. } => {
                        receipt.ack().await;
                        say(&format!("{stage}  {}  dropped", escape(&handle)))?;
                    }
                }
            }
            consumer.stop().await;
            broker.close().await;
        }
        if !met && let Some(wanted) = args.command.letter() {
            let wanted = escape(wanted);
            return Err(format!("there is no dead letter {wanted}: `airlock dead list` names all that there are").into());
        }
        if !refused.is_empty() {
            let why = refused.join("; ");
            return Err(format!("not replayed, for it would be believed as the stage's own: {why}; `airlock dead drop` removes it").into());
        }
        Ok(Status::Clean)
    })
}

/// All that is there: a queue of the dead grows seldom, so a short silence is its end.
async fn letters(consumer: &mut dyn Consumer) -> Vec<(Incoming, Box<dyn Receipt>)> {
    let mut all = Vec::new();
    while let Ok(Some(letter)) = tokio::time::timeout(Duration::from_millis(700), consumer.next()).await {
        all.push(letter);
    }
    all
}

/// What a letter is called: its request, else a digest of all that it is, for what was refused is of no request.
fn handle(stage: StageName, letter: &Incoming) -> String {
    if !letter.request_id.is_empty() {
        return letter.request_id.clone();
    }
    let why = letter.why.as_deref().unwrap_or_default();
    let mut digest = Sha256::new();
    for part in [stage.word(), &letter.kind, &letter.sender, why] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update(&letter.body);
    let hex = data_encoding::HEXLOWER.encode(&digest.finalize());
    format!("letter-{}", hex.get(..16).unwrap_or_default())
}

/// The body is shown by its length and form alone: it may hold a password.
fn show(stage: StageName, letter: &Incoming) -> String {
    serde_json::json!({
        "stage": stage.word(),
        "letter": handle(stage, letter),
        "request_id": letter.request_id,
        "kind": letter.kind,
        "sender": letter.sender,
        "believed": is_believed(stage, letter),
        "attempt": letter.attempt,
        "why": letter.why,
        "body_bytes": letter.body.len(),
        "form": letter.form,
    })
    .to_string()
}

fn sender(letter: &Incoming) -> &str {
    if letter.sender.is_empty() { "nobody" } else { &letter.sender }
}

/// Whether the stage would have worked on the letter, had it come the ordinary way. Replayed, it is sent as the stage itself, which is
/// believed: so it must be the stage that buried it, or one that may send it such a message. What was refused is of no request.
fn is_believed(stage: StageName, letter: &Incoming) -> bool {
    let sender = &letter.sender;
    !letter.stray && !letter.request_id.is_empty() && (sender == stage.word() || stage.senders(&letter.kind).allow(sender))
}

/// By the shortest rung of the stage's own ladder: the one way on which its own user may send to it.
fn again(stage: StageName, letter: &Incoming) -> Outgoing {
    Outgoing {
        attempt: 0,
        ..letter.again(Exchange::Retry(stage, letter.lane), "1s".to_owned(), "replayed")
    }
}

#[cfg(test)]
mod tests {
    use airlock_queue::topology::Lane;

    use super::*;

    fn letter(sender: &str, kind: &str) -> Incoming {
        Incoming {
            lane: Lane::Click,
            kind: kind.to_owned(),
            form: None,
            id: "r/x".to_owned(),
            request_id: "r".to_owned(),
            sender: sender.to_owned(),
            retried: false,
            stray: false,
            body: Vec::new(),
            attempt: 0,
            redelivered: false,
            trace: None,
            why: None,
            sent_ms: 0,
        }
    }

    #[test]
    fn each_letter_has_a_name_that_says_which() {
        let refused = |kind: &str| {
            let letter = Incoming {
                request_id: String::new(),
                ..letter("other", kind)
            };
            handle(StageName::Verdict, &letter)
        };
        assert_eq!(handle(StageName::Verdict, &letter("scan", "Inspected")), "r");
        assert_eq!(refused("Inspected"), refused("Inspected"));
        assert_ne!(refused("Inspected"), refused("Fetched"));
        assert_eq!(refused("Inspected").len(), 23);
    }

    #[test]
    fn a_replay_believes_nobody_whom_the_stage_would_not() {
        let believed = |letter: &Incoming| is_believed(StageName::Verdict, letter);
        assert!(believed(&letter("verdict", "Inspected")), "buried by the stage");
        assert!(believed(&letter("scan", "Inspected")), "buried by the broker");
        assert!(!believed(&letter("fetch", "Inspected")));
        assert!(!believed(&letter("", "Inspected")));
        let stray = Incoming {
            stray: true,
            ..letter("scan", "Inspected")
        };
        let refused = Incoming {
            request_id: String::new(),
            ..letter("verdict", "Inspected")
        };
        assert!(!believed(&stray) && !believed(&refused));
    }
}
