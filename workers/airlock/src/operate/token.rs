//! `airlock token`: what a token says, and how it ends before its time.

use airlock_records::RevokeBy;
use airlock_token::TokenError;

use super::{place, say};
use crate::Outcome;
use crate::cli::{Global, TokenArgs, TokenCommand};
use crate::clock::now_ms;
use crate::config;
use crate::exit::Status;
use crate::line::parts::new_key;
use crate::line::run::runtime;

/// Runs the command.
pub fn run(global: &Global, args: &TokenArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    runtime()?.block_on(async move {
        if let TokenCommand::NewKey { file, public_dir } = &args.command {
            std::fs::create_dir_all(public_dir)?;
            let id = new_key(file, public_dir)?;
            say(&format!(
                "{id}: secret half in {}, public half in {}",
                file.display(),
                public_dir.display()
            ))?;
            return Ok(Status::Clean);
        }
        let place = place(&config, args.data_dir.as_ref()).await?;
        match &args.command {
            TokenCommand::NewKey { .. } => Ok(Status::Clean),
            TokenCommand::Verify { token } => {
                let claims = match place.keyring(&config)?.verify(token, now_ms()) {
                    Ok(claims) => claims,
                    Err(TokenError::Expired(claims)) => {
                        say(&format!("expired: it was for {}", claims.sha256))?;
                        return Ok(Status::Gap);
                    }
                    Err(error) => return Err(error.to_string().into()),
                };
                let records = place.records(&config, "gateway").await?;
                let row = records.token(&claims.token_id).await?;
                if let Some(why) = row.as_ref().and_then(|r| r.revoked_ms.and(r.revoked_why.clone())) {
                    say(&format!("revoked: {}", airlock_proto::text::escape(&why)))?;
                    return Ok(Status::Gap);
                }
                if row.is_none() {
                    return Err("the signature holds, and no such token was recorded".into());
                }
                say(&serde_json::to_string(&claims)?)?;
                Ok(Status::Clean)
            }
            TokenCommand::Revoke {
                token,
                sha256,
                request,
                reason,
            } => {
                let by = match (token, sha256, request) {
                    (Some(token), None, None) => match place.keyring(&config)?.verify(token, now_ms()) {
                        Ok(claims) => RevokeBy::Token(claims.token_id),
                        Err(TokenError::Expired(claims)) => RevokeBy::Token(claims.token_id),
                        Err(error) => return Err(error.to_string().into()),
                    },
                    (None, Some(sha256), None) if sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit()) => {
                        RevokeBy::Sha256(sha256.to_ascii_lowercase())
                    }
                    (None, Some(sha256), None) => {
                        return Err(format!("--sha256 {sha256}: a SHA-256 has 64 hexadecimal digits").into());
                    }
                    (None, None, Some(request)) => RevokeBy::Request(request.clone()),
                    _ => return Err("name one of --token, --sha256 and --request".into()),
                };
                let records = place.records(&config, "verdict").await?;
                let count = records.revoke(by, reason, now_ms()).await?;
                say(&format!("{count} revoked"))?;
                Ok(if count == 0 { Status::Gap } else { Status::Clean })
            }
        }
    })
}
