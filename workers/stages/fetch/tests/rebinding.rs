//! Names whose answers change: each hop asks once, checks all that came, and connects to exactly that.

mod support;

use airlock_fetch::{Config, FetchError};
use support::{A, AAAA, config, dns, fetch, serve, serve_bytes};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Allowed stands for public here, so that no packet leaves loopback.
const PUBLIC: [u8; 4] = [127, 0, 0, 2];
const FORBIDDEN: [u8; 4] = [127, 0, 0, 1];

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let public = serve_bytes("127.0.0.2:0", OK).await;
    let port = public.addr.port();
    let inside = serve_bytes(&format!("127.0.0.1:{port}"), OK).await;
    // Every answer after the first is the forbidden one.
    let names = dns(|_, family, before| {
        if family == A {
            vec![if before == 0 { PUBLIC } else { FORBIDDEN }.into()]
        } else {
            Vec::new()
        }
    })
    .await;
    let settings = Config {
        nameservers: vec![names.addr],
        ports: vec![port],
        ..config(&["127.0.0.2/32"])
    };
    let (result, bytes) = fetch(settings, &format!("http://rebind.example:{port}/")).await;
    assert_eq!(result.expect("the first answer is allowed").len, 2);
    assert_eq!(bytes, b"ok");
    assert_eq!((names.asked("rebind.example", A), names.asked("rebind.example", AAAA)), (1, 1));
    assert_eq!((public.connections().await, inside.connections().await), (1, 0));
}

#[tokio::test]
async fn the_next_hop_asks_again_and_is_checked_again() {
    let public = serve("127.0.0.2:0", |mut stream, _| async move {
        support::finish(&mut stream, b"HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n").await;
    })
    .await;
    let port = public.addr.port();
    let inside = serve_bytes(&format!("127.0.0.1:{port}"), OK).await;
    let names = dns(|_, family, before| {
        if family == A {
            vec![if before == 0 { PUBLIC } else { FORBIDDEN }.into()]
        } else {
            Vec::new()
        }
    })
    .await;
    let settings = Config {
        nameservers: vec![names.addr],
        ports: vec![port],
        ..config(&["127.0.0.2/32"])
    };
    let (result, _) = fetch(settings, &format!("http://rebind.example:{port}/")).await;
    assert!(
        matches!(&result, Err(FetchError::Address { addr, .. }) if *addr == std::net::IpAddr::from(FORBIDDEN)),
        "{result:?}"
    );
    assert_eq!(names.asked("rebind.example", A), 2);
    assert_eq!((public.connections().await, inside.connections().await), (1, 0));
}

#[tokio::test]
async fn an_answer_that_mixes_addresses_is_refused_before_any_connection() {
    let public = serve_bytes("127.0.0.2:0", OK).await;
    let port = public.addr.port();
    let inside = serve_bytes(&format!("127.0.0.1:{port}"), OK).await;
    let mixes: [Vec<std::net::IpAddr>; 4] = [
        vec![PUBLIC.into(), FORBIDDEN.into()],
        vec![FORBIDDEN.into(), PUBLIC.into()],
        vec![PUBLIC.into(), PUBLIC.into(), FORBIDDEN.into()],
        vec![PUBLIC.into(), "::1".parse().expect("an address")],
    ];
    for mix in mixes {
        let answer = mix.clone();
        let names = dns(move |_, _, _| answer.clone()).await;
        let settings = Config {
            nameservers: vec![names.addr],
            ports: vec![port],
            ..config(&["127.0.0.2/32"])
        };
        let (result, _) = fetch(settings, &format!("http://mix.example:{port}/")).await;
        assert!(matches!(result, Err(FetchError::Address { .. })), "{mix:?}: {result:?}");
    }
    assert_eq!((public.connections().await, inside.connections().await), (0, 0));
}

#[tokio::test]
async fn the_same_address_twice_is_one_connection() {
    let public = serve_bytes("127.0.0.2:0", OK).await;
    let port = public.addr.port();
    let names = dns(|_, _, _| vec![PUBLIC.into(), PUBLIC.into()]).await;
    let settings = Config {
        nameservers: vec![names.addr],
        ..config(&["127.0.0.2/32"])
    };
    let (result, _) = fetch(settings, &format!("http://twice.example:{port}/")).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(public.connections().await, 1);
}

#[tokio::test]
async fn a_dead_address_falls_over_to_the_next_checked_one_without_a_second_question() {
    let public = serve_bytes("127.0.0.3:0", OK).await;
    let port = public.addr.port();
    let names = dns(|_, _, _| vec![PUBLIC.into(), [127, 0, 0, 3].into()]).await;
    let settings = Config {
        nameservers: vec![names.addr],
        ..config(&["127.0.0.2/31"])
    };
    let (result, _) = fetch(settings, &format!("http://two.example:{port}/")).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!((names.asked("two.example", A), names.asked("two.example", AAAA)), (1, 1));
}

#[tokio::test]
async fn a_reserved_name_is_not_even_asked_for_and_an_allowed_one_is() {
    let public = serve_bytes("127.0.0.2:0", OK).await;
    let port = public.addr.port();
    let names = dns(|_, family, _| if family == A { vec![PUBLIC.into()] } else { Vec::new() }).await;
    let link = format!("http://files.internal:{port}/");
    let closed = Config {
        nameservers: vec![names.addr],
        ports: vec![port],
        ..config(&[])
    };
    let (result, _) = fetch(closed, &link).await;
    assert!(matches!(result, Err(FetchError::Host { .. })), "{result:?}");
    assert_eq!(names.asked("files.internal", A), 0);
    let open = Config {
        nameservers: vec![names.addr],
        ..config(&["127.0.0.2/32"])
    };
    let (result, _) = fetch(open, &link).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(names.asked("files.internal", A), 1);
}

#[tokio::test]
async fn no_answer_and_no_address_are_unreachable() {
    let empty = dns(|_, _, _| Vec::new()).await;
    let settings = Config {
        nameservers: vec![empty.addr],
        ..config(&[])
    };
    let (result, _) = fetch(settings, "http://nowhere.example/").await;
    assert_eq!(
        result.expect_err("no address").to_string(),
        "nowhere.example does not resolve: no address"
    );
    // A name server that takes the question and says nothing.
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free loopback port");
    let settings = Config {
        nameservers: vec![silent.local_addr().expect("bound")],
        connect_timeout_ms: 300,
        ..config(&[])
    };
    let (result, _) = fetch(settings, "http://nowhere.example/").await;
    assert!(
        matches!(
            result,
            Err(FetchError::Timeout {
                what: "the name lookup",
                ..
            })
        ),
        "{result:?}"
    );
}
