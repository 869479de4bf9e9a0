//! curl's corpus, and what the real curl sends beside what was composed.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use agentguard::assess::{Severity, assess};
use agentguard::context::{Context, Door};
use agentguard::grammar::{bind, registry};
use agentguard::invocation::{Invocation, Piece, Stdin, Word};
use agentguard::reader::http::{self, request};
use agentguard::reader::{Call, Reading};

fn context(stdin: Stdin) -> Context {
    let home = (OsString::from("HOME"), OsString::from("/nonexistent"));
    let xdg = (OsString::from("XDG_CONFIG_HOME"), OsString::from("/nonexistent"));
    Context::new(Door::Check)
        .with_cwd(PathBuf::from("/nonexistent"))
        .with_env(vec![home, xdg])
        .with_stdin(stdin)
}

fn reading(words: Vec<Word>, stdin: Stdin) -> Reading {
    let grammar = registry::find("curl").expect("a grammar");
    let context = context(stdin);
    let mut invocation = Invocation::new("curl", Vec::new(), PathBuf::from("/nonexistent"));
    invocation.args = words;
    let binding = bind::bind(grammar, &invocation.args, false);
    http::read(&binding, &Call { context: &context, invocation: &invocation })
}

fn severity(words: Vec<Word>) -> Severity {
    assess(&reading(words, Stdin::Empty).actions).severity
}

