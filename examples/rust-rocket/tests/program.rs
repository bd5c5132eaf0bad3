//! The program itself, as a process.

use std::env;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rust-rocket");

fn run(args: &[&str], vars: &[(&str, &str)]) -> Output {
    Command::new(PROGRAM).args(args).env_remove("DATABASE_URL").envs(vars.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_version_is_that_of_the_manifest() {
    assert_eq!(text(&run(&["--version"], &[]).stdout), concat!(env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_arguments_and_settings_end_with_status_2() {
    let argument = run(&["--verison"], &[]);
    assert_eq!(argument.status.code(), Some(2));
    assert!(text(&argument.stderr).contains("unexpected argument \"--verison\""));

    let settings = run(&[], &[("ROCKET_PORT", "many"), ("STARTUP_TIMEOUT", "soon")]);
    assert_eq!(settings.status.code(), Some(2));
    for name in ["PORT", "DATABASE_URL", "STARTUP_TIMEOUT"] {
        assert!(text(&settings.stderr).contains(name), "{}", text(&settings.stderr));
    }
}

#[test]
fn a_database_that_does_not_answer_ends_the_start() {
    let out = run(&[], &[("DATABASE_URL", "postgres://api@127.0.0.1:1/jobs"), ("STARTUP_TIMEOUT", "1")]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("connecting to the database: gave up after 1s: "), "{}", text(&out.stderr));
}

#[test]
fn the_health_check_says_that_nobody_listens() {
    let out = run(&["--healthcheck"], &[("ROCKET_ADDRESS", "127.0.0.1"), ("ROCKET_PORT", "1")]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("asking http://127.0.0.1:1/healthz: "));
}

/// Ends the program also when a test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so, for at most 30 seconds.
fn eventually<T>(mut what: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..300 {
        if let Some(found) = what() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}

#[test]
#[ignore = "needs a database: set DATABASE_URL and add --include-ignored"]
fn the_service_starts_is_healthy_and_ends_when_told() {
    let database = env::var("DATABASE_URL").expect("DATABASE_URL is not set");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let vars = [("ROCKET_ADDRESS", "127.0.0.1"), ("ROCKET_PORT", port.as_str())];
    let mut command = Command::new(PROGRAM);
    let child = command.env("DATABASE_URL", database).envs(vars).stdout(Stdio::null()).spawn().unwrap();
    let mut service = Running(child);
    eventually(|| run(&["--healthcheck"], &vars).status.success().then_some(())).expect("the service did not get healthy");

    // The shell's own kill: there need not be a program of that name.
    let told = Command::new("sh").args(["-c", &format!("kill -TERM {}", service.0.id())]).status().unwrap();
    assert!(told.success());
    let status = eventually(|| service.0.try_wait().unwrap()).expect("the service did not end");
    assert_eq!(status.code(), Some(0));
}
