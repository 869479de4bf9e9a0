//! What is computed before anything runs: constant texts, paths, modules, the environment.
//!
//! | source | becomes |
//! |---|---|
//! | `require('x')`, `import('x')`, `__import__('x')`, `getattr(m, 'x')` | the module, its member |
//! | `os.path.join(a, b)`, `Path(a) / b`, `path.resolve(a, b)`, `File.join(a, b)` | the path |
//! | `os.environ['X']`, `process.env.X`, `ENV['X']`, `$ENV{X}`, `getenv('X')` | the variable |
//! | `sys.argv[1]`, `process.argv[2]`, `ARGV[0]` | the argument |
//! | `b64decode('…')`, `Buffer.from('…', 'base64')`, `fromhex`, `''.join`, `.replace`, `.format` | the text |
//! | `tempfile.mkdtemp()`, `fs.mkdtempSync()` | a temporary folder |
//! | `glob('a/*')`, `Path(a).rglob('*')`, `os.listdir(a)` | what the pattern selects |

use super::deed::Args;
use super::machine::Machine;
use super::value::{Value, assembled};
use crate::invocation::{Piece, Word};

/// A module by the name it is known under here.
pub fn module(name: &str) -> String {
    let name = name.strip_prefix("node:").unwrap_or(name);
    match name {
        "fs-extra" | "graceful-fs" => "fs".to_owned(),
        "fs/promises" => "fs.promises".to_owned(),
        other => other.rsplit('/').next().unwrap_or(other).to_owned(),
    }
}

/// A dotted name that nothing in the text gave a value.
pub fn name(machine: &Machine, full: &str) -> Value {
    let variable =
        ["os.environ.", "process.env.", "Bun.env."].iter().find_map(|prefix| full.strip_prefix(prefix));
    if let Some(variable) = variable
        && variable != "get"
        && variable.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    {
        return environment(machine, variable);
    }
    match full {
        "sys.executable" => Value::text("python3"),
        "process.execPath" => Value::text("node"),
        "os.sep" | "path.sep" => Value::text("/"),
        "__dirname" | "__DIR__" | "os.curdir" => Value::text("."),
        "Dir.pwd" => Value::text("."),
        "Dir.home" => environment(machine, "HOME"),
        "sys.argv" | "process.argv" | "Deno.args" | "ARGV" | "$ARGV" | "$argv" => {
            Value::List(machine.start.argv.iter().cloned().map(Value::Text).collect())
        }
        _ => Value::Name(full.to_owned()),
    }
}

fn environment(machine: &Machine, name: &str) -> Value {
    match (machine.start.env)(name) {
        Some(word) => Value::Text(word),
        None => Value::Unknown(format!("${name}")),
    }
}

/// An attribute of a value that is not a name.
pub fn member(_machine: &Machine, value: Value, name: &str) -> Value {
    match (&value, name) {
        (Value::Temporary, "name") => Value::Temporary,
        (Value::Path(path), "parent") => parent(path),
        _ => Value::Member(Box::new(value), name.to_owned()),
    }
}

fn parent(path: &Word) -> Value {
    match path.known().map(|text| text.to_string_lossy().into_owned()) {
        Some(text) => Value::Path(Word::literal(format!("{text}/.."))),
        None => Value::Unknown("a parent folder".to_owned()),
    }
}

/// `value[index]`.
pub fn index(machine: &Machine, value: &Value, index: &Value) -> Value {
    match (value, index) {
        (Value::List(items), Value::Number(number)) => {
            let item = number.parse::<usize>().ok().and_then(|at| items.get(at));
            item.cloned().unwrap_or_else(|| Value::Unknown("an argument".to_owned()))
        }
        (Value::Name(name), Value::Text(_)) => {
            let Some(key) = index.known() else { return Value::Unknown(name.clone()) };
            match name.as_str() {
                "os.environ" | "process.env" | "ENV" | "$ENV" | "$_ENV" | "$_SERVER" => {
                    environment(machine, &key)
                }
                // `os.__dict__["system"]` is `os.system`.
                _ => name_of(machine, name.strip_suffix(".__dict__").unwrap_or(name), &key),
            }
        }
        (Value::Name(name), _) => Value::Unknown(format!("{name}[…]")),
        (Value::Map(_), _) => index
            .known()
            .and_then(|key| value.get(&key).cloned())
            .unwrap_or_else(|| Value::Unknown("…".to_owned())),
        (Value::Temporary, _) => Value::Temporary,
        _ => Value::Unknown("…".to_owned()),
    }
}

