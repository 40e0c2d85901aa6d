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
