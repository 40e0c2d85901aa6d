//! The values that the cells of the decision table can take, in the words of the definition file.

use serde::{Deserialize, Serialize};

macro_rules! cells {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
    )+};
}

cells! {
    /// What starts the action.
    Trigger {
        /// Only what looks suspicious.
        ThreatDetected,
        /// Every file of a searched type, as the published guide says it.
        FileDetected,
    }
    /// What follows for a download. Malicious files are blocked whatever it says.
    Action {
        /// It is not handed out.
        Block,
        /// It is handed out after *Accept Risk*.
        Warn,
        /// The sandbox decides.
        Sandbox,
    }
    /// What follows for a suspicious page.
    UnsafeLink {
        /// The person does not reach it.
        Block,
        /// The person may go on.
        Warn,
    }
    /// What follows for a link that could not be checked. Release is not offered.
    Unchecked {
        /// Blocked, with *try again*.
        Block,
        /// The person may go on.
        Warn,
    }
    /// What follows for a page with a gap.
    PageCell {
        /// Go on as if it had none.
        Release,
        /// The person may go on.
        Warn,
        /// The person does not reach it.
        Block,
    }
    /// What follows for types that are not searched for (programs, disk images, unknown).
    OtherTypes {
        /// They are judged as the others are.
        Scan,
        /// Blocked.
        Block,
        /// Released unscanned, unless malicious.
        Pass,
    }
    /// What follows for an encrypted download.
    PasswordCell {
        /// Blocked until the person gives the password.
        Ask,
        /// Handed out after *Accept Risk*.
        Warn,
        /// The sandbox is asked.
        Sandbox,
        /// Blocked.
        Block,
    }
    /// What follows for a download with another gap. Release is not offered: never silently clean.
    GapCell {
        /// Handed out after *Accept Risk*.
        Warn,
        /// The sandbox is asked.
        Sandbox,
        /// Blocked.
        Block,
    }
    /// What follows when the sandbox gives no answer. Release is not offered.
    SandboxTimeout {
        /// Blocked.
        Block,
        /// Handed out after *Accept Risk*.
        Warn,
    }
}
