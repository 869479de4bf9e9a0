//! What is kept and what a transaction takes back.
//!
//! | source | effect on what was done since |
//! |---|---|
//! | end of one query text, `COMMIT`, `END`, `PREPARE TRANSACTION` | kept |
//! | `ROLLBACK`, `ABORT`, end of input with a transaction open, `\c` | taken back, save what no rollback takes back |
//! | `ROLLBACK TO name` | taken back to the savepoint |
//!
//! In: judged statements in order. Out: actions. Where a branch of `\if` may or may not run, nothing is
//! taken back.

use std::collections::{HashMap, HashSet};

use crate::action::{Action, Effect, Impact};
use crate::language::sql::lex::{Kind, Token};
use crate::language::sql::{Created, Judged, Outcome};

/// The most actions of one rule and impact: enough to show, and bounded.
const MOST_OF_A_RULE: usize = 20;

/// A statement that steers the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    Begin,
    Commit { chain: bool },
    Rollback { chain: bool },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
}

impl Control {
    /// Reads the control from a statement's tokens (comments left out).
    pub fn of(tokens: &[Token<'_>]) -> Option<Self> {
        let first = tokens.first()?;
        let second = |word: &str| tokens.get(1).is_some_and(|token| token.is(word));
        let name = || {
            let last = tokens.iter().rev().find(|token| matches!(token.kind, Kind::Word | Kind::Name));
            last.map(|token| String::from_utf8_lossy(token.bytes).to_lowercase().replace('"', ""))
                .unwrap_or_default()
        };
        let has = |word: &str| tokens.iter().any(|token| token.is(word));
        let chain = has("chain") && !has("no");
        if first.is("begin") || first.is("start") && second("transaction") {
            Some(Self::Begin)
        } else if (first.is("commit") || first.is("end")) && !second("prepared") {
            Some(Self::Commit { chain })
        } else if first.is("prepare") && second("transaction") {
            Some(Self::Commit { chain: false })
        } else if first.is("rollback") && has("to") {
            Some(Self::RollbackTo(name()))
        } else if (first.is("rollback") || first.is("abort")) && !second("prepared") {
            Some(Self::Rollback { chain })
        } else if first.is("savepoint") {
            Some(Self::Savepoint(name()))
        } else if first.is("release") {
            Some(Self::Release(name()))
        } else {
            None
        }
    }
}

struct Own {
    created: Created,
    in_transaction: bool,
}

/// Actions in three states: pending in a transaction, kept, handed out.
pub struct Ledger {
    kept: Vec<Action>,
    pending: Vec<Judged>,
    open: bool,
    savepoints: Vec<(String, usize)>,
    own: Vec<Own>,
    counts: HashMap<String, usize>,
    seen: HashSet<String>,
    pending_seen: HashSet<String>,
    /// Each statement is a transaction of its own.
    pub autocommit: bool,
    /// `ON_ERROR_STOP`: what stands later runs only if what stands earlier succeeded.
    pub stops_on_error: bool,
    /// `-1`: the end of input commits.
    commits_at_end: bool,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            pending: Vec::new(),
            open: false,
            savepoints: Vec::new(),
            own: Vec::new(),
            counts: HashMap::new(),
            seen: HashSet::new(),
            pending_seen: HashSet::new(),
            autocommit: true,
            stops_on_error: false,
            commits_at_end: false,
        }
    }
}

impl Ledger {
    /// `psql -1`: one transaction around everything.
    pub fn wrap(&mut self) {
        self.open = true;
        self.commits_at_end = true;
    }

    /// Takes in what one statement does.
    pub fn add(&mut self, outcome: Outcome, uncertain: bool) {
        for mut judged in outcome.judged {
            let own = self.own.iter().position(|own| same(&own.created, &judged.relation));
            if own.is_some() || judged.relation.contains(":pg_temp.") {
                harmless(&mut judged.action, "created in the same input");
                if let Some(own) = own.filter(|_| judged.action.verb.starts_with("drop")) {
                    self.own.remove(own);
                }
            }
            if self.pending_seen.insert(key(&judged.action)) {
                self.pending.push(judged);
            }
        }
        if let Some(created) = outcome.created.filter(|_| !uncertain) {
            self.own.push(Own { created, in_transaction: true });
        }
    }

