//! The address guard against a live listener on loopback: no spelling of a forbidden address brings a connection.

mod support;

use airlock_fetch::{Config, FetchError};
use airlock_proto::FetchOutcome;
use support::{Server, config, dns, fetch, serve_bytes, serve_raw};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Links to forbidden addresses; `{p}` is the port of the listener. The guard itself has to refuse each.
const ADDRESSES: &[&str] = &[
    // Loopback, IPv4.
    "http://127.0.0.1:{p}/",
    "http://127.0.0.1.:{p}/",
    "http://127.1:{p}/",
    "http://127.0.1:{p}/",
    "http://127.000.000.001:{p}/",
    "http://0177.0.0.1:{p}/",
    "http://0177.0.0.01:{p}/",
    "http://0177.1:{p}/",
    "http://0x7f.0.0.1:{p}/",
    "http://0x7f.1:{p}/",
    "http://0x7f.0x0.0x0.0x1:{p}/",
    "http://0x7f000001:{p}/",
    "http://0X7F000001:{p}/",
    "http://2130706433:{p}/",
    "http://017700000001:{p}/",
    "http://127.0x1:{p}/",
    "http://127.0.0.0x1:{p}/",
    "http://0x7f.0.1:{p}/",
    "http://127.0.0.2:{p}/",
    "http://127.255.255.254:{p}/",
    "http://①②⑦.⓪.⓪.①:{p}/",
    "http://１２７.0.0.1:{p}/",
    "http://127。0。0。1:{p}/",
    "http://127．0．0．1:{p}/",
    "http://127｡0｡0｡1:{p}/",
    "http://%31%32%37.0.0.1:{p}/",
    "http://127%2e0%2e0%2e1:{p}/",
    "http://1\t27.0.0.1:{p}/",
    "http://127.0.0.1\n:{p}/",
    "  http://127.0.0.1:{p}/",
    "http:\\\\127.0.0.1:{p}\\",
    "http:///127.0.0.1:{p}/",
    "http:/127.0.0.1:{p}/",
    "http:127.0.0.1:{p}/",
    "HTTP://127.0.0.1:{p}/",
    "http://@127.0.0.1:{p}/",
    "http://127.0.0.1:{p}#@a.example/",
    "http://127.0.0.1:{p}?@a.example/",
    "http://127.0.0.1:{p}\\@a.example/",
    "https://127.0.0.1:{p}/",
    // This network: it leads to loopback on most systems.
    "http://0:{p}/",
    "http://0.:{p}/",
    "http://00:{p}/",
    "http://0x0:{p}/",
    "http://0.0.0.0:{p}/",
    "http://0.1:{p}/",
    // Loopback, IPv6, and all that stands for it.
    "http://[::1]:{p}/",
    "http://[0:0:0:0:0:0:0:1]:{p}/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{p}/",
    "http://[::0.0.0.1]:{p}/",
    "http://[::]:{p}/",
    "http://[::127.0.0.1]:{p}/",
    "http://[::7f00:1]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/",
    "http://[0:0:0:0:0:FFFF:7F00:1]:{p}/",
    "http://[::ffff:0:127.0.0.1]:{p}/",
    "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b::7f00:1]:{p}/",
    "http://[64:ff9b:1::7f00:1]:{p}/",
    "http://[2002:7f00:1::]:{p}/",
    "http://[2002:7f00:1:1::1]:{p}/",
    "http://[2001:0:7f00:1::]:{p}/",
    "http://[2001::80ff:fffe]:{p}/",
    "http://[2a00:1::5efe:7f00:1]:{p}/",
    "http://[2a00:1::200:5efe:127.0.0.1]:{p}/",
    // Private, carrier, link-local, metadata.
    "http://10.0.0.1:{p}/",
    "http://012.1:{p}/",
    "http://100.64.0.1:{p}/",
    "http://100.100.100.200:{p}/",
    "http://169.254.169.254:{p}/",
    "http://0xa9fea9fe:{p}/",
    "http://2852039166:{p}/",
    "http://0251.0376.0251.0376:{p}/",
    "http://[::ffff:169.254.169.254]:{p}/",
    "http://[::ffff:a9fe:a9fe]:{p}/",
    "http://172.16.0.1:{p}/",
    "http://172.31.255.255:{p}/",
    "http://192.168.0.1:{p}/",
    "http://192.168.257:{p}/",
    "http://192.0.0.192:{p}/",
    "http://168.63.129.16:{p}/",
    "http://[fd00:ec2::254]:{p}/",
    "http://[fd20:ce::254]:{p}/",
    "http://[fc00::1]:{p}/",
    "http://[fe80::1]:{p}/",
    "http://[fec0::1]:{p}/",
    // Never public.
    "http://192.0.2.1:{p}/",
    "http://198.18.0.1:{p}/",
    "http://198.51.100.1:{p}/",
    "http://203.0.113.1:{p}/",
    "http://192.88.99.1:{p}/",
    "http://224.0.0.1:{p}/",
    "http://240.0.0.1:{p}/",
    "http://255.255.255.255:{p}/",
    "http://[ff02::1]:{p}/",
    "http://[2001:db8::1]:{p}/",
    "http://[100::1]:{p}/",
    "http://[3fff::1]:{p}/",
    "http://[5f00::1]:{p}/",
    "http://[2620:4f:8000::1]:{p}/",
    "http://[2001:10::1]:{p}/",
];

