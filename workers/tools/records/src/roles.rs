//! Who may do what in PostgreSQL: one role a stage, with the rights its calls need and no more.

/// The statements that make the roles and give them their rights, for the owner of the tables to run after each migration.
///
/// `schema` is where the tables lie. The roles may log in but have no password yet: `ALTER ROLE airlock_intake PASSWORD …`.
/// fetch and scan have no role. Running it again is harmless.
pub fn roles_sql(schema: &str) -> String {
    let schema = quoted(schema);
    let mut sql = String::new();
    for (role, grants) in ROLES {
        sql += &format!(
            "DO $$ BEGIN CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT; \
             EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n\
             GRANT USAGE ON SCHEMA {schema} TO {role};\n\
             REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};\n\
             GRANT SELECT ON {schema}.schema_version TO {role};\n"
        );
        for (rights, table) in *grants {
            sql += &format!("GRANT {rights} ON {schema}.{table} TO {role};\n");
        }
        sql += &format!("ALTER ROLE {role} SET search_path = {schema};\n");
    }
    sql
}

/// A role, and what it may do with which table.
type Role = (&'static str, &'static [(&'static str, &'static str)]);

/// To lock a row for publishing needs the right to change something of it: that is why relays may write a lease.
const ROLES: &[Role] = &[
    (
        "airlock_intake",
        &[
            ("SELECT, INSERT, UPDATE (state)", "request"),
            ("SELECT, INSERT, UPDATE (waiting)", "room"),
            ("SELECT", "verdict"),
            ("SELECT", "token"),
            ("SELECT, INSERT, DELETE, UPDATE (held_for, lease_owner, lease_until_ms)", "outbox"),
            ("SELECT, INSERT, UPDATE (delete_after_ms)", "blob"),
            ("SELECT, INSERT", "definition"),
        ],
    ),
    (
        "airlock_verdict",
        &[
            ("SELECT, DELETE, UPDATE (state)", "request"),
            ("SELECT, UPDATE (waiting)", "room"),
            ("SELECT, INSERT, DELETE", "verdict"),
            ("SELECT, INSERT, DELETE, UPDATE (revoked_ms, revoked_why)", "token"),
            ("SELECT, DELETE", "download"),
            ("SELECT, INSERT, DELETE, UPDATE (held_for, lease_owner, lease_until_ms)", "outbox"),
            ("SELECT, INSERT, DELETE, UPDATE (size, sha256, delete_after_ms)", "blob"),
            ("SELECT", "definition"),
        ],
    ),
    (
        "airlock_gateway",
        &[
            ("SELECT", "request"),
            ("SELECT", "verdict"),
            ("SELECT", "token"),
            ("INSERT", "download"),
        ],
    ),
    ("airlock_sandbox", &[("SELECT, INSERT, UPDATE, DELETE", "parked")]),
];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