    /// An action that no transaction holds.
    pub fn keep(&mut self, action: Action) {
        if self.seen.insert(key(&action)) {
            let count = self.counts.entry(format!("{}\0{:?}", action.rule, action.impact)).or_default();
            *count += 1;
            if *count <= MOST_OF_A_RULE {
                self.kept.push(action);
            }
        }
    }

    /// A statement that steers the transaction; `uncertain`: it may not run.
    pub fn control(&mut self, control: &Control, uncertain: bool) {
        if uncertain {
            self.commit();
            self.open = false;
            return;
        }
        match control {
            Control::Begin => self.open = true,
            Control::Commit { chain } => {
                self.commit();
                self.open = *chain;
            }
            Control::Rollback { chain } => {
                self.take_back(0, "rolled back");
                self.open = *chain;
            }
            Control::Savepoint(name) => {
                self.pending_seen.clear();
                self.savepoints.push((name.clone(), self.pending.len()));
            }
            Control::Release(name) => {
                if let Some(at) = self.savepoints.iter().rposition(|savepoint| savepoint.0 == *name) {
                    self.savepoints.truncate(at);
                }
            }
            Control::RollbackTo(name) => {
                if let Some(at) = self.savepoints.iter().rposition(|savepoint| savepoint.0 == *name) {
                    let from = self.savepoints.get(at).map_or(0, |savepoint| savepoint.1);
                    self.savepoints.truncate(at + 1);
                    for judged in self.pending.iter_mut().skip(from).filter(|judged| !judged.whole) {
                        harmless(&mut judged.action, "rolled back to a savepoint");
                    }
                    self.own.retain(|own| !own.in_transaction);
                    self.pending_seen.clear();
                }
            }
        }
    }

    /// The end of one query text: what is not in a transaction of its own is kept.
    pub fn end_query(&mut self) {
        if !self.autocommit {
            self.open = true;
        }
        if !self.open {
            self.commit();
        }
    }

    fn commit(&mut self) {
        for judged in std::mem::take(&mut self.pending) {
            self.keep(judged.action);
        }
        self.savepoints.clear();
        self.pending_seen.clear();
        let sure = self.stops_on_error;
        self.own.retain_mut(|own| {
            own.in_transaction = false;
            !own.created.until_commit && (own.created.certain || sure)
        });
    }

    fn take_back(&mut self, from: usize, why: &'static str) {
        for mut judged in self.pending.drain(from..).collect::<Vec<_>>() {
            if !judged.whole {
                harmless(&mut judged.action, why);
            }
            self.keep(judged.action);
        }
        self.savepoints.clear();
        self.pending_seen.clear();
        self.own.retain(|own| !own.in_transaction);
    }

    /// The connection ends: an open transaction is rolled back, temporary objects go.
    pub fn disconnect(&mut self) {
        if self.open {
            self.take_back(0, "rolled back: the connection ends");
        } else {
            self.commit();
        }
        self.open = false;
        self.own.clear();
    }

    /// The end of all input.
    pub fn finish(&mut self) {
        if self.commits_at_end {
            self.commit();
        } else if self.open {
            self.take_back(0, "rolled back: the input ends without COMMIT");
        } else {
            self.commit();
        }
        self.open = false;
    }

    /// The session's own objects may no longer be what they were.
    pub fn forget_own(&mut self) {
        self.own.clear();
    }

    /// What was kept and not handed out yet.
    pub fn kept(&mut self) -> &mut Vec<Action> {
        &mut self.kept
    }
}

fn same(created: &Created, relation: &str) -> bool {
    created.relation == relation
        || created.temporary && created.relation.replacen(':', ":pg_temp.", 1) == relation
        || created.temporary && created.relation == relation.replacen(":pg_temp.", ":", 1)
}

fn key(action: &Action) -> String {
    format!(
        "{}\0{}\0{:?}\0{}",
        action.rule,
        action.object,
        action.impact,
        if action.rule.ends_with("unread") { &action.text } else { "" }
    )
}

/// What is undone or falls on one's own object is a change that hurts nobody.
fn harmless(action: &mut Action, why: &'static str) {
    if action.impact != Impact::Nothing {
        action.effect = Effect::Write;
        action.impact = Impact::Change;
        action.scope = why.into();
        action.undo = "nothing is lost".into();
        action.advice = "".into();
    }
}
