//! The characters of a script before its grammar: comments and line continuations are dropped,
//! here-documents are lifted out, `time` and `coproc` are blanked. What is left is what the
//! tree-sitter grammar reads without surprises (it takes a here-document's delimiter, what follows on
//! that line, or a here-string after `> file` for something else).
//!
//! In: bytes as bash would read them. Out: the same script without those, with `<\x01N\x01` where
//! here-document N stood. It refuses to know what words mean.
//!
//! | source | out |
//! |---|---|
//! | `cmd <<'EOF'` … `EOF` | `cmd <\x01N\x01`, body N literal |
//! | `cmd <<< word` | `cmd <\x01=word` |
//! | `cmd <<-EOF` … | the same, tabs stripped, body expanded later |
//! | `# …` at the start of a word | nothing |
//! | backslash-newline outside single quotes | nothing |
//! | `time`, `time -p`, `coproc [NAME]` where a command may start | nothing |

/// Quotes, substitutions and brackets may nest this deep.
const DEPTH_BOUND: usize = 48;

/// Marks the place of a here-document; never lets a source through that already holds it.
pub(super) const MARK: u8 = 1;

/// The content of one here-document.
#[derive(Clone, Debug)]
pub(super) struct Heredoc {
    pub body: Vec<u8>,
    /// The delimiter was quoted: no expansion.
    pub literal: bool,
}

/// Why a text could not be scanned.
pub(super) type Trouble = &'static str;

/// Rewrites `source`; here-documents are numbered from `heredocs.len()` on and pushed there.
pub(super) fn prepare(source: &[u8], heredocs: &mut Vec<Heredoc>) -> Result<Vec<u8>, Trouble> {
    let mut scanner = Scanner::new(source, 0);
    scanner.first = heredocs.len();
    scanner.script(None)?;
    heredocs.append(&mut scanner.heredocs);
    Ok(scanner.out)
}

/// Where the substitution, expansion or quote that starts at `at` ends; `quoted` inside `"…"`.
pub(super) fn end_of(text: &[u8], at: usize, quoted: bool) -> Option<usize> {
    let mut scanner = Scanner::new(text, at);
    let scanned = match text.get(at)? {
        b'$' => scanner.dollar(quoted),
        b'`' => scanner.backtick(),
        b'"' => scanner.double(),
        b'<' | b'>' => {
            scanner.copy(2);
            scanner.script(Some(b')'))
        }
        _ => return None,
    };
    scanned.ok().map(|()| scanner.at)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CasePart {
    Head,
    Pattern,
    Body,
}

/// What one level of script remembers.
#[derive(Default)]
struct Level {
    /// A command may start here, so reserved words count.
    command: bool,
    /// Where the current word starts in the output.
    word: Option<usize>,
    /// Open parentheses; true for the list of an array.
    parens: Vec<bool>,
    cases: Vec<(usize, CasePart)>,
    /// The last word was `for`: `((` opens its header.
    header: bool,
}

struct Pending {
    delimiter: Vec<u8>,
    slot: usize,
    strip: bool,
}

struct Scanner<'s> {
    source: &'s [u8],
    at: usize,
    out: Vec<u8>,
    pending: Vec<Pending>,
    heredocs: Vec<Heredoc>,
    first: usize,
    depth: usize,
    steps: usize,
}

impl<'s> Scanner<'s> {
    fn new(source: &'s [u8], at: usize) -> Self {
        let (out, pending, heredocs) = (Vec::new(), Vec::new(), Vec::new());
        // Falling back from `((` to `( (` rereads: the bound keeps that from growing exponentially.
        let steps = source.len().saturating_mul(16) + 4096;
        Self { source, at, out, pending, heredocs, first: 0, depth: 0, steps }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.get(self.at + ahead).copied()
    }

    fn copy(&mut self, count: usize) {
        let end = (self.at + count).min(self.source.len());
        self.out.extend_from_slice(&self.source[self.at..end]);
        self.at = end;
    }

