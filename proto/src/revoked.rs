//! What becomes of a verdict whose release was taken back.

use crate::v1::{Decision, Kind, Reason, Remedy, Verdict};

impl Verdict {
    /// The verdict as it stands after its token was revoked: blocked, with nothing to download, and a check anew for whoever clicks again.
    #[must_use]
    pub fn revoked(self) -> Verdict {
        Verdict {
            kind: Kind::None.into(),
            decision: Decision::Block.into(),
            remedy: Remedy::Retry.into(),
            needs_ack: false,
            token: String::new(),
            download_url: String::new(),
            expires_ms: 0,
            reasons: vec![Reason {
                id: "token.revoked".to_owned(),
                text: "The file was released, and the release was taken back.".to_owned(),
            }],
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_revoked_is_no_release() {
        let released = Verdict {
            kind: Kind::Download.into(),
            decision: Decision::Warn.into(),
            needs_ack: true,
            sha256: "ab".to_owned(),
            token: "v4.public.x".to_owned(),
            download_url: "https://gateway.example/d/v4.public.x".to_owned(),
            expires_ms: 7,
            ..Verdict::default()
        };
        let told = released.revoked();
        assert_eq!((told.kind(), told.decision(), told.needs_ack), (Kind::None, Decision::Block, false));
        assert!(told.token.is_empty() && told.download_url.is_empty() && told.expires_ms == 0);
        assert!(told.sha256 == "ab" && told.reasons[0].id == "token.revoked");
    }
}
