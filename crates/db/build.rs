//! A new migration or query must trigger a rebuild: the macros that read them do not say so themselves.

fn main() {
    println!("cargo:rerun-if-changed=../../sql");
}
