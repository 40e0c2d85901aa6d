//! The SQL of the roles that `deploy/` applies is that of this program: `airlock db roles > deploy/sql/roles.sql`.

#[test]
fn the_deployed_roles_are_ours() {
    let deployed = include_str!("../../../../deploy/sql/roles.sql");
    assert_eq!(
        deployed,
        airlock_records::roles_sql("public"),
        "write deploy/sql/roles.sql anew with `airlock db roles`"
    );
}
