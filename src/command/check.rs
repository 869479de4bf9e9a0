//! `agentguard check`: judges one invocation, a shell line, or a batch; runs nothing.
//!
//! Exit status: 0 allow, 1 ask or refuse, 2 usage or own failure. A batch ends with 0 when every
//! line got an answer, whatever it was.

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;

use crate::actor::{self, Actor, ActorKind};
use crate::cli::{CheckArgs, World};
use crate::context::{Context, Door};
use crate::error::Error;
use crate::exit;
use crate::invocation::{Invocation, Stdin};
use crate::judge::{self, Judgement};
use crate::policy::{self, Decision};
use crate::verdict;

/// A line of a batch is not longer than this: 16 MiB.
const LINE_BOUND: usize = 16 << 20;

/// Judges as the arguments say.
///
/// # Errors
/// When the folder does not exist or output cannot be written.
pub fn run(arguments: CheckArgs, out: &mut dyn Write) -> Result<i32, Error> {
    if arguments.batch {
        return batch(out);
    }
    let context = context(&arguments.world)?;
    let actor = actor_of(&arguments.world, &context);
    let judgement = match &arguments.shell {
        Some(text) => line(std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str()), actor, &context),
        None => argv(arguments.argv, actor, &context),
    };
    if arguments.json {
        write_json(&judgement, None, out)?;
    } else {
        crate::command::explain::summary(&judgement, out)?;
    }
    Ok(if judgement.decision == Decision::Allow { exit::DONE } else { exit::STOPPED })
}

/// The surroundings of a check.
///
/// # Errors
/// When the folder does not exist.
pub fn context(world: &World) -> Result<Context, Error> {
    let context = Context::new(Door::Check);
    match &world.cwd {
        None => Ok(context),
        Some(folder) => {
            let folder = std::fs::canonicalize(folder).map_err(|error| {
                Error::failed(
                    format!("cannot enter {}: {error}", folder.display()),
                    "name a folder that exists",
                )
            })?;
            Ok(context.with_cwd(folder))
        }
    }
}

/// The actor that was named, else the real caller.
pub fn actor_of(world: &World, context: &Context) -> Actor {
    match world.actor {
        Some(word) => Actor::named(word.kind(), word.kind().word(), "as given"),
        None => actor::detect(context),
    }
}

/// Judges one argument list.
#[must_use]
pub fn argv(mut argv: Vec<OsString>, actor: Actor, context: &Context) -> Judgement {
    let program = if argv.is_empty() { OsString::new() } else { argv.remove(0) };
    let invocation = Invocation::new(program, argv, context.cwd().to_owned());
    let actions = judge::actions(&invocation, context);
    judge::decide(actions, &policy::file::load(context), actor, context)
}

/// Judges one shell line.
#[must_use]
pub fn line(text: &[u8], actor: Actor, context: &Context) -> Judgement {
    let actions = judge::line_actions(text, context.cwd(), context);
    judge::decide(actions, &policy::file::load(context), actor, context)
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: serde_json::Value,
    argv: Option<Vec<String>>,
    argv_b64: Option<Vec<String>>,
    shell: Option<String>,
    stdin: Option<String>,
    cwd: Option<PathBuf>,
    #[serde(default)]
    env: serde_json::Map<String, serde_json::Value>,
    actor: Option<String>,
}

#[derive(serde::Serialize)]
struct Failure<'a> {
    id: &'a serde_json::Value,
    error: String,
}

/// JSON Lines in, JSON Lines out, same order.
fn batch(out: &mut dyn Write) -> Result<i32, Error> {
    let mut input = std::io::BufReader::with_capacity(1 << 20, std::io::stdin());
    let mut policies = Policies::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(|error| {
            Error::failed(format!("cannot read standard input: {error}"), "give it JSON Lines")
        })? == 0
        {
            out.flush()?;
            return Ok(exit::DONE);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        answer(&line, &mut policies, out)?;
        // A caller that waits for its answer before the next line must get it.
        if input.buffer().is_empty() {
            out.flush()?;
        }
    }
}

