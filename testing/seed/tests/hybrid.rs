//! The hybrid application as a process: its two sides, and its end.
#![deny(warnings)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn connect(port: u16) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return stream,
            Err(error) if Instant::now() > deadline => panic!("port {port}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn hybrid() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hybrid"))
}

#[test]
fn serves_http_and_messages_until_it_is_told_to_stop() {
    let mut app = Process(hybrid().spawn().unwrap());

    let mut http = connect(3000);
    http.write_all(
        b"GET /api/health HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\nconnection: close\r\n\r\n",
    )
    .unwrap();
    let mut response = String::new();
    http.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(
        response.contains("access-control-allow-origin: *\r\n"),
        "{response}"
    );
    assert!(response.ends_with("{\"status\":\"ok\"}"), "{response}");

    let mut messages = connect(3001);
    let request = r#"{"pattern":"p","data":1,"id":"a"}"#;
    write!(messages, "{}#{request}", request.len()).unwrap();
    let mut reply = [0; 107];
    messages.read_exact(&mut reply).unwrap();
    assert!(
        reply.starts_with(b"103#{\"id\":\"a\",\"status\":\"error\",\"err\":\"There is no matching")
    );

    // The ports are taken: a second one says so and fails.
    let second = hybrid().output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(
        said.contains("cannot listen on 127.0.0.1:3001: Address already in use"),
        "{said}"
    );

    let pid = app.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(app.0.wait().unwrap().code(), Some(0));
}
