//! Asks a running service whether it is alive, for images without a shell.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the service at `address` for `/healthz`.
pub fn check(address: SocketAddr) -> Result<(), String> {
    let answer = ask(address).map_err(|err| format!("asking http://{address}/healthz: {err}"))?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some(status) => Err(format!("http://{address}/healthz answered with status {status}")),
        None => Err(format!("http://{address}/healthz did not answer in HTTP")),
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // The first line is enough, and what comes after it may be anything.
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers one connection.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_service_that_answers_is_alive() {
        assert_eq!(check(answering("HTTP/1.1 200 OK\r\n\r\nok")), Ok(()));
    }

    #[test]
    fn all_others_are_not() {
        let failed = |answer| check(answering(answer)).unwrap_err();
        assert!(failed("HTTP/1.1 503 Service Unavailable\r\n\r\n").contains("status 503"));
        assert!(failed("").contains("did not answer in HTTP"));
        // Nobody listens on the first port.
        assert!(check(SocketAddr::from(([127, 0, 0, 1], 1))).unwrap_err().starts_with("asking http://127.0.0.1:1/healthz: "));
    }
}
