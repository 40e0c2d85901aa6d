//! The rules mean the same to both engines that there are.

use std::process::Command;

#[test]
fn libyara_hits_what_we_hit_in_the_cases_of_all_rules() {
    let output = Command::new(env!("CARGO_BIN_EXE_airlock-proof"))
        .arg("second-opinion")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{}\n{said}", output.status);
}
