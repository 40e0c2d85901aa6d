//! The command line: every command, option and help text. Names are fixed by the contract; `CHANGELOG.md` says when one changes.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

/// Takes files and links apart in a process that owns nothing, and says what it saw and what it did not.
#[derive(Debug, Parser)]
#[command(name = "airlock", version, max_term_width = 110, after_help = EXIT_STATUS)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file (TOML); none is needed
    #[arg(long, global = true, env = "AIRLOCK_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath,
        value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look inside files, folders, links or a pipe
    #[command(after_help = SCAN_HELP)]
    Scan(ScanArgs),
    /// Run the whole line in one process, over SQLite and a directory
    #[command(after_help = UP_HELP)]
    Up(UpArgs),
    /// Run stages of the line over a broker, a database and an object store
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Act as a click service: ask for one link, wait for its verdict
    #[command(after_help = REQUEST_HELP)]
    Request(RequestArgs),
    /// Look at download tokens, and end them
    Token(TokenArgs),
    /// Work with what no stage could work on
    Dead(DeadArgs),
    /// Say how much is under way, waiting, dead
    Status(StatusArgs),
    /// Work with policy definitions
    Policy {
        /// What to do.
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Print, apply or compare the definitions of the broker
    Topology(TopologyArgs),
    /// Bring the database to the version of this program
    Db {
        /// What to do.
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Try every wall of the jail and say what works here
    #[command(after_help = "Exit status: 0 all well, 4 works with a reduced guarantee (it says which), 2 does not work.")]
    Doctor(DoctorArgs),
    /// Show or check the configuration that is in force
    Config {
        /// What to do.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Work with YARA rules
    Rules {
        /// What to do.
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// Print completions for a shell
    #[command(after_help = "Example:\n  airlock completions bash > /etc/bash_completion.d/airlock")]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  airlock man | man -l -")]
    Man,
}

/// `airlock scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Files, folders (walked, symbolic links not followed), http(s) links, or - for standard input
    #[arg(required = true, value_name = "FILE|DIR|URL|-", value_hint = ValueHint::AnyPath)]
    pub inputs: Vec<std::ffi::OsString>,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub json: bool,
    /// Folder with YARA rules (*.yar, *.yara), in place of the built-in pack; may be given several times
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub rules: Vec<PathBuf>,
    /// Password to try on encrypted archives; may be given several times
    #[arg(long = "password", value_name = "PW")]
    pub passwords: Vec<String>,
    /// Policy definition (TOML) that decides; without it the default definition
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub policy: Option<PathBuf>,
    /// Address range for which guard and port list are lifted, for tests and closed networks; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = range)]
    pub allow_address: Vec<ipnet::IpNet>,
    /// Unpacked bytes an input [default: 1 GiB, at most 4 GiB]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4_294_967_296))]
    pub max_unpacked_bytes: Option<u64>,
    /// Members an input [default: 10000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub max_members: Option<u64>,
    /// Nesting depth [default: 16, at most 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub max_depth: Option<u32>,
    /// Wall clock an input, in milliseconds [default: 60000, at most 300000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(100..=300_000))]
    pub deadline_ms: Option<u64>,
    /// Inputs that run side by side [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}

/// `airlock up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Folder for queue, records, blobs and keys; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "airlock-data", value_hint = ValueHint::DirPath)]
    pub data_dir: PathBuf,
    /// Address of the gateway; port 0 picks a free one [default: gateway.listen, 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Address of health and metrics; port 0 picks a free one [default: line.admin_listen, 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin_listen: Option<String>,
    /// Address range for which guard and port list are lifted, for tests and closed networks; may be given several times
    #[arg(long, value_name = "CIDR", value_parser = range)]
    pub allow_address: Vec<ipnet::IpNet>,
}

/// `airlock run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// intake, fetch, scan, sandbox, verdict, gateway; one or several
    #[arg(required = true, value_name = "STAGE")]
    pub stages: Vec<String>,
}

/// `airlock request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The link
    #[arg(value_name = "URL")]
    pub url: String,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
    /// Data directory of a running `airlock up`
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
    /// Whose click it is
    #[arg(long, value_name = "T", default_value = "default")]
    pub tenant: String,
    /// Mail address of the person who clicked
    #[arg(long, value_name = "MAIL")]
    pub recipient: Option<String>,
    /// Which way the mail with the link went
    #[arg(long, value_name = "ROUTE", default_value = "inbound")]
    pub route: RouteArg,
    /// Password to try on encrypted archives; may be given several times
    #[arg(long = "password", value_name = "PW")]
    pub passwords: Vec<String>,
    /// Id of the request, to ask again for the same one [default: a new one]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Seconds to wait for the verdict
    #[arg(long, value_name = "SECONDS", default_value_t = 330, value_parser = clap::value_parser!(u64).range(1..=7200))]
    pub wait: u64,
}

/// Which way the mail with the link went.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum RouteArg {
    /// To one of our recipients.
    Inbound,
    /// From one of our senders.
    Outbound,
    /// A copy for the archive.
    Journal,
}

/// `airlock token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
    /// Data directory of `airlock up`
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print what a token says; status 0 live, 4 expired or revoked, 2 forged or broken
    Verify {
        /// The token.
        token: String,
    },
    /// End tokens now
    Revoke {
        /// This token
        #[arg(long)]
        token: Option<String>,
        /// Every token for these bytes
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
        /// The token of this request
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Why; kept in the records
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Make a key that signs tokens
    NewKey {
        /// File for the secret half; must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Folder for the public half
        #[arg(value_name = "DIR")]
        public_dir: PathBuf,
    },
}

