//! Tokens from key file to claims, and everything that is no token.

use std::os::unix::fs::PermissionsExt as _;

use airlock_policy::{Cleared, Definition, Facts, GapClasses, Route, Sandbox, decide};
use airlock_proto::{Claims, Classification, Coverage, Delivery, FetchOutcome};
use airlock_token::{Keyring, SigningKey, TokenError, mint};

const NOW: i64 = 1_700_000_000_000;

fn cleared(classification: Classification, damaged: bool) -> Option<Cleared> {
    let facts = Facts {
        fetch: FetchOutcome::Downloaded,
        deadline_passed: false,
        delivery: Delivery::Download,
        listed: true,
        classification: Some(classification),
        gaps: GapClasses {
            damaged,
            ..GapClasses::default()
        },
        coverage: if damaged { Coverage::Partial } else { Coverage::Complete },
        sandbox: Sandbox::NotAsked,
        route: Route::Inbound,
        findings: vec![],
        unseen: vec![],
    };
    decide(&facts, &Definition::default()).cleared
}

fn clean() -> Cleared {
    cleared(Classification::Clean, false).expect("a clean file is handed out")
}

fn claims() -> Claims {
    Claims {
        token_id: "t-1".into(),
        tenant: "acme".into(),
        recipient: "jo@acme.example".into(),
        service: "click".into(),
        request_id: "r-1".into(),
        blob_key: "acme/r-1/blob".into(),
        sha256: "ab".repeat(32),
        size: 12,
        file_name: "räksmörgås \"\u{202e}.pdf".into(),
        needs_ack: false,
        policy: "p@1".into(),
        bundle: "b@1".into(),
        expires_ms: NOW + 1000,
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate([seed; 32])
}

fn ring(keys: &[&SigningKey]) -> Keyring {
    Keyring::new(keys.iter().map(|key| key.public().clone()))
}

#[test]
fn the_same_claims_are_the_same_token() {
    let token = mint(&key(1), clean(), claims());
    assert_eq!(token, mint(&key(1), clean(), claims()));
    assert!(token.starts_with("v4.public."));
    assert_eq!(ring(&[&key(1)]).verify(&token, NOW), Ok(claims()));
    // It stands in a link as it is.
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
}

#[test]
fn the_decision_says_whether_a_risk_is_to_be_accepted() {
    let asked = Claims {
        needs_ack: true,
        ..claims()
    };
    let token = mint(&key(1), clean(), asked);
    assert!(!ring(&[&key(1)]).verify(&token, NOW).unwrap().needs_ack);
    let warned = cleared(Classification::Clean, true).expect("a damaged file is warned of");
    let token = mint(&key(1), warned, claims());
    assert!(ring(&[&key(1)]).verify(&token, NOW).unwrap().needs_ack);
    assert!(cleared(Classification::Malicious, false).is_none());
}

#[test]
fn it_ends_to_the_millisecond_and_then_still_says_what_it_was() {
    let token = mint(&key(1), clean(), claims());
    let ring = ring(&[&key(1)]);
    assert!(ring.verify(&token, NOW + 999).is_ok());
    assert_eq!(ring.verify(&token, NOW + 1000), Err(TokenError::Expired(Box::new(claims()))));
    assert!(matches!(ring.verify(&token, i64::MAX), Err(TokenError::Expired(_))));
}

#[test]
fn keys_rotate_by_their_id() {
    let (old, new) = (key(1), key(2));
    let tokens = [mint(&old, clean(), claims()), mint(&new, clean(), claims())];
    let both = ring(&[&old, &new]);
    assert!(tokens.iter().all(|token| both.verify(token, NOW).is_ok()));
    assert_eq!(ring(&[&new]).verify(&tokens[0], NOW), Err(TokenError::UnknownKey));
    assert_eq!(both.ids().len(), 2);
    // The name of the one key on the signature of the other.
    let (body, _) = tokens[0].rsplit_once('.').unwrap();
    let (_, footer) = tokens[1].rsplit_once('.').unwrap();
    assert_eq!(both.verify(&format!("{body}.{footer}"), NOW), Err(TokenError::Forged));
    assert_eq!(both.verify(body, NOW), Err(TokenError::Broken), "a token without a key");
}

#[test]
fn no_changed_character_and_no_cut_goes_through() {
    let token = mint(&key(1), clean(), claims());
    let ring = ring(&[&key(1)]);
    for index in 0..token.len() {
        for bit in 0..7 {
            let mut bytes = token.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ring.verify(&changed, NOW).is_err(), "character {index}, bit {bit}");
        }
        assert!(ring.verify(&token[..index], NOW).is_err(), "cut at {index}");
        assert!(ring.verify(&token[index + 1..], NOW).is_err(), "cut before {index}");
    }
    for added in [
        format!("{token}A"),
        format!("{token}."),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
    ] {
        assert!(ring.verify(&added, NOW).is_err());
    }
}

#[test]
fn other_versions_and_purposes_are_no_tokens() {
    let token = mint(&key(1), clean(), claims());
    let ring = ring(&[&key(1)]);
    let rest = token.strip_prefix("v4.public.").unwrap();
    for header in [
        "v1.public.",
        "v2.public.",
        "v3.public.",
        "v4.local.",
        "v2.local.",
        "V4.public.",
        "v4.Public.",
        "v4.public..",
        "v5.public.",
        "",
    ] {
        assert_eq!(ring.verify(&format!("{header}{rest}"), NOW), Err(TokenError::Broken), "{header}");
    }
    // A JSON web token, unsigned and signed with the public key as a secret, is nothing here.
    for jwt in [
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
        "",
        ".",
        "v4.public.",
        "v4.public.AAAA.AAAA",
    ] {
        assert_eq!(ring.verify(jwt, NOW), Err(TokenError::Broken), "{jwt}");
    }
    assert_eq!(ring.verify(&"v4.public.A".repeat(9000), NOW), Err(TokenError::Broken));
    assert_eq!(Keyring::default().verify(&token, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn keys_live_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, public) = (folder.path().join("secret"), folder.path().join("ring"));
    std::fs::create_dir(&public).unwrap();
    assert!(Keyring::from_dir(&public).unwrap_err().to_string().contains("no public key"));
    key(7).to_file(&secret).unwrap();
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(key(8).to_file(&secret).is_err(), "a key is never overwritten");
    let read = SigningKey::from_file(&secret).unwrap();
    read.public().to_file(&public.join("one.pub")).unwrap();
    key(9).public().to_file(&public.join("two.pub")).unwrap();
    let ring = Keyring::from_dir(&public).unwrap();
    assert_eq!(ring.ids().len(), 2);
    assert_eq!(ring.verify(&mint(&read, clean(), claims()), NOW), Ok(claims()));
    assert!(!format!("{read:?}").contains("secret"));

    std::fs::copy(&secret, public.join("oops")).unwrap();
    let error = Keyring::from_dir(&public).unwrap_err().to_string();
    assert!(error.contains("secret key") && !error.contains("k4."), "{error}");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(SigningKey::from_file(&secret).unwrap_err().to_string().contains("chmod"));
    std::fs::write(public.join("oops"), "k4.public.AAAA").unwrap();
    assert!(Keyring::from_dir(&public).is_err());
}
