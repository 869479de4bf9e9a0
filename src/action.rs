//! What an invocation would do: one [`Action`] per thing that is read, changed or destroyed.
//!
//! In: what a grammar row or a language table says. Out: plain data for `assess`. It refuses to
//! know where the action lands (`target`) and how bad that is (`assess`).

use std::borrow::Cow;

use crate::target::Target;

/// Text that is a constant in most cases and built in the others.
pub type Text = Cow<'static, str>;

/// What becomes of the object. Ordered by how much a guard cares.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing changes.
    Read,
    /// Something is created or changed and what was there can be had again.
    Write,
    /// Who may do what, or whether it is seen: access, audit, safety nets.
    Permission,
    /// Something ends, is emptied, overwritten, stopped or detached.
    Destroy,
    /// It could not be read; it may be anything the program is able to do.
    Unknown,
}

impl Effect {
    /// The word used in verdicts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Permission => "permission",
            Self::Destroy => "destroy",
            Self::Unknown => "unknown",
        }
    }
}

/// A row of the calibration table: how bad a kind of action is in each environment.
/// The numbers stand in `assess::severity_of`.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impact {
    /// A read.
    Nothing,
    /// Creates or changes; nobody is hurt anywhere.
    Change,
    /// Replaces one thing: a row by its key, a function, a setting.
    Replace,
    /// Some of many: rows by a condition, one object of a bucket, another user's session.
    Part,
    /// The whole content of one table, or a column of it.
    Table,
    /// A schema or database with everything in it.
    Database,
    /// Roles and rights.
    Access,
    /// A safety net (retention, backups' settings) or a conversation nobody can read ahead.
    Net,
    /// Content that could not be read where the program can destroy.
    Unread,
    /// A running resource that comes back when it is started again.
    Outage,
    /// A resource of a service, or many of its objects.
    Resource,
    /// A resource of a service of which the same call keeps a copy.
    ResourceKept,
    /// A resource of a service together with its backups.
    ResourceFinal,
    /// The environment does not matter; the state of the world decides.
    Fixed(crate::assess::Severity),
}

/// How sure the reading is. Certainty never lowers a destructive reading; it is shown.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    Certain,
    Possible,
}

/// Which question about the world decides how bad the action is here and now.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Removal of a path; `recursive` as the program would.
    /// `path` is absolute but otherwise as given; `cwd` is where the program runs.
    Remove { path: std::path::PathBuf, recursive: bool, cwd: std::path::PathBuf },
    /// Milder than the removal of the path: how the answer about that removal is to be read.
    Softened { path: std::path::PathBuf, cwd: std::path::PathBuf, loss: Loss },
    /// A loss in a git repository; the name of the question in `measure::git`.
    Git { kind: GitLoss, repository: Repository, operands: Vec<std::ffi::OsString> },
}

/// How much of what a removal would lose is lost.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It goes to another place and can be moved back.
    Moved,
    /// Only what some test selects, in the working folder.
    SelectedHere,
    /// Only what some test selects, anywhere else.
    Selected,
}

impl Loss {
    /// The severity of a removal, softened.
    pub const fn of(self, removal: crate::assess::Severity) -> crate::assess::Severity {
        use crate::assess::Severity::{Critical, High, Low, Medium, None};
        match (self, removal) {
            (_, None) => None,
            (_, Low) => Low,
            // What leaves a system folder, a home or a repository breaks it until it is back.
            (Self::Moved, Critical) => High,
            (Self::Moved, Medium | High) => Low,
            (Self::SelectedHere, Medium | High | Critical) => Medium,
            (Self::Selected, Medium) => Medium,
            (Self::Selected, High | Critical) => High,
        }
    }
}

/// Where git would run: `-C` applied, `--git-dir` and `--work-tree` kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Every global option, as given, for measuring calls.
    pub globals: Vec<std::ffi::OsString>,
    pub cwd: std::path::PathBuf,
    /// Variables that say where git works, as the program will see them.
    pub env: Vec<(String, std::ffi::OsString)>,
    /// Only running the line would tell which repository, branch or path it is.
    pub unknown: bool,
}

