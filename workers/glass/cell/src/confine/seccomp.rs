//! Small words for writing filters as tables: a syscall, and what its arguments must be.

use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch};

/// A row of a filter: the syscall, and the rules of which one must hold; none means whatever the arguments.
pub type Row = (i64, Vec<SeccompRule>);

/// A row without conditions.
pub fn any(syscall: i64) -> Row {
    (syscall, Vec::new())
}

/// Holds when the 32-bit argument masked with `mask` equals `value`.
pub fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

/// Holds when the 32-bit argument equals `value`.
pub fn equal(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::Eq, value)
}

/// Holds when the 32-bit argument differs from `value`.
pub fn differs(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    condition(argument, SeccompCmpOp::Ne, value)
}

fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value).map_err(|e| e.to_string())
}

/// A rule all of whose conditions must hold.
pub fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, String> {
    SeccompRule::new(conditions).map_err(|e| e.to_string())
}

/// Compiles a filter: what a row matches gets `matched`, all else `otherwise`; another architecture's entry is killed.
pub fn program(rows: Vec<Row>, matched: SeccompAction, otherwise: SeccompAction) -> Result<BpfProgram, String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|e| e.to_string())?;
    SeccompFilter::new(rows.into_iter().collect(), otherwise, matched, arch)
        .and_then(TryInto::try_into)
        .map_err(|e| e.to_string())
}
