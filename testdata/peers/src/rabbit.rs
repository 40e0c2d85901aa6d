//! A private RabbitMQ: its own folder, ports, node name, cookie and port mapper, all on loopback.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

/// Name and password of the administrator that a fresh broker has.
pub const ADMIN: &str = "admin";

const BIN: &str = "/usr/lib/rabbitmq/bin";
const PATIENCE: Duration = Duration::from_secs(120);
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running RabbitMQ with the management plugin; dropped, it is killed and its folder removed.
pub struct RabbitMq {
    folder: TempDir,
    node: String,
    amqp: u16,
    http: u16,
    tls: u16,
    https: u16,
    distribution: u16,
    mapper_port: u16,
    user: Option<(u32, u32)>,
    mapper: Child,
    server: Option<Child>,
}

impl RabbitMq {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// RabbitMQ is not installed, or it did not come up within two minutes; the text has the end of its log.
    pub fn start() -> io::Result<Self> {
        Self::start_with(None)
    }

    /// The same, speaking TLS on a port of its own as well: with a certificate and its key, both PEM.
    ///
    /// # Errors
    /// As [`RabbitMq::start`].
    pub fn start_with(tls: Option<(&str, &str)>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("airlock-rabbit-").tempdir()?;
        let user = service_user()?;
        let node = format!("airlock-{}-{}@localhost", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let [amqp, http, tls_port, https, distribution, mapper_port] = free_ports()?;
        write_configuration(folder.path(), amqp, http)?;
        if let Some((certificate, key)) = tls {
            write_tls(folder.path(), [tls_port, https], certificate, key)?;
        }
        if let Some((uid, gid)) = user {
            hand_over(folder.path(), uid, gid)?;
        }
        // Started here, not by Erlang: a port mapper that Erlang starts is a daemon that would outlive us.
        let mapper = command("/usr/bin/epmd", folder.path(), user)
            .args(["-address", "127.0.0.1", "-port", &mapper_port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut rabbit = RabbitMq {
            folder,
            node,
            amqp,
            http,
            tls: tls_port,
            https,
            distribution,
            mapper_port,
            user,
            mapper,
            server: None,
        };
        rabbit.start_again()?;
        Ok(rabbit)
    }

    /// Starts it again after [`RabbitMq::stop`] or [`RabbitMq::kill`], on the same ports and data.
    ///
    /// # Errors
    /// It did not come up.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.kill();
        let log = File::options().create(true).append(true).open(self.path("console.log"))?;
        let mut server = self.erlang("rabbitmq-server");
        server.stdout(log.try_clone()?).stderr(log);
        self.server = Some(server.spawn()?);
        self.wait_until_up()
    }

    /// Stops it in good order.
    pub fn stop(&mut self) {
        let beam = fs::read_to_string(self.path("pid")).ok().and_then(|text| text.trim().parse().ok());
        if let (Some(beam), Some(server)) = (beam.and_then(Pid::from_raw), self.server.as_mut()) {
            let _ = kill_process(beam, Signal::TERM);
            let until = Instant::now() + Duration::from_secs(30);
            while Instant::now() < until && matches!(server.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        self.kill();
    }

    /// Kills it, as a machine that loses its power does.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            end_group(server);
        }
        let _ = fs::remove_file(self.path("pid"));
    }

    /// Halts it: it keeps its connections, and answers nothing until [`RabbitMq::thaw`].
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`RabbitMq::freeze`].
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.server.as_ref().and_then(group_of) {
            let _ = kill_process_group(group, signal);
        }
    }

    /// Runs `rabbitmqctl`.
    ///
    /// # Errors
    /// It could not be run, or it failed; the text has what it said.
    pub fn ctl(&self, args: &[&str]) -> io::Result<String> {
        let output = self.erlang("rabbitmqctl").arg("-n").arg(&self.node).args(args).output()?;
        said(output)
    }

    /// Address for AMQP with a name and a password, in the vhost `airlock`.
    pub fn amqp_url(&self, user: &str, password: &str) -> String {
        format!("amqp://{user}:{password}@127.0.0.1:{}/airlock", self.amqp)
    }