    fn step(&mut self) -> Result<(), Trouble> {
        self.steps = self.steps.checked_sub(1).ok_or("brackets are too tangled")?;
        Ok(())
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Trouble>) -> Result<(), Trouble> {
        if self.depth >= DEPTH_BOUND {
            return Err("brackets nest too deep");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Commands up to `closer` (consumed) or the end of the text.
    fn script(&mut self, closer: Option<u8>) -> Result<(), Trouble> {
        self.nested(|scanner| {
            let mut level = Level { command: true, ..Level::default() };
            // A substitution reads the bodies of its own here-documents only.
            let outer = std::mem::take(&mut scanner.pending);
            let result = scanner.commands(&mut level, closer);
            scanner.pending = outer;
            result
        })
    }

    fn commands(&mut self, level: &mut Level, closer: Option<u8>) -> Result<(), Trouble> {
        loop {
            self.step()?;
            let Some(byte) = self.peek(0) else {
                self.end_word(level);
                return if closer.is_some() { Err("a substitution is not closed") } else { Ok(()) };
            };
            if self.word_byte(byte, level)? {
                continue;
            }
            self.end_word(level);
            if byte == b')' && closer == Some(b')') && self.closes(level) {
                self.copy(1);
                return Ok(());
            }
            self.operator(byte, level)?;
        }
    }

    /// True when a `)` here belongs to nothing that was opened on this level.
    fn closes(&self, level: &Level) -> bool {
        let in_pattern = level
            .cases
            .last()
            .is_some_and(|&(open, part)| part == CasePart::Pattern && open == level.parens.len());
        !in_pattern && level.parens.is_empty()
    }

    /// Reads a piece of a word, if `byte` belongs to one.
    fn word_byte(&mut self, byte: u8, level: &mut Level) -> Result<bool, Trouble> {
        if byte == b'\\' && self.peek(1) == Some(b'\n') {
            self.at += 2;
            return Ok(true);
        }
        if byte == b'#' && level.word.is_none() {
            while self.peek(0).is_some_and(|byte| byte != b'\n') {
                self.at += 1;
            }
            return Ok(true);
        }
        let process = matches!(byte, b'<' | b'>') && self.peek(1) == Some(b'(');
        if matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>') && !process {
            return Ok(false);
        }
        level.word.get_or_insert(self.out.len());
        match byte {
            b'\\' => self.copy(2),
            b'\'' => self.single()?,
            b'"' => self.double()?,
            b'`' => self.backtick()?,
            b'$' => self.dollar(false)?,
            b'<' | b'>' => {
                self.copy(2);
                self.script(Some(b')'))?;
            }
            _ => self.copy(1),
        }
        Ok(true)
    }

    fn operator(&mut self, byte: u8, level: &mut Level) -> Result<(), Trouble> {
        match byte {
            b'\n' => {
                self.copy(1);
                self.bodies();
                level.command = true;
            }
            b'<' if self.source[self.at..].starts_with(b"<<<") => {
                self.at += 3;
                while let Some(b' ' | b'\t') = self.peek(0) {
                    self.at += 1;
                }
                self.out.extend_from_slice(&[b'<', MARK, b'=']);
                // The mark and what follows are one word.
                level.word = Some(self.out.len());
                level.command = false;
            }
            b'<' if self.peek(1) == Some(b'<') => self.heredoc()?,
            b'<' | b'>' => {
                self.copy(1);
                if let Some(b'&' | b'|' | b'>') = self.peek(0) {
                    self.copy(1);
                }
                level.command = false;
            }
            b'&' if self.peek(1) == Some(b'>') => {
                self.copy(2);
                level.command = false;
            }
            b'(' => self.open(level)?,
            b')' => {
                self.copy(1);
                let array = match level.cases.last_mut() {
                    Some((open, part)) if *open == level.parens.len() => {
                        *part = CasePart::Body;
                        false
                    }
                    _ => level.parens.pop().unwrap_or(false),
                };
                level.command = !array;
            }
            b';' | b'&' | b'|' => self.separator(byte, level),
            _ => self.copy(1),
        }
        Ok(())
    }

    fn separator(&mut self, byte: u8, level: &mut Level) {
        self.copy(1);
        level.command = true;
        if byte == b';'
            && let Some(b';' | b'&') = self.peek(0)
            && let Some((open, part)) = level.cases.last_mut()
            && *open == level.parens.len()
        {
            *part = CasePart::Pattern;
        }
    }

    fn open(&mut self, level: &mut Level) -> Result<(), Trouble> {
        let pattern = level
            .cases
            .last()
            .is_some_and(|&(open, part)| part == CasePart::Pattern && open == level.parens.len());
        if pattern {
            self.copy(1);
            return Ok(());
        }
        if (level.command || level.header) && self.peek(1) == Some(b'(') {
            level.header = false;
            if self.arithmetic(2)? {
                level.command = false;
                return Ok(());
            }
        }
        let array = self.at > 0 && self.source[self.at - 1] == b'=';
        if level.parens.len() >= DEPTH_BOUND {
            return Err("brackets nest too deep");
        }
        level.parens.push(array);
        self.copy(1);
        level.command = !array;
        Ok(())
    }

    /// Looks at the word that just ended: reserved words move the reading on.
    fn end_word(&mut self, level: &mut Level) {
        let Some(begin) = level.word.take() else { return };
        let in_array = level.parens.last() == Some(&true);
        let word = &self.out[begin..];
        level.header = word == b"for";
        if let Some((_, part)) = level.cases.last_mut() {
            match (*part, word) {
                (CasePart::Head, b"in") => {
                    *part = CasePart::Pattern;
                    return;
                }
                (CasePart::Pattern | CasePart::Body, b"esac")
                    if level.command || *part == CasePart::Pattern =>
                {
                    level.cases.pop();
                    level.command = false;
                    return;
                }
                (CasePart::Pattern | CasePart::Head, _) => return,
                (CasePart::Body, _) => {}
            }
        }
        if !level.command || in_array {
            return;
        }
        level.command = matches!(
            word,
            b"!" | b"if"
                | b"then"
                | b"elif"
                | b"else"
                | b"do"
                | b"while"
                | b"until"
                | b"{"
                | b"time"
                | b"coproc"
        );
        match word {
            b"case" => level.cases.push((level.parens.len(), CasePart::Head)),
            b"time" => {
                self.out.truncate(begin);
                if self.source[self.at..].starts_with(b" -p ") {
                    self.at += 3;
                }
            }
            b"coproc" => {
                self.out.truncate(begin);
                self.skip_coproc_name();
            }
            _ => {}
        }
    }

    /// `coproc NAME { …` and `coproc NAME ( …` carry a name; a simple command does not.
    fn skip_coproc_name(&mut self) {
        let rest = &self.source[self.at..];
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let name =
            rest[blank..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let after = rest[blank + name..].trim_ascii_start();
        if name > 0 && (after.starts_with(b"{ ") || after.starts_with(b"(")) {
            self.at += blank + name;
        }
    }

    fn single(&mut self) -> Result<(), Trouble> {
        let rest = &self.source[self.at + 1..];
        let length = memchr::memchr(b'\'', rest).ok_or("a quote is not closed")?;
        self.copy(length + 2);
        Ok(())
    }

    fn double(&mut self) -> Result<(), Trouble> {
        self.copy(1);
        self.nested(|scanner| {
            loop {
                scanner.step()?;
                match scanner.peek(0).ok_or("a quote is not closed")? {
                    b'"' => {
                        scanner.copy(1);
                        return Ok(());
                    }
                    b'\\' if scanner.peek(1) == Some(b'\n') => scanner.at += 2,
                    b'\\' => scanner.copy(2),
                    b'`' => scanner.backtick()?,
                    b'$' => scanner.dollar(true)?,
                    _ => scanner.copy(1),
                }
            }
        })
    }

    fn backtick(&mut self) -> Result<(), Trouble> {
        self.copy(1);
        loop {
            self.step()?;
            match self.peek(0).ok_or("a backtick is not closed")? {
                b'`' => {
                    self.copy(1);
                    return Ok(());
                }
                b'\\' => self.copy(2),
                _ => self.copy(1),
            }
        }
    }

    fn dollar(&mut self, quoted: bool) -> Result<(), Trouble> {
        match (self.peek(1), self.peek(2)) {
            (Some(b'('), second) => {
                if second == Some(b'(') && self.arithmetic(3)? {
                    return Ok(());
                }
                self.copy(2);
                self.script(Some(b')'))
            }
            (Some(b'{'), _) => {
                self.copy(2);
                self.until(b'}', quoted)
            }
            (Some(b'['), _) => {
                self.copy(2);
                self.until(b']', quoted)
            }
            (Some(b'\''), _) if !quoted => {
                self.copy(2);
                loop {
                    match self.peek(0).ok_or("a quote is not closed")? {
                        b'\\' => self.copy(2),
                        b'\'' => {
                            self.copy(1);
                            return Ok(());
                        }
                        _ => self.copy(1),
                    }
                }
            }
            _ => {
                self.copy(1);
                Ok(())
            }
        }
    }

    /// The inside of `${…}` or `$[…]` up to and with `closer`.
    fn until(&mut self, closer: u8, quoted: bool) -> Result<(), Trouble> {
        self.nested(|scanner| {
            loop {
                scanner.step()?;
                match scanner.peek(0).ok_or("an expansion is not closed")? {
                    byte if byte == closer => {
                        scanner.copy(1);
                        return Ok(());
                    }
                    b'\\' if scanner.peek(1) == Some(b'\n') => scanner.at += 2,
                    b'\\' => scanner.copy(2),
                    b'\'' if !quoted => scanner.single()?,
                    b'"' => scanner.double()?,
                    b'`' => scanner.backtick()?,
                    b'$' => scanner.dollar(quoted)?,
                    _ => scanner.copy(1),
                }
            }
        })
    }

    /// `((…))` after `opening` bytes; false, with nothing read, when it is no arithmetic.
    fn arithmetic(&mut self, opening: usize) -> Result<bool, Trouble> {
        let (at, length) = (self.at, self.out.len());
        self.copy(opening);
        let mut open = 0usize;
        let mut found = false;
        self.nested(|scanner| {
            loop {
                scanner.step()?;
                match scanner.peek(0).ok_or("an arithmetic expansion is not closed")? {
                    b'(' => open += 1,
                    b')' if open > 0 => open -= 1,
                    b')' => {
                        found = scanner.peek(1) == Some(b')');
                        scanner.copy(2);
                        return Ok(());
                    }
                    b'\\' => scanner.copy(1),
                    b'$' => {
                        scanner.dollar(true)?;
                        continue;
                    }
                    b'`' => {
                        scanner.backtick()?;
                        continue;
                    }
                    _ => {}
                }
                scanner.copy(1);
            }
        })?;
        if !found {
            self.at = at;
            self.out.truncate(length);
        }
        Ok(found)
    }

    /// `<<WORD`: notes the delimiter and leaves a mark.
    fn heredoc(&mut self) -> Result<(), Trouble> {
        self.at += 2;
        let strip = self.peek(0) == Some(b'-');
        self.at += usize::from(strip);
        while let Some(b' ' | b'\t') = self.peek(0) {
            self.at += 1;
        }
        let (mut delimiter, mut literal) = (Vec::new(), false);
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' => break,
                b'\\' => {
                    literal = true;
                    delimiter.extend(self.peek(1));
                    self.at += 2;
                }
                b'\'' | b'"' => {
                    literal = true;
                    let rest = &self.source[self.at + 1..];
                    let length = memchr::memchr(byte, rest).ok_or("a quote is not closed")?;
                    delimiter.extend_from_slice(&rest[..length]);
                    self.at += length + 2;
                }
                _ => {
                    delimiter.push(byte);
                    self.at += 1;
                }
            }
        }
        let slot = self.heredocs.len();
        let number = self.first + slot;
        self.heredocs.push(Heredoc { body: Vec::new(), literal });
        self.pending.push(Pending { delimiter, slot, strip });
        self.out.extend_from_slice(&[b'<', MARK]);
        self.out.extend_from_slice(number.to_string().as_bytes());
        self.out.push(MARK);
        self.out.push(b' ');
        Ok(())
    }

    /// Takes the bodies that are due, right after a newline; the end of the text ends a body too.
    fn bodies(&mut self) {
        for Pending { delimiter, slot, strip } in std::mem::take(&mut self.pending) {
            let mut body = Vec::new();
            while self.at < self.source.len() {
                let rest = &self.source[self.at..];
                let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let mut line = &rest[..length];
                self.at = (self.at + length + 1).min(self.source.len());
                while strip && line.first() == Some(&b'\t') {
                    line = &line[1..];
                }
                if line == delimiter {
                    break;
                }
                body.extend_from_slice(line);
                body.push(b'\n');
            }
            self.heredocs[slot].body = body;
        }
    }
}
