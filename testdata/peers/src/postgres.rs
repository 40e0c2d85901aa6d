//! A private PostgreSQL 15: its own cluster in a temporary folder, on a free loopback port, with a password.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Where Debian keeps what is not for everybody's PATH: a folder a version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// How long it may take to come up or to go down.
const PATIENCE: &str = "60";

/// A running server; dropped, it is stopped and its folder is gone.
pub struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// The superuser's password; letters that an address can carry.
    pub const PASSWORD: &'static str = "of-the-tests-only";

    /// Makes a cluster with durable writes and waits until it answers. Panics with what the server said when it cannot.
    pub fn start() -> Postgres {
        let folder = tempfile::Builder::new()
            .prefix("airlock-postgres-")
            .tempdir()
            .expect("a temporary folder");
        std::fs::write(folder.path().join("password"), Postgres::PASSWORD).expect("write the password");
        if is_root() {
            // It refuses root; its own user must own all of the folder.
            run(Command::new("chown").args(["-R", "postgres"]).arg(folder.path()));
        }
        let server = Postgres { port: free_port(), folder };
        let mut initdb = server.command("initdb");
        initdb.args([
            "--no-sync",
            "--auth=scram-sha-256",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
        ]);
        run(initdb
            .arg("--pwfile")
            .arg(server.password_file())
            .arg("--pgdata")
            .arg(server.data()));
        server.start_again();
        server
    }

    /// Starts a stopped server on the same port and with the same data, and waits until it answers.
    pub fn start_again(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=200 -c shared_buffers=32MB",
            self.port
        );
        let log = self.folder.path().join("log");
        let mut start = self.control("start");
        start.arg("-l").arg(&log).arg("-o").arg(options);
        // The server keeps what it inherits: nothing of ours, or whoever reads our output waits for it.
        let out = start
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("pg_ctl");
        assert!(
            out.success(),
            "PostgreSQL does not start: {}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
        let begin = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "PostgreSQL does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as an operator would in a hurry: connections are cut, data is written.
    pub fn stop(&self) {
        run(self.control("stop").args(["-m", "fast"]));
    }

    /// Ends it as a power cut would: nothing is written any more, and the next start recovers.
    pub fn crash(&self) {
        run(self.control("stop").args(["-m", "immediate"]));
    }

    /// The address of a database as a user, without a password.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address for Airlock: the superuser in the database `postgres`; its password is in [`Postgres::password_file`].
    pub fn url(&self) -> String {
        self.url_as("postgres", "postgres")
    }

    /// The same with the password in it, for clients that take it so.
    pub fn admin_url(&self) -> String {
        self.url_as(&format!("postgres:{}", Postgres::PASSWORD), "postgres")
    }

    /// The file that holds [`Postgres::PASSWORD`].
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// Runs SQL as the superuser with `psql`; panics with its words when it is refused.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--dbname",
        ]);
        psql.arg(self.url_as(&format!("postgres:{}", Postgres::PASSWORD), database))
            .args(["--command", sql]);
        String::from_utf8_lossy(&run(&mut psql).stdout).trim().to_owned()
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, what: &str) -> Command {
        let mut command = self.command("pg_ctl");
        command.args([what, "-w", "-t", PATIENCE, "-D"]).arg(self.data());
        command
    }

    /// One of the server's programs, as its own user under root, and with nothing of our environment.
    fn command(&self, program: &str) -> Command {
        let path = bin().join(program);
        let mut command = if is_root() {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", "postgres", "--"]).arg(path);
            runuser
        } else {
            Command::new(path)
        };
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LC_ALL", "C")
            .current_dir(self.folder.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Stopped already, by a test, is fine.
        let _ = self
            .control("stop")
            .args(["-m", "immediate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn is_root() -> bool {
    let me = std::fs::metadata("/proc/self").expect("/proc/self");
    std::os::unix::fs::MetadataExt::uid(&me) == 0
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|l| l.local_addr())
        .expect("a free port")
        .port()
}

/// Programs of the newest version that is installed whole.
fn bin() -> PathBuf {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let bins = versions
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file());
    let newest = bins.max_by_key(|bin| bin.parent().and_then(Path::file_name).and_then(|v| v.to_str()?.parse::<u32>().ok()));
    newest.unwrap_or_else(|| panic!("no PostgreSQL server below {VERSIONS}; install Debian's postgresql"))
}