/// What a call gives back.
pub fn call(machine: &Machine, callee: Value, args: &Args) -> Value {
    match callee {
        Value::Name(name) => function(machine, &name, args),
        Value::Member(of, name) => method(*of, &name, args),
        other => Value::Unknown(format!("{}(…)", other.word().shown())),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one row per function")]
fn function(machine: &Machine, full: &str, args: &Args) -> Value {
    let first = args.positional.first();
    let known = |at: usize| args.positional.get(at).and_then(Value::known);
    let last = full.rsplit('.').next().unwrap_or(full);
    match full {
        "require" | "import" | "__import__" | "importlib.import_module" => {
            return known(0)
                .map_or_else(|| Value::Unknown("a module".to_owned()), |name| Value::Name(module(&name)));
        }
        "vars" => return first.cloned().unwrap_or_else(|| Value::Unknown("vars()".to_owned())),
        "getattr" => {
            let (Some(Value::Name(of)), Some(name)) = (first, known(1)) else {
                return Value::Unknown("an attribute".to_owned());
            };
            return name_of(machine, of, &name);
        }
        "Path" | "pathlib.Path" | "pathlib.PosixPath" | "pathlib.PurePath" | "Pathname.new" | "Pathname"
        | "path.Path" => {
            return as_path(joined_path(&args.positional));
        }
        "os.path.join" | "posixpath.join" | "path.join" | "path.resolve" | "path.posix.join"
        | "File.join" => {
            return joined_path(&args.positional);
        }
        "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath" | "File.expand_path"
        | "str" | "String" | "realpath" | "path.normalize" | "fs.realpathSync" | "shlex.quote"
        | "util.promisify" | "promisify" | "compile" | "list" | "sorted" | "set" | "tuple" | "reversed"
        | "iter" | "codecs.encode" | "bytes" | "text" | "sqlalchemy.text" | "File.new" | "URL"
        | "Array.from" => {
            return first.cloned().unwrap_or_else(|| Value::text(""));
        }
        "os.path.expanduser" | "Path.expanduser" => return expanded(machine, first),
        "os.getcwd" | "process.cwd" | "Dir.pwd" | "getcwd" | "Path.cwd" | "pathlib.Path.cwd" | "Deno.cwd" => {
            let here = Value::text(".");
            return if last == "cwd" && full.contains("Path") { as_path(here) } else { here };
        }
        "Path.home" | "pathlib.Path.home" => return as_path(environment(machine, "HOME")),
        "os.homedir" | "Dir.home" => return environment(machine, "HOME"),
        "os.getenv" | "os.environ.get" | "getenv" | "Deno.env.get" | "ENV.fetch" => {
            return known(0)
                .map_or_else(|| Value::Unknown("a variable".to_owned()), |name| environment(machine, &name));
        }
        "os.tmpdir" | "tempfile.gettempdir" | "sys_get_temp_dir" | "Dir.tmpdir" => {
            return Value::text("/tmp");
        }
        "base64.b64decode"
        | "base64.decodebytes"
        | "b64decode"
        | "atob"
        | "Base64.decode64"
        | "base64_decode"
        | "decode_base64"
        | "Base64.strict_decode64"
        | "MIME.Base64.decode_base64"
        | "base64.urlsafe_b64decode" => {
            return decoded(first, base64);
        }
        "bytes.fromhex" | "bytearray.fromhex" | "binascii.unhexlify" | "hex2bin" => {
            return decoded(first, hex);
        }
        "codecs.decode" if known(1).as_deref() == Some("rot13") => return decoded(first, rot13),
        "str_rot13" => return decoded(first, rot13),
        "strrev" | "reverse" => return decoded(first, |text| Some(text.chars().rev().collect())),
        "Buffer.from" => return buffer(first, known(1).as_deref()),
        "chr" | "String.fromCharCode" => return characters(&args.positional),
        "shlex.split" => return words(first),
        "glob.glob" | "glob.iglob" | "glob" | "Dir.glob" | "glob.sync" | "fs.globSync" => {
            return Value::List(first.map(Value::items).unwrap_or_default());
        }
        "os.listdir" | "os.scandir" | "fs.readdirSync" | "Dir.children" | "Dir.entries" => {
            let folder = first.cloned().unwrap_or_else(|| Value::text("."));
            return Value::List(vec![folder.joined("/", &Value::text("*"))]);
        }
        _ => {}
    }
    if matches!(
        last,
        "mkdtemp"
            | "mkdtempSync"
            | "mkstemp"
            | "TemporaryDirectory"
            | "NamedTemporaryFile"
            | "mktmpdir"
            | "makeTempDir"
            | "makeTempDirSync"
            | "makeTempFile"
            | "makeTempFileSync"
            | "tempdir"
            | "tempfile"
            | "tempnam"
            | "mktemp"
            | "tmpfile"
            | "dirSync"
            | "tmpNameSync"
    ) {
        return Value::Temporary;
    }
    match full.rsplit_once('.') {
        Some((of, last)) => method(Value::Name(of.to_owned()), last, args),
        None => Value::Unknown(format!("{full}(…)")),
    }
}

fn name_of(machine: &Machine, of: &str, name: &str) -> Value {
    self::name(machine, &format!("{of}.{name}"))
}

/// A method of a value.
fn method(of: Value, name: &str, args: &Args) -> Value {
    let known = |at: usize| args.positional.get(at).and_then(Value::known);
    match (&of, name) {
        (Value::Name(_), "require" | "import_module") => {
            known(0).map_or_else(|| Value::Unknown("a module".to_owned()), |name| Value::Name(module(&name)))
        }
        (Value::Temporary, _) => Value::Temporary,
        (Value::Path(_), "joinpath" | "join") => {
            args.positional.iter().fold(of.clone(), |path, part| path.below(part))
        }
        (Value::Path(_), "glob" | "rglob" | "iterdir") => {
            let pattern = known(0).unwrap_or_else(|| "*".to_owned());
            let all = pattern.bytes().all(|byte| matches!(byte, b'*' | b'/'));
            let pattern = Value::text(if all { "*".to_owned() } else { pattern });
            Value::List(vec![of.joined("/", &pattern)])
        }
        (
            _,
            "decode" | "encode" | "toString" | "to_s" | "strip" | "trim" | "chomp" | "resolve" | "absolute"
            | "expanduser" | "as_posix" | "toList" | "freeze" | "__str__" | "trimEnd" | "rstrip" | "lstrip"
            | "dedent",
        ) => of,
        (Value::Text(_), "join") => match args.positional.first() {
            Some(Value::List(items)) => glued(items, &of.known().unwrap_or_default()),
            _ => Value::Unknown("…".to_owned()),
        },
        (Value::List(items), "join") => glued(items, &known(0).unwrap_or_else(|| ",".to_owned())),
        (Value::List(_), "concat") => {
            args.positional.iter().fold(of.clone(), |list, part| list.joined("", part))
        }
        (Value::Text(_), "concat") => {
            args.positional.iter().fold(of.clone(), |text, part| text.joined("", part))
        }
        (Value::List(items), "reverse" | "reversed") => Value::List(items.iter().rev().cloned().collect()),
        (Value::Text(_), "split") => split(&of, known(0).as_deref()),
        (Value::Text(_), "reverse") => decoded(Some(&of), |text| Some(text.chars().rev().collect())),
        (Value::Text(_), "replace" | "gsub" | "replaceAll") => match (of.known(), known(0), known(1)) {
            (Some(text), Some(from), Some(to)) if !from.is_empty() && text.len() < 4096 && to.len() < 64 => {
                Value::text(text.replace(&from, &to))
            }
            _ => Value::Unknown("…".to_owned()),
        },
        (Value::Text(_), "format") => format(&of, "{}", &args.positional),
        (Value::Text(_), "lower" | "toLowerCase" | "downcase") => {
            decoded(Some(&of), |text| Some(text.to_lowercase()))
        }
        (other, _) => Value::Unknown(format!("{}.{name}(…)", other.word().shown())),
    }
}

fn as_path(value: Value) -> Value {
    match value {
        Value::Text(word) => Value::Path(word),
        Value::Any(values) => Value::Any(values.into_iter().map(as_path).collect()),
        Value::Name(_) | Value::Unknown(_) | Value::Member(..) => Value::Path(value.word()),
        other => other,
    }
}

fn joined_path(parts: &[Value]) -> Value {
    let Some((first, rest)) = parts.split_first() else { return Value::text(".") };
    rest.iter().fold(first.clone(), |path, part| path.below(part))
}

fn expanded(machine: &Machine, path: Option<&Value>) -> Value {
    let Some(text) = path.and_then(Value::known) else { return Value::Unknown("a path".to_owned()) };
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => environment(machine, "HOME").joined("", &Value::text(rest)),
        None => Value::text(text),
    }
}

fn glued(items: &[Value], between: &str) -> Value {
    let mut pieces = Vec::new();
    for (index, item) in items.iter().take(4096).enumerate() {
        if index > 0 && !between.is_empty() {
            pieces.push(Piece::Text(between.into()));
        }
        match item.word() {
            Word::Literal(text) => pieces.push(Piece::Text(text)),
            Word::Dynamic(parts) => pieces.extend(parts),
        }
    }
    Value::Text(assembled(pieces))
}

fn split(text: &Value, by: Option<&str>) -> Value {
    match (text.known(), by) {
        (Some(text), Some("")) => {
            Value::List(text.chars().map(|letter| Value::text(letter.to_string())).collect())
        }
        (Some(text), Some(by)) => Value::List(text.split(by).map(Value::text).collect()),
        (Some(text), None) => Value::List(text.split_whitespace().map(Value::text).collect()),
        (None, _) => Value::Unknown("…".to_owned()),
    }
}

fn words(text: Option<&Value>) -> Value {
    let split = text.and_then(Value::known).and_then(|text| shell_words::split(&text).ok());
    split.map_or_else(
        || Value::Unknown("…".to_owned()),
        |words| Value::List(words.iter().map(Value::text).collect()),
    )
}

/// A template whose marks stand for values, in order.
pub fn format(template: &Value, mark: &str, values: &[Value]) -> Value {
    let Some(text) = template.known() else { return Value::Unknown(template.word().shown()) };
    let mut parts = text.split(mark);
    let mut out = Value::text(parts.next().unwrap_or_default());
    for (index, part) in parts.take(256).enumerate() {
        let value = values.get(index).cloned().unwrap_or_else(|| Value::Unknown("…".to_owned()));
        out = out.joined("", &value).joined("", &Value::text(part));
    }
    if text.contains('%') && mark == "%s" && !text.contains("%s")
        || (mark == "{}" && !text.contains("{}") && text.contains('{'))
    {
        return Value::Unknown(text);
    }
    out
}

fn characters(codes: &[Value]) -> Value {
    let letter = |value: &Value| match value {
        Value::Number(text) => {
            let hex = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
            hex.or_else(|| text.parse().ok()).and_then(char::from_u32)
        }
        _ => None,
    };
    let text: Option<String> = codes.iter().map(letter).collect();
    text.map_or_else(|| Value::Unknown("…".to_owned()), Value::text)
}

fn decoded(value: Option<&Value>, by: impl Fn(&str) -> Option<String>) -> Value {
    let text = value.and_then(Value::known).and_then(|text| by(&text));
    text.map_or_else(|| Value::Unknown("a decoded text".to_owned()), Value::text)
}

fn buffer(value: Option<&Value>, encoding: Option<&str>) -> Value {
    match encoding {
        Some("base64" | "base64url") => decoded(value, base64),
        Some("hex") => decoded(value, hex),
        _ => value.cloned().unwrap_or_else(|| Value::text("")),
    }
}

fn base64(text: &str) -> Option<String> {
    String::from_utf8(crate::language::base64::decode(text.as_bytes())?).ok()
}

fn hex(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    String::from_utf8(bytes?).ok()
}

#[expect(clippy::unnecessary_wraps, reason = "one of several decoders")]
fn rot13(text: &str) -> Option<String> {
    let turn = |letter: char| match letter {
        'a'..='m' | 'A'..='M' => char::from_u32(letter as u32 + 13).unwrap_or(letter),
        'n'..='z' | 'N'..='Z' => char::from_u32(letter as u32 - 13).unwrap_or(letter),
        other => other,
    };
    Some(text.chars().map(turn).collect())
}
