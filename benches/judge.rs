//! What judging costs, by program, and how many lines a batch takes in a second.
//!
//! `cargo bench`: medians, ratios to the cheapest. Without `--bench` (`cargo test --all-targets`)
//! everything runs once, so that it keeps working. The batch is the real binary, fed through a pipe;
//! its lines are such that no file is read for them: psql without its start-up file (`-X`), curl likewise
//! (`-q`). AGENTGUARD_BENCH_FLOOR makes fewer lines a second than it says a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "a test fails loudly and drives real programs"
)]
#![expect(clippy::print_stdout, reason = "a table is what it is for")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock and starts the binary")]

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use agentguard::actor::{Actor, ActorKind};
use agentguard::context::{Context, Door};
use agentguard::invocation::{Invocation, Stdin};
use agentguard::judge;
use agentguard::policy::Policy;
use agentguard::verdict;

const MUTATION: &str = r#"{"query":"mutation { volumeDelete(volumeId: \"77aa\") }"}"#;

/// What is measured: a name and the words.
const CASES: [(&str, &[&str]); 10] = [
    ("ls -la (no grammar)", &["ls", "-la"]),
    ("git status", &["git", "status"]),
    ("git commit -m", &["git", "commit", "-m", "fix: drop the table"]),
    ("git reset --hard (asks git)", &["git", "reset", "--hard"]),
    ("rm -rf node_modules (looks)", &["rm", "-rf", "node_modules"]),
    ("psql -c SELECT", &["psql", "-X", "-c", "SELECT count(*) FROM orders WHERE id = 1"]),
    ("psql -c DROP TABLE", &["psql", "-X", "-h", "db.example.com", "-c", "DROP TABLE orders"]),
    ("curl GET", &["curl", "-q", "-fsS", "https://api.example.com/v1/orders"]),
    ("curl GraphQL", &["curl", "-q", "https://backboard.railway.app/graphql/v2", "-d", MUTATION]),
    ("sh -c", &["sh", "-c", "set -e; for f in a b c; do grep -n x \"$f\" | head -1; done"]),
];

/// Lines of a batch; what agents run all day, one in four of them destructive.
const LINES: [&str; 8] = [
    r#"{"id":1,"argv":["git","status","--short"]}"#,
    r#"{"id":2,"argv":["ls","-la","src"]}"#,
    r#"{"id":3,"argv":["psql","-X","-h","db.example.com","-c","SELECT count(*) FROM orders"]}"#,
    r#"{"id":4,"argv":["psql","-X","-h","db.example.com","-c","DELETE FROM orders WHERE id = 7"]}"#,
    r#"{"id":5,"argv":["curl","-q","-fsS","https://api.example.com/v1/orders"]}"#,
    r#"{"id":6,"argv":["curl","-q","-X","DELETE","https://api.example.com/v1/orders/7"]}"#,
    r#"{"id":7,"argv":["git","commit","-m","fix: rm -rf is only a word here"]}"#,
    r#"{"id":8,"argv":["psql","-X","-h","db.prod.example.com","-c","DROP TABLE orders"]}"#,
];

/// From the words to the JSON of the verdict; gives its length.
fn whole(words: &[&str], folder: &Path) -> usize {
    let context = Context::new(Door::Check)
        .with_cwd(folder.to_owned())
        .with_env(vec![(OsString::from("HOME"), folder.as_os_str().to_owned())])
        .with_stdin(Stdin::Empty);
    let args = words[1..].iter().map(OsString::from).collect();
    let actions = judge::actions(&Invocation::new(words[0], args, folder.to_owned()), &context);
    let actor = Actor::named(ActorKind::Agent, "agent", "as given");
    let judgement = judge::decide(actions, &Policy::default(), actor, &context);
    serde_json::to_string(&verdict::verdict(&judgement, None)).map_or(0, |text| text.len())
}

/// Microseconds of one call: the median of `samples` rounds of at least two milliseconds each.
fn median(samples: usize, mut call: impl FnMut() -> usize) -> f64 {
    let mut sink = call();
    let mut rounds = 1_u32;
    let mut times = Vec::new();
    while times.len() < samples {
        let start = Instant::now();
        for _ in 0..rounds {
            sink ^= std::hint::black_box(call());
        }
        let micros = start.elapsed().as_secs_f64() * 1e6;
        if micros < 2000.0 && rounds < 1 << 20 && samples > 1 {
            rounds *= 2;
            continue;
        }
        times.push(micros / f64::from(rounds));
    }
    std::hint::black_box(sink);
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Lines a second of `agentguard check --batch`, process start included.
fn batch(lines: u32, folder: &Path) -> std::io::Result<f64> {
    let mut text = String::new();
    for index in 0..lines {
        text.push_str(LINES[index as usize % LINES.len()]);
        text.push('\n');
    }
    let input = folder.join("lines.jsonl");
    std::fs::write(&input, text)?;
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_agentguard"))
        .args(["check", "--batch"])
        .current_dir(folder)
        .env("HOME", folder)
        .stdin(std::fs::File::open(&input)?)
        .stdout(Stdio::piped())
        .output()?;
    let seconds = start.elapsed().as_secs_f64();
    let answers = memchr::memchr_iter(b'\n', &output.stdout).count();
    if !output.status.success() || answers != lines as usize {
        return Err(std::io::Error::other(format!("{answers} answers to {lines} lines")));
    }
    Ok(f64::from(lines) / seconds)
}

fn run(measuring: bool, folder: &Path) -> std::io::Result<bool> {
    let samples = if measuring { 21 } else { 1 };
    let rows: Vec<(&str, f64)> =
        CASES.iter().map(|(name, words)| (*name, median(samples, || whole(words, folder)))).collect();
    let cheapest = rows.iter().map(|(_, micros)| *micros).fold(f64::INFINITY, f64::min);
    println!("{:<32} {:>12} {:>8}", "judging, in process", "median", "ratio");
    for (name, micros) in &rows {
        println!("{name:<32} {micros:>9.1} us {:>7.1}x", micros / cheapest);
    }
    let (lines, samples) = if measuring { (20_000, 5) } else { (16, 1) };
    let mut rates = (0..samples).map(|_| batch(lines, folder)).collect::<Result<Vec<f64>, _>>()?;
    rates.sort_by(f64::total_cmp);
    let rate = rates[rates.len() / 2];
    println!("{:<32} {rate:>9.0} lines/s", "check --batch");
    std::io::stdout().flush()?;
    let floor = std::env::var("AGENTGUARD_BENCH_FLOOR").ok().and_then(|text| text.parse::<f64>().ok());
    Ok(!measuring || floor.is_none_or(|floor| rate >= floor))
}

fn main() -> ExitCode {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let folder = std::env::temp_dir().join(format!("agentguard-bench-{}", std::process::id()));
    let outcome = std::fs::create_dir_all(&folder).and_then(|()| run(measuring, &folder));
    let _ = std::fs::remove_dir_all(&folder);
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            println!("fewer lines a second than asked for");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