fn answer(line: &[u8], policies: &mut Policies, out: &mut dyn Write) -> Result<(), Error> {
    let null = serde_json::Value::Null;
    if line.len() > LINE_BOUND {
        return failure(&null, "the line is longer than 16 MiB", out);
    }
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => {
            let id = serde_json::from_slice::<serde_json::Value>(line)
                .ok()
                .and_then(|value| value.get("id").cloned())
                .unwrap_or(null);
            return failure(&id, &error.to_string(), out);
        }
    };
    match judge_request(&request, policies) {
        Ok(judgement) => write_json(&judgement, Some(&request.id), out),
        Err(why) => failure(&request.id, &why, out),
    }
}

fn failure(id: &serde_json::Value, error: &str, out: &mut dyn Write) -> Result<(), Error> {
    write_line(&Failure { id, error: error.to_owned() }, out)
}

fn judge_request(request: &Request, policies: &mut Policies) -> Result<Judgement, String> {
    let mut env = Vec::new();
    for (name, value) in &request.env {
        let value = value.as_str().ok_or_else(|| format!("env.{name} is not a string"))?;
        env.push((OsString::from(name), OsString::from(value)));
    }
    let mut context = Context::new(Door::Check).with_env(env);
    if let Some(folder) = &request.cwd {
        context = context.with_cwd(folder.clone());
    }
    if let Some(stdin) = &request.stdin {
        context = context.with_stdin(Stdin::Bytes(stdin.clone().into_bytes()));
    }
    let kind = match request.actor.as_deref() {
        None => ActorKind::Agent,
        Some(word) => ActorKind::from_word(word)
            .ok_or_else(|| format!("actor '{word}' is not human, agent or unattended"))?,
    };
    let actor = Actor::named(kind, kind.word(), "as given");
    let actions = match (&request.argv, &request.argv_b64, &request.shell) {
        (Some(words), None, None) => {
            let words = words.iter().map(OsString::from).collect();
            judge::actions(&invocation(words, &context)?, &context)
        }
        (None, Some(words), None) => {
            let words = words.iter().map(|word| decode_base64(word)).collect::<Result<Vec<_>, _>>()?;
            judge::actions(&invocation(words, &context)?, &context)
        }
        (None, None, Some(text)) => judge::line_actions(text.as_bytes(), context.cwd(), &context),
        _ => return Err("give exactly one of argv, argv_b64 and shell".to_owned()),
    };
    let policy = policies.of(&context);
    Ok(judge::decide(actions, policy, actor, &context))
}

fn invocation(mut words: Vec<OsString>, context: &Context) -> Result<Invocation, String> {
    if words.is_empty() {
        return Err("argv is empty".to_owned());
    }
    let program = words.remove(0);
    Ok(Invocation::new(program, words, context.cwd().to_owned()))
}

/// Policy as read for the last folder and home: a batch mostly stays in one place.
#[derive(Default)]
struct Policies {
    last: Option<(Place, policy::Policy)>,
}

/// What decides which policy files hold: the folder, HOME and XDG_CONFIG_HOME.
type Place = (PathBuf, Option<OsString>, Option<OsString>);

impl Policies {
    fn of(&mut self, context: &Context) -> &policy::Policy {
        let key = (context.cwd().to_owned(), context.env("HOME"), context.env("XDG_CONFIG_HOME"));
        if self.last.as_ref().is_none_or(|(known, _)| *known != key) {
            self.last = Some((key, policy::file::load(context)));
        }
        let Some((_, policy)) = &self.last else { unreachable!("just read") };
        policy
    }
}

fn decode_base64(text: &str) -> Result<OsString, String> {
    let bytes = crate::language::base64::decode(text.as_bytes());
    let bytes = bytes.ok_or("argv_b64 holds a character that is not base64")?;
    Ok(crate::invocation::from_bytes(&bytes))
}

/// One verdict on one line.
///
/// # Errors
/// When output cannot be written.
pub fn write_json(
    judgement: &Judgement,
    id: Option<&serde_json::Value>,
    out: &mut dyn Write,
) -> Result<(), Error> {
    write_line(&verdict::verdict(judgement, id), out)
}

fn write_line(value: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, value).map_err(|error| Error::output(&error.into()))?;
    Ok(out.write_all(b"\n")?)
}