/// Links that are refused before there is an address.
const OTHERS: &[&str] = &[
    "http://localhost:{p}/",
    "http://LOCALHOST:{p}/",
    "http://localhost.:{p}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/",
    "http://a.localhost:{p}/",
    "http://localhost6:{p}/",
    "http://localhost.localdomain:{p}/",
    "http://printer.local:{p}/",
    "http://metadata:{p}/",
    "http://metadata.google.internal.:{p}/",
    "http://api.default.svc:{p}/",
    "http://api.default.svc.cluster.local:{p}/",
    "http://nas.home.arpa:{p}/",
    "http://x.onion:{p}/",
    "http://localhost..:{p}/",
    "http://a.example:80@127.0.0.1:{p}/",
    "http://a.example@127.0.0.1:{p}/",
    "http://a.example%40127.0.0.1:{p}/",
    "http://[]:{p}/",
    "http://:{p}/",
    "http://[::1%25lo]:{p}/",
    "http://127.0.0.1:{p}@127.0.0.1:{p}/",
    "gopher://127.0.0.1:{p}/",
    "ftp://127.0.0.1:{p}/",
    "file://127.0.0.1/etc/passwd",
    "ws://127.0.0.1:{p}/",
    "dict://127.0.0.1:{p}/",
    "//127.0.0.1:{p}/",
    "http://256.0.0.1:{p}/",
    "http://0x7f.0.0.0.1:{p}/",
];

async fn live_listener() -> (Server, Option<Server>) {
    let v4 = serve_bytes("127.0.0.1:0", OK).await;
    let at6 = format!("[::1]:{}", v4.addr.port());
    let has_v6 = std::net::TcpListener::bind(&at6).is_ok();
    let v6 = if has_v6 { Some(serve_bytes(&at6, OK).await) } else { None };
    (v4, v6)
}

