//! Simple commands: assignments, words and redirections become one invocation.
//!
//! In: a command node. Out: a [`Command`], a function's body, a builtin's effect, or variables.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;

use tree_sitter::Node;

use super::redirect::Io;
use super::state::{Value, literal, unknown};
use super::statement::{children, source};
use super::word::{self, Mode};
use super::{COMMAND_BOUND, Command, End, Lowerer, Outcome, shorten};
use crate::invocation::{Invocation, Stdin, Word};

/// What a simple command is made of, in the order of the source.
#[derive(Default)]
struct Items<'t> {
    assignments: Vec<Range<usize>>,
    words: Vec<Range<usize>>,
    redirects: Vec<(Node<'t>, Option<u32>)>,
}

/// `NAME=value`, `NAME+=value`, `NAME[i]=value`, `NAME=(…)`.
pub(super) struct Assignment<'t> {
    pub name: &'t [u8],
    index: Option<&'t [u8]>,
    append: bool,
    value: &'t [u8],
}

impl<'t> Assignment<'t> {
    pub fn read(text: &'t [u8]) -> Option<Self> {
        let length = word::name_length(text);
        if length == 0 {
            return None;
        }
        let (name, mut rest) = text.split_at(length);
        let mut index = None;
        if rest.first() == Some(&b'[') {
            let end = memchr::memmem::find(rest, b"]=").or_else(|| memchr::memmem::find(rest, b"]+="))?;
            index = Some(&rest[1..end]);
            rest = &rest[end + 1..];
        }
        let append = rest.first() == Some(&b'+');
        let value = rest[usize::from(append)..].strip_prefix(b"=")?;
        Some(Self { name, index, append, value })
    }
}

