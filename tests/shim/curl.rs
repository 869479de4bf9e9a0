//! curl against a loopback server that writes down every request.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::world::{Caller, World};

/// A server that answers `{}` and keeps what it was sent.
struct Recorder {
    port: u16,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // Kept before it is answered: the client ends with the answer.
                kept.lock().unwrap().push(request(&mut stream));
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            }
        });
        Self { port, requests }
    }

    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Reads one whole request.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap_or(0);
        request.extend_from_slice(&buffer[..count]);
        if count == 0 || is_whole(&request) {
            break;
        }
    }
    request
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(str::trim).map(str::to_owned)
        })
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(0);
    body.len() >= length
}

const DELETE: &str = r#"{"query":"mutation { volumeDelete(volumeId: \"abc\") }"}"#;

fn call(port: u16, rest: &str) -> String {
    format!(
        "curl -sS -X POST http://backboard.railway.com/graphql/v2 \
         --connect-to backboard.railway.com:80:127.0.0.1:{port} -H 'Authorization: Bearer x' {rest}"
    )
}

#[test]
fn the_call_that_it_began_with_never_arrives() {
    let recorder = Recorder::start();
    let world = World::new();
    let aliased = r#"{"query":"mutation Tidy { ok: volumeDelete(volumeId: \"abc\") }"}"#;
    let variables =
        r#"{"query":"mutation($v: String!) { volumeDelete(volumeId: $v) }","variables":{"v":"abc"}}"#;
    let batch = format!("[{{\"query\":\"{{ me {{ id }} }}\"}},{DELETE}]");
    world.file("body.json", DELETE).file("alias.json", aliased).file("variables.json", variables);
    for rest in [
        format!("-d '{DELETE}'"),
        "-d @body.json".to_owned(),
        "--data-binary @body.json".to_owned(),
        "--json @alias.json".to_owned(),
        "-d @- < body.json".to_owned(),
        "-d @- < variables.json".to_owned(),
        format!("-d '{aliased}'"),
        format!("-d '{variables}'"),
        format!("-d '{batch}'"),
    ] {
        let line = call(recorder.port, &rest);
        world.line(&line, Caller::Agent).refused();
        world.line(&format!("cat body.json | {}", call(recorder.port, "-d @-")), Caller::Agent).refused();
    }
    assert!(recorder.take().is_empty(), "a refused request arrived");
}

#[test]
fn reads_go_through_untouched() {
    let recorder = Recorder::start();
    let world = World::new();
    let query = r#"{"query":"{ projects { edges { node { id } } } }"}"#;
    world.file("query.json", query);
    for rest in [format!("-d '{query}'"), "-d @query.json".to_owned(), "-d @- < query.json".to_owned()] {
        let line = call(recorder.port, &rest);
        world.line(&line, Caller::Agent).ran();
        let ours = recorder.take();
        world.real(&line).ran();
        assert_eq!(ours, recorder.take(), "{line}");
        assert_eq!(ours.len(), 1);
        assert!(String::from_utf8_lossy(&ours[0]).ends_with(query));
    }
    let piped = format!("printf '%s' '{query}' | {}", call(recorder.port, "-d @-"));
    world.line(&piped, Caller::Agent).ran();
    assert_eq!(recorder.take().len(), 1);
}

#[test]
fn a_deletion_is_refused_unless_it_stays_on_this_machine() {
    let recorder = Recorder::start();
    let world = World::new();
    let to = |host: &str| format!("--connect-to {host}:80:127.0.0.1:{}", recorder.port);
    world
        .line(&format!("curl -sXDELETE http://api.example.com/v1/x {}", to("api.example.com")), Caller::Agent)
        .refused();
    assert!(recorder.take().is_empty());
    world.line(&format!("curl -s -X DELETE http://127.0.0.1:{}/v1/x", recorder.port), Caller::Agent).ran();
    assert_eq!(recorder.take().len(), 1);
}