#[test]
fn the_corpus_holds() {
    let text = include_str!("corpus/curl.tsv");
    let mut wrong = Vec::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, expected, command, stdin, why] = columns[..] else { panic!("five columns: {line}") };
        let words: Vec<Word> =
            shell_words::split(command).expect(id).into_iter().skip(1).map(Word::literal).collect();
        let stdin = if stdin.is_empty() {
            Stdin::Empty
        } else {
            Stdin::Bytes(stdin.replace("\\n", "\n").into_bytes())
        };
        let read = reading(words, stdin);
        let found = assess(&read.actions).severity.word();
        if found != expected {
            let rules: Vec<_> = read.actions.iter().map(|action| action.rule.to_string()).collect();
            wrong.push(format!("{id}: {found} instead of {expected} ({why}) {rules:?}\n    {command}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// A word with an unknown piece for every `$`.
fn dynamic(text: &str) -> Word {
    if !text.contains('$') {
        return Word::literal(text);
    }
    let mut pieces = Vec::new();
    for (index, part) in text.split('$').enumerate() {
        if index > 0 {
            pieces.push(Piece::Unknown("$X".to_owned()));
        }
        if !part.is_empty() {
            pieces.push(Piece::Text(part.into()));
        }
    }
    Word::Dynamic(pieces)
}

#[test]
fn unknown_words_count_only_where_they_decide() {
    let table: &[(&[&str], Severity)] = &[
        (&["$"], Severity::None),
        (&["-H", "Authorization: Bearer $", "https://api.example.com/$"], Severity::None),
        (&["-d", "$", "https://api.example.com/users"], Severity::Low),
        (&["-d", "{\"id\":$}", "$/users"], Severity::Low),
        (&["-X", "DELETE", "$"], Severity::High),
        (&["-X", "DELETE", "http://localhost:$/x"], Severity::Low),
        (&["-X", "$", "https://api.example.com/users"], Severity::High),
        (&["-d", "$", "https://api.example.com/graphql"], Severity::High),
        (&["-d", "{\"query\":\"$\"}", "https://api.example.com/graphql"], Severity::High),
        (&["-d", "{\"query\":\"mutation { a(id: \\\"$\\\") }\"}", "$/graphql"], Severity::Low),
        (&["-d", "{\"query\":\"mutation { volumeDelete(id: \\\"$\\\") }\"}", "$"], Severity::High),
        (&["-d", "@$", "https://api.example.com/users"], Severity::Low),
        (&["-d", "@$", "https://backboard.railway.com/graphql/v2"], Severity::High),
    ];
    for (words, expected) in table {
        let found = severity(words.iter().map(|word| dynamic(word)).collect());
        assert_eq!(found, *expected, "{words:?}");
    }
}

#[test]
fn no_secret_reaches_an_action() {
    let line = "curl -X DELETE -u me:hunter2 -H 'Authorization: Bearer hunter2' \
                https://me:hunter2@api.example.com/v1/x?access_token=hunter2&a=1 -d password=hunter2";
    let words = shell_words::split(line).expect("words").into_iter().skip(1).map(Word::literal).collect();
    let shown = format!("{:?}", reading(words, Stdin::Empty).actions);
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn hostile_bodies_are_bounded() {
    let started = std::time::Instant::now();
    for body in ["[", "{\"query\":", "{a", "{\"query\":\"{{{{", "a=%"] {
        let content = body.repeat((10 << 20) / body.len() - 100);
        for url in ["https://api.example.com/x", "https://backboard.railway.com/graphql/v2"] {
            let words = ["--data-raw", &content, url].map(Word::literal).to_vec();
            let _ = severity(words);
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// What arrived at the recorder.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    method: String,
    target: String,
    body: Vec<u8>,
}

/// Runs the real curl against a recorder on the loopback interface.
fn run_curl(args: &[String], folder: &std::path::Path, stdin: &[u8], listener: &TcpListener) -> Vec<Arrived> {
    let mut child = std::process::Command::new("curl")
        .args(["-q", "-s", "--max-time", "5"])
        .args(args)
        .current_dir(folder)
        .env("HOME", "/nonexistent")
        .env_remove("http_proxy")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("curl is installed");
    child.stdin.take().expect("piped").write_all(stdin).ok();
    let mut arrived = Vec::new();
    loop {
        match listener.accept() {
            Ok((stream, _)) => arrived.push(record(stream)),
            Err(_) if child.try_wait().expect("waits").is_some() => return arrived,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    }
}

fn record(mut stream: std::net::TcpStream) -> Arrived {
    stream.set_nonblocking(false).expect("blocking");
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let count = stream.read(&mut chunk).expect("a request");
        assert!(count > 0, "a request ends early");
        bytes.extend_from_slice(&chunk[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
        })
        .unwrap_or(0);
    while bytes.len() < end + length {
        let count = stream.read(&mut chunk).expect("a body");
        bytes.extend_from_slice(&chunk[..count]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
    let line = head.lines().next().unwrap_or_default();
    // The method may hold anything, so the target is found from the end.
    let (front, _) = line.rsplit_once(' ').expect("a version");
    let (method, target) = front.rsplit_once(' ').expect("a target");
    Arrived { method: method.to_owned(), target: target.to_owned(), body: bytes[end..].to_vec() }
}

/// What was composed for the same words. The body of a multipart form is left out: its boundary
/// is drawn by lot.
fn composed(args: &[String], folder: &std::path::Path, stdin: &[u8]) -> Vec<(Arrived, bool)> {
    let grammar = registry::find("curl").expect("a grammar");
    let context = context(Stdin::Bytes(stdin.to_vec()));
    let mut invocation = Invocation::new("curl", Vec::new(), folder.to_path_buf());
    invocation.args = args.iter().map(Word::literal).collect();
    let binding = bind::bind(grammar, &invocation.args, false);
    let sent = request::compose(&binding, &Call { context: &context, invocation: &invocation });
    sent.requests
        .into_iter()
        .map(|request| {
            let query = request.url.query.map(|query| format!("?{query}")).unwrap_or_default();
            let (body, exact) = match request.body {
                http::body::Body::None => (Vec::new(), true),
                http::body::Body::Bytes(bytes) => (bytes, true),
                http::body::Body::Form(_) | http::body::Body::Unread(_) => (Vec::new(), false),
            };
            (Arrived { method: request.method, target: format!("{}{query}", request.url.path), body }, exact)
        })
        .collect()
}

#[test]
fn the_real_curl_sends_what_was_composed() {
    let folder = std::env::temp_dir().join(format!("agentguard-http-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("body"), "line one\r\nline two\n").expect("a file");
    std::fs::write(folder.join("conf"), "# c\nrequest = \"PATCH\"\n-d \"x\\ty\"\ndata-raw: @z rest\n")
        .expect("a file");
    std::fs::write(folder.join("heads"), "X-A: b\n").expect("a file");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a recorder");
    let address = listener.local_addr().expect("an address").to_string();
    let lines = include_str!("http/composed.txt");
    let (mut count, mut wrong) = (0, Vec::new());
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let args: Vec<String> = shell_words::split(&line.replace("HOST", &address)).expect("words");
        let stdin = b"from stdin\n";
        let arrived = run_curl(&args, &folder, stdin, &listener);
        let composed = composed(&args, &folder, stdin);
        let same = arrived.len() == composed.len()
            && arrived.iter().zip(&composed).all(|(real, (ours, exact))| {
                (&real.method, &real.target) == (&ours.method, &ours.target)
                    && (!exact || real.body == ours.body)
            });
        if !same {
            wrong.push(format!("{line}\n   sent {arrived:?}\n   read {composed:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 40, "{count} lines");
    std::fs::remove_dir_all(&folder).ok();
}