    /// Port of AMQP on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.amqp
    }

    /// Port of AMQP over TLS on 127.0.0.1, where it was started with a certificate.
    pub fn tls_port(&self) -> u16 {
        self.tls
    }

    /// Address of the management interface; [`ADMIN`] is its user and password.
    pub fn management(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// The same over TLS, where it was started with a certificate for `localhost`.
    pub fn management_tls(&self) -> String {
        format!("https://localhost:{}", self.https)
    }

    /// All that the server logged.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.path(name)).unwrap_or_default();
        read("rabbit.log") + &read("console.log")
    }

    fn end_of_log(&self) -> String {
        let log = self.log();
        log.chars().skip(log.chars().count().saturating_sub(6000)).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn erlang(&self, program: &str) -> Command {
        let mut command = command(&format!("{BIN}/{program}"), self.folder.path(), self.user);
        let loopback = "-kernel inet_dist_use_interface {127,0,0,1}";
        command
            .env("RABBITMQ_NODENAME", &self.node)
            .env("RABBITMQ_MNESIA_BASE", self.path("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.folder.path())
            .env("RABBITMQ_LOGS", self.path("rabbit.log"))
            .env("RABBITMQ_PID_FILE", self.path("pid"))
            .env("RABBITMQ_CONFIG_FILE", self.path("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", self.path("none.config"))
            .env("RABBITMQ_CONF_ENV_FILE", self.path("none-env.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.path("enabled_plugins"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", self.path("generated"))
            .env("RABBITMQ_DIST_PORT", self.distribution.to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", loopback)
            .env("RABBITMQ_CTL_ERL_ARGS", loopback)
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command
    }

    fn wait_until_up(&mut self) -> io::Result<()> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(Ok(Some(status))) = self.server.as_mut().map(Child::try_wait) {
                return Err(io::Error::other(format!("RabbitMQ ended with {status}:\n{}", self.end_of_log())));
            }
            if speaks_amqp(self.amqp) && TcpStream::connect(("127.0.0.1", self.http)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(io::Error::other(format!("RabbitMQ did not come up:\n{}", self.end_of_log())))
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.kill();
        let _ = self.mapper.kill();
        let _ = self.mapper.wait();
    }
}

/// A program in its own process group with an empty environment, as the user of the service.
fn command(program: &str, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .current_dir(folder)
        .stdin(Stdio::null())
        .process_group(0);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// User and group `rabbitmq` when we are root, which RabbitMQ refuses to be.
fn service_user() -> io::Result<Option<(u32, u32)>> {
    if !rustix::process::getuid().is_root() {
        return Ok(None);
    }
    let id = |what| -> io::Result<u32> {
        let text = said(Command::new("id").args([what, "rabbitmq"]).output()?)?;
        text.trim().parse().map_err(io::Error::other)
    };
    Ok(Some((id("-u")?, id("-g")?)))
}

fn write_configuration(folder: &Path, amqp: u16, http: u16) -> io::Result<()> {
    let configuration = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {http}\n\
         default_user = {ADMIN}\ndefault_pass = {ADMIN}\ndefault_user_tags.administrator = true\n\
         disk_free_limit.absolute = 10MB\nlog.file.level = info\ncollect_statistics_interval = 1000\n"
    );
    fs::write(folder.join("rabbitmq.conf"), configuration)?;
    fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n")?;
    let cookie = folder.join(".erlang.cookie");
    // It guards nothing but a node on loopback that lives as long as the test; it only has to differ from other nodes.
    let secret = folder.file_name().unwrap_or_default().to_string_lossy().replace('-', "");
    fs::write(&cookie, secret)?;
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))
}

fn write_tls(folder: &Path, [amqps, https]: [u16; 2], certificate: &str, key: &str) -> io::Result<()> {
    let (certificate_file, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
    fs::write(&certificate_file, certificate)?;
    fs::write(&key_file, key)?;
    let (certificate, key) = (certificate_file.display(), key_file.display());
    let more = format!(
        "listeners.ssl.1 = 127.0.0.1:{amqps}\nssl_options.cacertfile = {certificate}\nssl_options.certfile = {certificate}\n\
         ssl_options.keyfile = {key}\nssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n\
         management.ssl.ip = 127.0.0.1\nmanagement.ssl.port = {https}\nmanagement.ssl.cacertfile = {certificate}\n\
         management.ssl.certfile = {certificate}\nmanagement.ssl.keyfile = {key}\n"
    );
    File::options()
        .append(true)
        .open(folder.join("rabbitmq.conf"))?
        .write_all(more.as_bytes())
}

fn hand_over(folder: &Path, uid: u32, gid: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        std::os::unix::fs::chown(entry?.path(), Some(uid), Some(gid))?;
    }
    std::os::unix::fs::chown(folder, Some(uid), Some(gid))
}

fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    // All are held until the last is known, so that they differ.
    let mut held = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Whether the server answers the protocol header of AMQP 0-9-1 with a method frame.
fn speaks_amqp(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut first = [0; 1];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok() && stream.read_exact(&mut first).is_ok() && first == [1]
}

fn end_group(mut child: Child) {
    if let Some(group) = group_of(&child) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// It leads its own group.
fn group_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn said(output: Output) -> io::Result<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(io::Error::other(text + &String::from_utf8_lossy(&output.stderr)))
}