/// `airlock dead`.
#[derive(Debug, Args)]
pub struct DeadArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DeadCommand,
    /// Data directory of `airlock up`
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadCommand {
    /// One line each
    List,
    /// All that is known of one, without its body
    Show {
        /// Its request, or what `dead list` calls it.
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        letter: String,
    },
    /// Give it to its stage again
    Replay {
        /// Its request, or what `dead list` calls it.
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        letter: String,
    },
    /// Forget it
    Drop {
        /// Its request, or what `dead list` calls it.
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        letter: String,
    },
}

impl DeadCommand {
    /// The letter that is meant; none: all.
    pub fn letter(&self) -> Option<&str> {
        match self {
            DeadCommand::List => None,
            DeadCommand::Show { letter } | DeadCommand::Replay { letter } | DeadCommand::Drop { letter } => Some(letter),
        }
    }
}

/// `airlock status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// One JSON object
    #[arg(long)]
    pub json: bool,
    /// Data directory of `airlock up`
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
}

/// `airlock policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Name every mistake of a folder of definitions, with file and line
    Check {
        /// The folder.
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Print the definition that is in force for somebody
    Explain {
        /// The folder.
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
        /// Tenant
        #[arg(long, value_name = "T", default_value = "default")]
        tenant: String,
        /// Mail address
        #[arg(long, value_name = "MAIL")]
        recipient: Option<String>,
        /// Which way the mail goes
        #[arg(long, value_name = "ROUTE", default_value = "inbound")]
        route: RouteArg,
    },
}

/// `airlock topology`.
#[derive(Debug, Args)]
pub struct TopologyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TopologyCommand,
    /// A calling service; may be given several times
    #[arg(long = "service", global = true, value_name = "NAME")]
    pub services: Vec<String>,
    /// Management address of the broker, http://host:15672
    #[arg(long, global = true, value_name = "URL")]
    pub management: Option<String>,
    /// Administrator of the broker
    #[arg(long, global = true, value_name = "NAME", default_value = "guest")]
    pub user: String,
    /// File with the administrator's password
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub password_file: Option<PathBuf>,
}

/// What to do with the broker's definitions.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum TopologyCommand {
    /// Print them as RabbitMQ imports them
    Show,
    /// Import them, then compare
    Apply,
    /// Compare them with what is there; status 4 when they differ
    Check,
}

/// `airlock db`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Bring the tables to the version of this program, as the role airlock_owner
    Migrate,
    /// Say which version is there; status 4 when it is not ours
    Check,
    /// Print the statements that make the roles and their rights
    Roles {
        /// Schema with the tables
        #[arg(long, default_value = "public")]
        schema: String,
    },
}

/// `airlock doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// One JSON object a check
    #[arg(long)]
    pub json: bool,
}

/// `airlock config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print what is in force: file, environment and defaults together
    Show,
    /// Name every mistake at once, with its line
    Check,
}

/// `airlock rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Compile rules in a jailed process and name every broken file with its line
    #[command(after_help = "Examples:\n  airlock rules check my-rules/\n  airlock rules check            # the built-in pack")]
    Check {
        /// Folders or files; none means the built-in pack
        #[arg(value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// One JSON object a line on standard output
        #[arg(long)]
        json: bool,
    },
}

/// A range, or one address.
fn range(text: &str) -> Result<ipnet::IpNet, String> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(address.into());
    }
    let range: ipnet::IpNet = text
        .parse()
        .map_err(|_| format!("{text:?} is no address range; write for instance 127.0.0.0/8 or 10.1.2.3"))?;
    exact(range)
}

/// A range whose address has bits beyond its prefix is a slip of the pen, in one or in the other.
pub fn exact(range: ipnet::IpNet) -> Result<ipnet::IpNet, String> {
    if range == range.trunc() {
        return Ok(range);
    }
    Err(format!(
        "{range} has bits beyond its prefix; write {} for the range or {} for the one address",
        range.trunc(),
        range.addr()
    ))
}

const EXIT_STATUS: &str = "Exit status of scan:
  0  clean and complete        3  suspicious, fully seen
  1  malicious                 4  not malicious, and not fully seen
  2  our own trouble or wrong usage   5  could not be fetched
Over several inputs the first that occurs of 2, 1, 4, 3, 5, 0.";

const SCAN_HELP: &str = "Examples:
  airlock scan invoice.zip
  airlock scan https://example.org/report.pdf
  airlock scan --json ~/Downloads | jq .classification
  curl -s https://example.org/a.rar | airlock scan -
  airlock scan --rules my-rules/ --password infected sample.rar

Exit status: 0 clean and complete, 1 malicious, 3 suspicious, 4 not fully seen, 5 not fetched, 2 our own trouble.";

const UP_HELP: &str = "When ready it prints one line: ready gateway=http://… admin=http://… data=DIR
SIGTERM or Ctrl-C drains and exits 0. Policy definitions are read from DIR/policies/*.toml.

Examples:
  airlock up
  airlock up --data-dir /srv/airlock --listen 0.0.0.0:8080
  airlock request --data-dir airlock-data https://example.org/report.pdf";

const RUN_HELP: &str = "Example:
  airlock run fetch --config /etc/airlock/airlock.toml

SIGTERM or Ctrl-C drains and exits 0.";

const REQUEST_HELP: &str = "Examples:
  airlock request --data-dir airlock-data https://example.org/report.pdf
  airlock request --config airlock.toml --tenant acme --recipient ann@acme.example --json https://example.org/a.zip

Exit status: as scan; 2 also when there is no verdict within --wait.";
