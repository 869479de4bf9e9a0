//! Quotes, expansions and arithmetic: where they end. What is inside substitutions is script again.

use super::{Scanner, Trouble};

impl Scanner<'_> {
    pub(super) fn single(&mut self) -> Result<(), Trouble> {
        let rest = &self.source[self.at + 1..];
        let length = memchr::memchr(b'\'', rest).ok_or("a quote is not closed")?;
        self.copy(length + 2);
        Ok(())
    }

    pub(super) fn double(&mut self) -> Result<(), Trouble> {
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

    pub(super) fn backtick(&mut self) -> Result<(), Trouble> {
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

    pub(super) fn dollar(&mut self, quoted: bool) -> Result<(), Trouble> {
        match (self.peek(1), self.peek(2)) {
            (Some(b'('), second) => {
                if second == Some(b'(') && self.arithmetic(3)? {
                    return Ok(());
                }
                self.copy(2);
                if second == Some(b'(') {
                    // The grammar takes every `$((` for arithmetic.
                    self.out.push(b' ');
                }
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
    pub(super) fn until(&mut self, closer: u8, quoted: bool) -> Result<(), Trouble> {
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
    pub(super) fn arithmetic(&mut self, opening: usize) -> Result<bool, Trouble> {
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
}