impl Lowerer<'_> {
    /// A command, declaration or assignment.
    pub(super) fn simple(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        let mut items = Items::default();
        self.gather(text, node, &mut items);
        items.redirects.extend(extra.iter().map(|node| (*node, None)));
        let mut io = Io::default();
        // Redirections of the grammar may hold further words; those come before expansion in order
        // of the source, and no word depends on a redirection.
        let mut late = Vec::new();
        let mut args: Vec<Word> = Vec::new();
        let mut first = None;
        for range in &items.words {
            let raw = &text[range.clone()];
            first.get_or_insert(raw);
            self.argument(raw, &mut args);
        }
        for (redirect, descriptor) in std::mem::take(&mut items.redirects) {
            self.redirect(text, redirect, descriptor, &mut io, &mut late);
        }
        for range in late {
            let raw = &text[range];
            first.get_or_insert(raw);
            self.argument(raw, &mut args);
        }
        let whole = source(text, node);
        if args.is_empty() {
            return self.assign_only(text, &items.assignments, io, whole);
        }
        if matches!(first, Some(b"}" | b"then" | b"else" | b"fi" | b"do" | b"done" | b"esac" | b"in")) {
            self.partial("the script has a syntax error");
        }
        if let Some(alias) = first.and_then(|raw| self.alias(raw, text, &items)) {
            return self.script(&alias);
        }
        let mut env = Vec::new();
        for range in &items.assignments {
            if let Some(assignment) = Assignment::read(&text[range.clone()]) {
                let value = self.value(&assignment);
                env.push((assignment.name.to_vec(), value));
            } else {
                self.partial("an assignment could not be read");
            }
        }
        self.call(args, env, io, whole)
    }

    /// The words and assignments of a command; adjoining pieces are one word.
    fn gather<'t>(&mut self, text: &[u8], node: Node<'t>, items: &mut Items<'t>) {
        if node.kind() == "variable_assignment" {
            items.assignments.push(node.byte_range());
            return;
        }
        let (mut last, mut assigning) = (usize::MAX, false);
        for child in children(self, text, node) {
            let range = child.byte_range();
            let adjoins = range.start == last;
            last = range.end;
            match child.kind() {
                kind if kind.ends_with("_redirect") => {
                    let descriptor = if adjoins { self.descriptor(text, items) } else { None };
                    items.redirects.push((child, descriptor));
                    last = usize::MAX;
                }
                "ERROR" | "subshell" => {
                    self.partial("the script has a syntax error");
                    let inner: Vec<_> =
                        children(self, text, child).into_iter().filter(Node::is_named).collect();
                    for inner in inner.into_iter().filter(|inner| inner.kind().contains("command")) {
                        self.statement(text, inner, &[]);
                    }
                }
                "variable_assignment" if !adjoins && items.words.is_empty() => {
                    items.assignments.push(range);
                    assigning = true;
                }
                _ if adjoins => {
                    let list = if assigning { &mut items.assignments } else { &mut items.words };
                    if let Some(open) = list.last_mut() {
                        open.end = range.end;
                    }
                }
                _ => {
                    items.words.push(range);
                    assigning = false;
                }
            }
        }
    }

    /// `0<&3`: the grammar reads the digit as a word.
    fn descriptor(&mut self, text: &[u8], items: &mut Items<'_>) -> Option<u32> {
        let raw = &text[items.words.last()?.clone()];
        let number = std::str::from_utf8(raw).ok()?.parse().ok()?;
        items.words.pop();
        Some(number)
    }

    /// An argument; `export A=$x` and its kin do not split the value.
    fn argument(&mut self, raw: &[u8], args: &mut Vec<Word>) {
        let declares = args.first().and_then(Word::known).is_some_and(|name| {
            matches!(name.as_bytes(), b"export" | b"local" | b"declare" | b"typeset" | b"readonly")
        });
        if declares && let Some(assignment) = Assignment::read(raw) {
            let name = assignment.name;
            let value = self.value(&assignment);
            self.state.pending.push((name.to_vec(), value));
            // The builtin takes the value itself from where it was left.
            args.push(literal(&[name, b"="].concat()));
            return;
        }
        args.append(&mut self.words(raw));
    }

    /// The value that an assignment gives its variable.
    fn value(&mut self, assignment: &Assignment<'_>) -> Value {
        if let Some(list) = assignment.value.strip_prefix(b"(").and_then(|list| list.strip_suffix(b")")) {
            let mut words = match self.state.variables.get(assignment.name) {
                Some(Value::List(words)) if assignment.append => words.clone(),
                Some(Value::Scalar(word)) if assignment.append => vec![word.clone()],
                _ => Vec::new(),
            };
            self.elements(list, &mut words);
            return Value::List(words);
        }
        let new = self.single(assignment.value, Mode::Value);
        let old = self.variable(assignment.name);
        if let Some(index) = assignment.index {
            let Value::List(mut words) = old else { return Value::Scalar(unknown(assignment.name)) };
            return match self.number(index).and_then(|at| usize::try_from(at).ok()) {
                Some(at) if at < words.len() => {
                    words[at] = new;
                    Value::List(words)
                }
                Some(at) if at == words.len() => {
                    words.push(new);
                    Value::List(words)
                }
                _ => Value::Scalar(unknown(assignment.name)),
            };
        }
        if !assignment.append {
            return Value::Scalar(new);
        }
        match (old, new) {
            (Value::Scalar(Word::Literal(old)), Word::Literal(new))
                if old.len() + new.len() < super::VALUE_BOUND =>
            {
                Value::Scalar(literal(&[old.as_bytes(), new.as_bytes()].concat()))
            }
            (Value::Unset, new) => Value::Scalar(new),
            _ => Value::Scalar(unknown(&[b"$", assignment.name].concat())),
        }
    }

    /// The elements of `( … )`.
    fn elements(&mut self, list: &[u8], words: &mut Vec<Word>) {
        let mut at = 0;
        while at < list.len() {
            if list[at].is_ascii_whitespace() {
                at += 1;
                continue;
            }
            let start = at;
            while at < list.len() && !list[at].is_ascii_whitespace() {
                at = match list[at] {
                    b'\\' => at + 2,
                    b'\'' => memchr::memchr(b'\'', &list[at + 1..]).map_or(list.len(), |end| at + end + 2),
                    b'$' | b'`' | b'"' => super::scan::end_of(list, at, false).unwrap_or(list.len()),
                    _ => at + 1,
                };
            }
            let raw = &list[start..at.min(list.len())];
            // [key]=value: the place is not followed.
            let keyed = raw.first() == Some(&b'[') && memchr::memmem::find(raw, b"]=").is_some();
            if keyed {
                words.push(unknown(raw));
            } else {
                words.append(&mut self.words(raw));
            }
        }
    }

    /// Assignments without a command change the shell; redirections alone still open files.
    fn assign_only(&mut self, text: &[u8], assignments: &[Range<usize>], io: Io, whole: &[u8]) -> Outcome {
        for range in assignments {
            let Some(assignment) = Assignment::read(&text[range.clone()]) else {
                self.partial("an assignment could not be read");
                continue;
            };
            let value = self.value(&assignment);
            self.state.set(assignment.name, value);
        }
        if io.writes() {
            self.pseudo(whole, &io);
        }
        self.deliver(Outcome::QUIET, &io)
    }

    /// A command that only opens files.
    pub(super) fn pseudo(&mut self, whole: &[u8], io: &Io) {
        self.emit(vec![literal(b":")], Vec::new(), io, whole);
    }

    /// `alias` counts in scripts only after `shopt -s expand_aliases`.
    fn alias(&mut self, first: &[u8], text: &[u8], items: &Items<'_>) -> Option<Vec<u8>> {
        if !self.state.options.aliases {
            return None;
        }
        let mut line = self.state.aliases.get(first)?.clone();
        for range in items.words.iter().skip(1) {
            line.push(b' ');
            line.extend_from_slice(&text[range.clone()]);
        }
        Some(line)
    }

    /// Runs words: a function, a builtin, or a program.
    pub(super) fn call(
        &mut self,
        mut args: Vec<Word>,
        env: Vec<(Vec<u8>, Value)>,
        io: Io,
        whole: &[u8],
    ) -> Outcome {
        let mut functions = true;
        let mut ends = End::Runs;
        loop {
            let name = args.first().and_then(Word::known).map(|name| name.as_bytes().to_vec());
            match name.as_deref() {
                Some(b"command" | b"builtin") => {
                    let describes = args
                        .iter()
                        .skip(1)
                        .map(Word::visible)
                        .take_while(|word| word.as_bytes().starts_with(b"-"));
                    if describes.into_iter().any(|word| matches!(word.as_bytes(), b"-v" | b"-V")) {
                        return self.deliver(Outcome::unknown(whole), &io);
                    }
                    args.remove(0);
                    while args.first().is_some_and(|word| matches!(word.visible().as_bytes(), b"-p" | b"--"))
                    {
                        args.remove(0);
                    }
                    functions = false;
                }
                Some(b"exec") => {
                    args.remove(0);
                    self.exec_options(&mut args);
                    functions = false;
                    ends = End::Shell;
                }
                _ => break,
            }
            if args.is_empty() {
                return self.exec_alone(io, whole);
            }
        }
        let mut outcome = self.run(args, env, &io, (whole, functions));
        outcome.ends = outcome.ends.max(ends);
        self.deliver(outcome, &io)
    }

    fn exec_options(&mut self, args: &mut Vec<Word>) {
        while let Some(option) =
            args.first().map(Word::visible).filter(|word| word.as_bytes().starts_with(b"-"))
        {
            args.remove(0);
            if option.as_bytes().ends_with(b"a") && !args.is_empty() {
                args.remove(0);
            }
        }
    }

    /// `exec < file` changes the shell's own stdin.
    fn exec_alone(&mut self, io: Io, whole: &[u8]) -> Outcome {
        if io.writes() {
            self.pseudo(whole, &io);
        }
        for redirect in io.redirects.iter().filter(|redirect| redirect.kind.writes()) {
            self.creates(&redirect.path);
        }
        if let Some(stdin) = io.stdin {
            self.state.stdin = stdin;
        }
        Outcome::QUIET
    }

    fn run(
        &mut self,
        args: Vec<Word>,
        env: Vec<(Vec<u8>, Value)>,
        io: &Io,
        (whole, functions): (&[u8], bool),
    ) -> Outcome {
        let name = args[0].known().map(|name| name.as_bytes().to_vec());
        let function =
            name.as_ref().filter(|_| functions).and_then(|name| self.state.functions.get(name)).cloned();
        if let Some(body) = function {
            if io.writes() {
                self.pseudo(whole, io);
            }
            return self.function(&body, args, env, io);
        }
        if let Some(name) = &name
            && let Some(outcome) = self.builtin(name, &args, &env, io, whole)
        {
            return outcome;
        }
        let stdin = io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone());
        self.emit(args.clone(), env, io, whole);
        self.external(&args, &stdin, whole)
    }

    fn function(&mut self, body: &Rc<[u8]>, args: Vec<Word>, env: Vec<(Vec<u8>, Value)>, io: &Io) -> Outcome {
        let zero = self.state.positional.first().cloned().unwrap_or_else(|| literal(b"bash"));
        let arguments = std::iter::once(zero).chain(args.into_iter().skip(1)).collect();
        let positional = std::mem::replace(&mut self.state.positional, arguments);
        let locals = std::mem::take(&mut self.state.locals);
        let outer = std::mem::replace(&mut self.state.in_function, true);
        let stdin = self.state.stdin.clone();
        if let Some(given) = &io.stdin {
            self.state.stdin = given.clone();
        }
        for (name, value) in env {
            self.state.locals.push((name.clone(), self.state.variables.get(&name).cloned()));
            self.state.set(&name, value);
        }
        let outcome = self.script(body);
        self.state.stdin = stdin;
        self.state.in_function = outer;
        self.state.positional = positional;
        for (name, value) in std::mem::replace(&mut self.state.locals, locals).into_iter().rev() {
            match value {
                Some(value) => self.state.set(&name, value),
                None => {
                    self.state.variables.remove(&name);
                }
            }
        }
        let ends = if outcome.ends == End::Shell { End::Shell } else { End::Runs };
        Outcome { stdout: outcome.stdout, ends }
    }

    /// Adds a command as the state stands.
    pub(super) fn emit(&mut self, args: Vec<Word>, env: Vec<(Vec<u8>, Value)>, io: &Io, whole: &[u8]) {
        if self.commands.len() >= COMMAND_BOUND {
            self.partial("the script starts too many commands");
            return;
        }
        let mut args = args.into_iter();
        let Some(program) = args.next() else { return };
        let args: Vec<Word> = args.collect();
        let invocation = Invocation {
            program,
            args,
            stdin: io.stdin.clone().unwrap_or_else(|| self.state.stdin.clone()),
            cwd: self.state.folder.path.clone(),
            env: self.environment(env),
            depth: self.start.depth,
        };
        let text = shorten(whole);
        self.commands.push(Command {
            invocation,
            redirects: io.redirects.clone(),
            text: text.chars().filter(|letter| *letter != char::from(super::scan::MARK)).collect(),
            cwd_certain: self.state.folder.known && self.state.folder.sure,
            created_before: Rc::clone(&self.created),
            written_before: Rc::clone(&self.written),
        });
    }

    /// The exported variables that the script changed, then the assignments in front.
    fn environment(&self, env: Vec<(Vec<u8>, Value)>) -> Vec<(OsString, Word)> {
        let word = |value: &Value| match value {
            Value::Scalar(word) => Some(word.clone()),
            Value::List(words) => words.first().cloned(),
            Value::Unset => Some(literal(b"")),
            Value::Absent => None,
        };
        let inherited =
            |name: &[u8]| std::str::from_utf8(name).is_ok_and(|name| self.start.context.env(name).is_some());
        let mut all: Vec<(OsString, Word)> = Vec::new();
        for (name, value) in &self.state.variables {
            if self.state.exported.contains(name) || inherited(name) {
                all.extend(word(value).map(|value| (OsString::from_vec(name.clone()), value)));
            }
        }
        for (name, value) in env {
            all.retain(|(other, _)| other.as_bytes() != name);
            all.extend(word(&value).map(|value| (OsString::from_vec(name), value)));
        }
        all
    }

    /// Lowers what `trap` left, at the end of the shell that set it.
    pub(super) fn run_traps(&mut self) {
        let mut traps = std::mem::take(&mut self.state.traps);
        // bash runs EXIT's last, others only when their signal comes.
        traps.sort_by_key(|(signal, _)| signal == "EXIT");
        for (_, word) in traps {
            match &word {
                Word::Literal(text) => {
                    let text = text.as_bytes().to_vec();
                    self.script(&text);
                }
                Word::Dynamic(_) => {
                    let shown = word.shown();
                    self.emit(vec![literal(b"eval"), word], Vec::new(), &Io::default(), shown.as_bytes());
                }
            }
        }
    }
}

/// The text of a word that is known.
pub(super) fn text_of(word: &Word) -> Option<&[u8]> {
    word.known().map(OsStr::as_bytes)
}

/// Input that is known.
pub(super) fn bytes_of(stdin: &Stdin) -> Option<&[u8]> {
    match stdin {
        Stdin::Bytes(bytes) => Some(bytes),
        Stdin::Empty => Some(b""),
        Stdin::Inherited | Stdin::Unknown(_) => None,
    }
}