/// The listener's own port is on the list, so that nothing but the guard stands before it.
fn open_port(server: &Server) -> Config {
    Config {
        ports: vec![server.addr.port()],
        ..config(&[])
    }
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_connects() {
    let (v4, v6) = live_listener().await;
    assert!(ADDRESSES.len() >= 80, "{} spellings", ADDRESSES.len());
    for (link, guarded) in ADDRESSES.iter().map(|l| (l, true)).chain(OTHERS.iter().map(|l| (l, false))) {
        let link = link.replace("{p}", &v4.addr.port().to_string());
        let (result, bytes) = fetch(open_port(&v4), &link).await;
        let error = result.expect_err(&link);
        assert_eq!(error.kind(), FetchOutcome::Refused, "{link}: {error}");
        assert_eq!(matches!(error, FetchError::Address { .. }), guarded, "{link}: {error}");
        assert!(bytes.is_empty() && !error.coarse().contains("127"), "{link}");
    }
    assert_eq!(v4.connections().await, 0);
    if let Some(v6) = v6 {
        assert_eq!(v6.connections().await, 0);
    }
}

#[tokio::test]
async fn the_listener_would_have_seen_them() {
    let (v4, _) = live_listener().await;
    for link in [
        "http://127.1:{p}/",
        "http://0x7f000001:{p}/",
        "http://①②⑦.⓪.⓪.①:{p}/",
        "http://[::ffff:127.0.0.1]:{p}/",
    ] {
        let link = link.replace("{p}", &v4.addr.port().to_string());
        let (result, bytes) = fetch(config(&["127.0.0.1/32"]), &link).await;
        assert_eq!((result.expect("allowed").len, bytes.as_slice()), (2, b"ok".as_slice()), "{link}");
    }
    assert_eq!(v4.connections().await, 4);
}

#[tokio::test]
async fn no_name_that_resolves_to_a_forbidden_address_connects() {
    let (v4, v6) = live_listener().await;
    let forbidden = [
        "127.0.0.1",
        "127.0.0.53",
        "0.0.0.0",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fd00::1",
        "fe80::1",
    ];
    let names = dns(move |name, _, _| {
        let index: usize = name
            .trim_start_matches('n')
            .trim_end_matches(".files.example")
            .parse()
            .expect("a number");
        vec![forbidden[index].parse().expect("an address")]
    })
    .await;
    for (index, ip) in forbidden.iter().enumerate() {
        let settings = Config {
            nameservers: vec![names.addr],
            ..open_port(&v4)
        };
        let (result, _) = fetch(settings, &format!("http://n{index}.files.example:{}/", v4.addr.port())).await;
        assert!(matches!(result, Err(FetchError::Address { .. })), "{ip}: {result:?}");
    }
    assert_eq!(v4.connections().await, 0);
    if let Some(v6) = v6 {
        assert_eq!(v6.connections().await, 0);
    }
}

#[tokio::test]
async fn no_redirect_leads_to_loopback() {
    let (v4, _) = live_listener().await;
    let port = v4.addr.port();
    let targets = [
        "http://127.0.0.1:{p}/",
        "//127.1:{p}/",
        "http://[::1]:{p}/",
        "http://[::ffff:7f00:1]:{p}/",
        "http://localhost:{p}/",
        "http:\\\\0x7f000001:{p}",
        "gopher://127.0.0.1:{p}/",
        "http://u:p@127.0.0.1:{p}/",
    ];
    for target in targets {
        let location = target.replace("{p}", &port.to_string());
        for status in [301, 302, 303, 307, 308] {
            let answer = format!("HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let front = serve_bytes("127.0.0.2:0", answer).await;
            let settings = Config {
                ports: vec![port],
                ..config(&["127.0.0.2/32"])
            };
            let (result, _) = fetch(settings, &front.url("/")).await;
            let error = result.expect_err(&location);
            assert_eq!(error.kind(), FetchOutcome::Refused, "{location}: {error}");
            assert_eq!(front.requests().len(), 1);
        }
    }
    assert_eq!(v4.connections().await, 0);
}

#[tokio::test]
async fn ports_and_denials_hold() {
    let silent = serve_raw("127.0.0.1:0", |_, _| async {}).await;
    let (result, _) = fetch(config(&[]), "http://files.example:22/").await;
    assert!(matches!(result, Err(FetchError::Port(22))), "{result:?}");
    let denied = Config {
        deny_addresses: vec!["127.0.0.1/32".parse().expect("a range")],
        ..config(&["127.0.0.0/8"])
    };
    let (result, _) = fetch(denied, &silent.url("/")).await;
    assert!(matches!(result, Err(FetchError::Address { .. })), "{result:?}");
    let denied = Config {
        deny_hosts: vec!["own.example".into()],
        ..config(&["127.0.0.0/8"])
    };
    let (result, _) = fetch(denied, "http://gateway.own.example/").await;
    assert!(matches!(result, Err(FetchError::Host { .. })), "{result:?}");
    assert_eq!(silent.connections().await, 0);
}
