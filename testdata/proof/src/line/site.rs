//! A running line: the built `airlock` in one process over a folder, or in six over real servers that are started for it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use airlock_peers::Postgres;
use airlock_peers::rabbit::{ADMIN, RabbitMq};
use airlock_peers::s3::{ACCESS_KEY, BUCKET, S3};

use crate::scan::beside;

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// The stages of the six processes.
pub const PROCESSES: [&str; 6] = ["intake", "fetch", "scan", "sandbox", "verdict", "gateway"];
/// The calling services that the broker knows.
pub const SERVICES: [&str; 2] = ["clicks", "others"];
/// Somebody who is warned where others are blocked.
pub const CAREFUL_PERSON: &str = "careful@acme.example";
const CAREFUL: &str = "name = \"careful\"\nrecipients = [\"careful@acme.example\"]\npriority = 1\naction = \"warn\"\n";
/// Name of the one process of `airlock up`.
pub const UP: &str = "up";

/// What a cluster stands on.
pub struct Servers {
    /// The broker.
    pub rabbit: RabbitMq,
    /// The database.
    pub postgres: Postgres,
    /// The store.
    pub s3: S3,
}

/// A running line.
pub struct Site {
    folder: tempfile::TempDir,
    /// Present for six processes.
    pub servers: Option<Servers>,
    processes: BTreeMap<String, Child>,
    /// Set for every process.
    environment: Vec<(&'static str, String)>,
    admin: BTreeMap<String, String>,
    /// Address of the gateway.
    pub gateway: String,
}

impl Site {
    /// One process over a folder.
    pub fn folder() -> Try<Site> {
        Site::folder_with(&[])
    }

