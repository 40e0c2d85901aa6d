//! The private RabbitMQ starts, stops, starts again and leaves nothing behind.

use airlock_peers::rabbit::RabbitMq;

#[test]
fn it_starts_and_starts_again() {
    let mut rabbit = RabbitMq::start().unwrap();
    rabbit.ctl(&["add_vhost", "kept"]).unwrap();
    rabbit.stop();
    closes(rabbit.port());
    rabbit.start_again().unwrap();
    assert!(rabbit.ctl(&["list_vhosts"]).unwrap().contains("kept"));
    assert!(rabbit.ctl(&["no_such_command"]).is_err());
    let port = rabbit.port();
    drop(rabbit);
    closes(port);
}

/// A killed server's port is freed by the system a moment later.
fn closes(port: u16) {
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("port {port} is still served");
}