/// The kinds of loss that `measure::git` can look up.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GitLoss {
    /// Uncommitted changes of all tracked files (`reset --hard`); operand: the commit to go to.
    ResetHard,
    /// Uncommitted changes of named paths; operands: `worktree` or `both`, the tree they come from or
    /// nothing, then the paths.
    Restore,
    /// Local changes thrown away by a forced branch change; operand: where it goes.
    ForceCheckout,
    /// Untracked files; operands: clean's own arguments.
    Clean,
    /// One stash.
    StashDrop,
    /// All stashes.
    StashClear,
    /// Branches that may hold commits of their own; operands: their names.
    BranchDelete,
    /// References by their full names, deleted with their reflogs.
    RefDelete,
    /// Tags; operands: their names.
    TagDelete,
    /// A reference that is overwritten; operands: its full name, what it becomes (or nothing).
    RefMove,
    /// A push that can lose something; operands: `lease`, `force`, `delete` or `prune`, the remote,
    /// the names it changes there.
    PushForce,
    /// A plain push whose configuration may force it; operands: remote, refspecs.
    Push,
    /// `git rm -f`, which deletes modified files; operands as those of `Restore`.
    RemoveTracked,
    /// A word that is a branch or a path (`checkout X`).
    CheckoutWord,
    /// A tree-ish or a path, then paths (`checkout A B`).
    CheckoutWords,
    /// A linked worktree with what is uncommitted in it; operand: its path.
    WorktreeRemove,
    /// Local changes inside submodules; operands: their paths.
    SubmoduleDiscard,
    /// The file that a forced move overwrites; operands: sources and target.
    MoveOver,
    /// A merge or rebase that is given up, with the conflicts resolved so far.
    Abort,
}

/// One thing that an invocation does.
#[derive(Clone, Debug)]
pub struct Action {
    pub effect: Effect,
    pub impact: Impact,
    /// The field's word for it, lower case: `drop table`, `reset --hard`.
    pub verb: Text,
    /// What it is done to, as named in the source: `public.users`, `src/`.
    pub object: String,
    /// How much of it: `all rows`, `rows by a condition`, `whole tree`.
    pub scope: Text,
    /// The way back: `none`, `reflog`, `48 hours by e-mail`.
    pub undo: Text,
    /// The piece of source that says so, whole or shortened.
    pub text: String,
    /// Stable id of the row that claims it: `psql.drop-table`.
    pub rule: Text,
    /// A safe way forward, one line; empty when there is none.
    pub advice: Text,
    pub certainty: Certainty,
    /// Commands follow on a terminal: a person answers for what they type, an agent does not.
    pub conversation: bool,
    pub question: Option<Question>,
    /// Where it lands; filled by `target`.
    pub target: Target,
    /// What `measure` found; empty until it was asked.
    pub state: Option<crate::measure::State>,
}

impl Action {
    /// A new action with nothing but what every action has.
    pub fn new(effect: Effect, impact: Impact, rule: impl Into<Text>, verb: impl Into<Text>) -> Self {
        Self {
            effect,
            impact,
            verb: verb.into(),
            object: String::new(),
            scope: Cow::Borrowed(""),
            undo: Cow::Borrowed(""),
            text: String::new(),
            rule: rule.into(),
            advice: Cow::Borrowed(""),
            certainty: Certainty::Certain,
            conversation: false,
            question: None,
            target: Target::default(),
            state: None,
        }
    }

    /// Something that could not be read where the program can destroy.
    pub fn unread(rule: impl Into<Text>, why: impl Into<String>) -> Self {
        let mut action = Self::new(Effect::Unknown, Impact::Unread, rule, "unknown");
        action.object = why.into();
        action.certainty = Certainty::Possible;
        action
    }

    pub fn object(mut self, object: impl Into<String>) -> Self {
        self.object = object.into();
        self
    }

    pub fn scope(mut self, scope: impl Into<Text>) -> Self {
        self.scope = scope.into();
        self
    }

    pub fn undo(mut self, undo: impl Into<Text>) -> Self {
        self.undo = undo.into();
        self
    }

    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    pub fn advice(mut self, advice: impl Into<Text>) -> Self {
        self.advice = advice.into();
        self
    }

    pub fn question(mut self, question: Question) -> Self {
        self.question = Some(question);
        self
    }
}