    /// The same with variables that override its configuration.
    pub fn folder_with(environment: &[(&'static str, &str)]) -> Try<Site> {
        let mut site = Site::new(None)?;
        site.environment = owned(environment);
        site.start(UP)?;
        site.gateway = fs::read_to_string(site.data_dir().join("gateway.url"))?;
        Ok(site)
    }

    /// Six processes over RabbitMQ, PostgreSQL and S3, set up by the product's own commands.
    pub fn cluster() -> Try<Site> {
        Site::cluster_with(&[])
    }

    /// The same with variables that override its configuration.
    pub fn cluster_with(environment: &[(&'static str, &str)]) -> Try<Site> {
        let mut site = Site::cluster_at_rest()?;
        site.environment = owned(environment);
        for name in PROCESSES {
            site.start(name)?;
        }
        Ok(site)
    }

    /// The same with its servers up and no process running.
    pub fn cluster_at_rest() -> Try<Site> {
        let servers = Servers {
            rabbit: RabbitMq::start()?,
            postgres: Postgres::start(),
            s3: S3::start(),
        };
        let mut site = Site::new(Some(servers))?;
        site.set_up()?;
        Ok(site)
    }

    fn new(servers: Option<Servers>) -> Try<Site> {
        let folder = tempfile::Builder::new().prefix("airlock-line-").tempdir()?;
        for policies in ["policies", "data/policies"] {
            fs::create_dir_all(folder.path().join(policies))?;
            fs::write(folder.path().join(policies).join("careful.toml"), CAREFUL)?;
        }
        Ok(Site {
            folder,
            servers,
            processes: BTreeMap::new(),
            environment: Vec::new(),
            admin: BTreeMap::new(),
            gateway: String::new(),
        })
    }

    /// Where everything of this site lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory of the one process.
    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// `airlock` with the arguments that lead to this site.
    pub fn airlock(&self, words: &[&str]) -> Try<Command> {
        let mut command = Command::new(beside("airlock")?);
        command.args(words).stdin(Stdio::null());
        if self.servers.is_some() {
            command.arg("--config").arg(self.path().join("airlock.toml"));
        } else {
            command.arg("--data-dir").arg(self.data_dir());
        }
        Ok(command)
    }

    fn set_up(&mut self) -> Try<()> {
        let Some(servers) = &self.servers else { return Ok(()) };
        let path = self.path().to_owned();
        for folder in ["broker", "database", "keys/public", "services", "log"] {
            fs::create_dir_all(path.join(folder))?;
        }
        let stages = ["intake", "fetch", "scan", "sandbox", "verdict"];
        for user in stages.iter().chain(&SERVICES) {
            secret(&path.join("broker").join(user), &format!("broker-secret-of-{user}"))?;
        }
        for role in ["owner", "intake", "verdict", "gateway", "sandbox"] {
            secret(&path.join("database").join(role), &format!("database-secret-of-{role}"))?;
        }
        for service in SERVICES {
            secret(&path.join("services").join(service), &format!("bearer-key-of-{service}"))?;
        }
        secret(&path.join("admin"), ADMIN)?;
        let gateway = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        self.gateway = format!("http://{gateway}");
        fs::write(path.join("airlock.toml"), self.config(servers, &gateway.to_string()))?;
        let mut apply = self.airlock(&["topology", "apply", "--user", ADMIN])?;
        apply
            .args(["--management", &servers.rabbit.management()])
            .arg("--password-file")
            .arg(path.join("admin"));
        for service in SERVICES {
            apply.args(["--service", service]);
        }
        run(&mut apply)?;
        let sql = |database: &str, text: &str| servers.postgres.sql(database, text);
        sql("postgres", "CREATE ROLE airlock_owner LOGIN PASSWORD 'database-secret-of-owner'");
        sql("postgres", "CREATE DATABASE airlock OWNER airlock_owner");
        run(&mut self.airlock(&["db", "migrate"])?)?;
        let roles = run(&mut self.airlock(&["db", "roles"])?)?;
        sql("airlock", &roles);
        for role in ["intake", "verdict", "gateway", "sandbox"] {
            sql(
                "airlock",
                &format!("ALTER ROLE airlock_{role} PASSWORD 'database-secret-of-{role}'"),
            );
        }
        let mut key = Command::new(beside("airlock")?);
        run(key
            .args(["token", "new-key"])
            .arg(path.join("keys/signing.key"))
            .arg(path.join("keys/public")))?;
        Ok(())
    }

    fn config(&self, servers: &Servers, gateway: &str) -> String {
        let path = self.path().display();
        let database = servers.postgres.url_as("nobody", "airlock");
        let database = database.split_once('@').map_or(database.as_str(), |(_, rest)| rest);
        format!(
            "[queue]\nurl = \"amqp://127.0.0.1:{}/airlock\"\npasswords_dir = \"{path}/broker\"\nservice = \"clicks\"\n\
             [records]\nurl = \"postgres://{database}\"\npasswords_dir = \"{path}/database\"\n\
             [store]\nurl = \"s3://{BUCKET}\"\nendpoint = \"{}\"\naccess_key_id = \"{ACCESS_KEY}\"\nsecret_key_file = \"{}\"\n\
             allow_http = true\ntimeout_ms = 10000\n\
             [token]\nsigning_key_file = \"{path}/keys/signing.key\"\npublic_keys_dir = \"{path}/keys/public\"\n\
             [gateway]\nlisten = \"{gateway}\"\nbase_url = \"http://{gateway}\"\nservice_keys_dir = \"{path}/services\"\n\
             [fetch]\nallow_addresses = [\"127.0.0.0/8\"]\n\
             [line]\nadmin_listen = \"127.0.0.1:0\"\npolicies_dir = \"{path}/policies\"\n",
            servers.rabbit.port(),
            servers.s3.endpoint(),
            servers.s3.secret_file().display(),
        )
    }

    /// Starts a process and waits until it says that it is ready. A name may carry an instance: `scan#2`.
    pub fn start(&mut self, name: &str) -> Try<()> {
        fs::create_dir_all(self.path().join("log"))?;
        let log = File::options().create(true).append(true).open(self.log(name))?;
        let stage = name.split('#').next().unwrap_or(name);
        let mut command = if stage == UP {
            let mut up = self.airlock(&["up", "--admin-listen", "127.0.0.1:0", "--allow-address", "127.0.0.0/8"])?;
            // The same door after a restart: verdicts carry its address.
            let door = self.gateway.strip_prefix("http://").unwrap_or("127.0.0.1:0");
            up.args(["--listen", door]);
            up
        } else {
            self.airlock(&["run", stage])?
        };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        self.processes.insert(name.to_owned(), child);
        match told.recv_timeout(Duration::from_secs(90)) {
            Ok(line) if line.starts_with("ready ") => {
                let admin = line.split("admin=").nth(1).and_then(|rest| rest.split(' ').next());
                self.admin.insert(name.to_owned(), admin.unwrap_or_default().to_owned());
                Ok(())
            }
            _ => {
                self.kill(name);
                Err(format!("{name} is not ready:\n{}", tail(&self.log(name))).into())
            }
        }
    }

    /// Address of a running process's admin port.
    pub fn admin(&self, name: &str) -> Option<&String> {
        self.admin.get(name)
    }

    /// Where a process writes its log.
    pub fn log(&self, name: &str) -> PathBuf {
        self.path().join("log").join(format!("{}.log", name.replace('#', "-")))
    }

    /// The logs of all processes: name, text.
    pub fn logs(&self) -> Vec<(String, String)> {
        let files = fs::read_dir(self.path().join("log")).into_iter().flatten().flatten();
        let named = files.filter_map(|file| Some((file.path().file_stem()?.to_str()?.to_owned(), fs::read_to_string(file.path()).ok()?)));
        named.collect()
    }

    /// Forgets processes that ended by themselves.
    pub fn reap(&mut self) {
        self.processes.retain(|_, child| matches!(child.try_wait(), Ok(None)));
    }

    /// Names of the processes that were started and not ended.
    pub fn running(&self) -> Vec<String> {
        self.processes.keys().cloned().collect()
    }

    /// Process id of a running process.
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.processes.get(name).map(Child::id)
    }

    /// Kills a process as the out-of-memory killer would.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.processes.remove(name) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks a process to end, and says how it did; `None`: it had to be killed after a minute and a half.
    pub fn terminate(&mut self, name: &str) -> Option<i32> {
        let mut child = self.processes.remove(name)?;
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        for _ in 0..900 {
            if let Ok(Some(status)) = child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for name in self.running() {
            self.kill(&name);
        }
    }
}

fn owned(environment: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn secret(path: &Path, text: &str) -> Try<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// Runs a command to its end; its standard output.
pub fn run(command: &mut Command) -> Try<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}: {}{said}", output.status, String::from_utf8_lossy(&output.stdout)).into())
}

/// The last lines of a log.
pub fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
