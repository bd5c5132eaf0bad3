/// `sqlx::migrate!` reads the folder while compiling, which cargo does not know.
fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
