//! What is to be done about an assessment: the built-in table, then the rules of policy files.
//!
//! In: assessed actions, the actor, the layers of policy. Out: a [`Decision`] and what decided it.
//! Pure; `file` reads the layers.

pub mod file;

use crate::action::Action;
use crate::actor::ActorKind;
use crate::assess::Severity;
use crate::grammar::glob;
use crate::target::{Environment, Target};

/// What happens to the invocation. The strictest of several wins, by order.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    Allow,
    Ask,
    Refuse,
}

impl Decision {
    /// The word used in verdicts and policy.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Refuse => "refuse",
        }
    }

    /// The decision of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Allow, Self::Ask, Self::Refuse].into_iter().find(|decision| decision.word() == word)
    }
}

/// What the built-in table says. `inside_tree`: all that would be lost lies in one working tree.
pub const fn table(severity: Severity, actor: ActorKind, inside_tree: bool) -> Decision {
    match (severity, actor) {
        (Severity::None | Severity::Low, _) => Decision::Allow,
        (Severity::Medium | Severity::High, ActorKind::Human) => Decision::Ask,
        (Severity::Critical, ActorKind::Human) => Decision::Ask,
        (Severity::Medium | Severity::High | Severity::Critical, ActorKind::Agent) => Decision::Refuse,
        (Severity::Medium, ActorKind::Unattended) => Decision::Allow,
        (Severity::High, ActorKind::Unattended) if inside_tree => Decision::Allow,
        (Severity::High | Severity::Critical, ActorKind::Unattended) => Decision::Refuse,
    }
}

/// True when a person must type the object's name rather than `y`.
#[must_use]
pub fn must_type(severity: Severity, environment: Environment) -> bool {
    severity == Severity::Critical || (severity == Severity::High && environment == Environment::Production)
}

/// Which layer a rule or pattern stands in.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    System,
    User,
    /// A project file that a person trusted.
    Trusted,
    /// A project file that nobody trusted: it can only raise.
    Project,
}

impl Layer {
    /// The word shown beside a rule.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system policy",
            Self::User => "user policy",
            Self::Trusted => "trusted project policy",
            Self::Project => "project policy",
        }
    }
}

/// The environment of targets that match one of the patterns.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub environment: Environment,
    pub layer: Layer,
    pub hosts: Vec<String>,
    pub databases: Vec<String>,
    pub accounts: Vec<String>,
    pub projects: Vec<String>,
    pub branches: Vec<String>,
}

/// One `[[rule]]`: what it applies to and what it decides. Empty lists apply to everything.
#[derive(Clone, Debug)]
pub struct Rule {
    pub layer: Layer,
    pub decision: Decision,
    /// Globs over rule ids (`git.push-*`).
    pub rules: Vec<String>,
    /// Globs over the object.
    pub objects: Vec<String>,
    pub environments: Vec<Environment>,
    pub actors: Vec<ActorKind>,
    /// Applies to no worse than this.
    pub max_severity: Severity,
    pub why: String,
    /// `policy.toml:12`.
    pub origin: String,
}

/// All layers together.
#[derive(Clone, Debug)]
pub struct Policy {
    pub patterns: Vec<Pattern>,
    pub rules: Vec<Rule>,
    /// The environment that the project says it works in, and those it may touch.
    pub declared: Option<Declared>,
    pub observe: bool,
    /// Time for live measuring before a prompt, in milliseconds.
    pub measure_milliseconds: u64,
    /// Read-only queries over the network may be made.
    pub measure_network: bool,
    /// What was wrong with a file, one line each; the built-in policy holds for it.
    pub problems: Vec<String>,
}

/// What a project declares about where it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub environment: Option<Environment>,
    pub only: Vec<Environment>,
    pub origin: String,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            rules: Vec::new(),
            declared: None,
            observe: false,
            measure_milliseconds: 300,
            measure_network: true,
            problems: Vec::new(),
        }
    }
}

/// A decision and where it comes from.
#[derive(Clone, Debug)]
pub struct Decided {
    pub decision: Decision,
    /// `built-in table`, or the policy rule's origin and reason.
    pub by: String,
}

impl Policy {
    /// Lets the patterns name the target's environment. A project file nobody trusted can only
    /// make it worse.
    pub fn place(&self, target: &mut Target) {
        let mut found: Option<(&Pattern, Environment)> = None;
        for pattern in self.patterns.iter().filter(|pattern| pattern.matches(target)) {
            if pattern.layer == Layer::Project && pattern.environment <= target.environment {
                continue;
            }
            // Of several that match, the worst is the safe reading.
            if found.is_none_or(|(_, known)| pattern.environment > known) {
                found = Some((pattern, pattern.environment));
            }
        }
        if let Some((pattern, environment)) = found {
            target.environment = environment;
            target.by_name = false;
            target.evidence.insert(0, format!("{} names it {}", pattern.layer.word(), environment.word()));
        }
    }

    /// Why the target is not where the project says it works; `None` when it is or nothing is said.
    #[must_use]
    pub fn mismatch(&self, target: &Target) -> Option<String> {
        let declared = self.declared.as_ref()?;
        if target.kind.is_empty() || matches!(target.kind, "files" | "git") {
            return None;
        }
        if matches!(target.environment, Environment::Unknown | Environment::Local | Environment::Test) {
            return None;
        }
        let allowed = declared.environment.into_iter().chain(declared.only.iter().copied());
        let mut allowed = allowed.peekable();
        allowed.peek()?;
        if allowed.any(|environment| environment == target.environment) {
            return None;
        }
        let name = declared.environment.map_or("something else", Environment::word);
        Some(format!("the target is {} but {} declares {name}", target.environment.word(), declared.origin))
    }

    /// Decides about one action.
    pub fn decide(&self, action: &Action, severity: Severity, actor: ActorKind) -> Decided {
        if action.conversation && actor == ActorKind::Human {
            return Decided { decision: Decision::Allow, by: "a person at the terminal".to_owned() };
        }
        let inside = action.state.as_ref().is_some_and(|state| state.inside_tree);
        let mut decided =
            Decided { decision: table(severity, actor, inside), by: "built-in table".to_owned() };
        let applies = |rule: &&Rule| rule.applies(action, severity, actor);
        let mut floor: Option<&Rule> = None;
        for rule in self.rules.iter().filter(applies) {
            match rule.layer {
                Layer::System | Layer::User | Layer::Trusted => {
                    decided = Decided { decision: rule.decision, by: rule.shown() };
                    // What the machine's owner refuses, no user's file allows.
                    if rule.layer == Layer::System && rule.decision == Decision::Refuse {
                        floor = Some(rule);
                    }
                }
                Layer::Project if rule.decision > decided.decision => {
                    decided = Decided { decision: rule.decision, by: rule.shown() };
                }
                Layer::Project => {}
            }
        }
        if let Some(rule) = floor {
            decided = Decided { decision: Decision::Refuse, by: rule.shown() };
        }
        if self.mismatch(&action.target).is_some()
            && actor != ActorKind::Human
            && severity >= Severity::Medium
        {
            return Decided { decision: Decision::Refuse, by: "declared environment".to_owned() };
        }
        decided
    }
}

impl Pattern {
    fn matches(&self, target: &Target) -> bool {
        let facets = &target.facets;
        [
            (&self.hosts, &facets.host),
            (&self.databases, &facets.database),
            (&self.accounts, &facets.account),
            (&self.projects, &facets.project),
            (&self.branches, &facets.branch),
        ]
        .into_iter()
        .any(|(patterns, facet)| {
            facet.as_ref().is_some_and(|text| {
                text.split(',').any(|part| patterns.iter().any(|pattern| glob::matches(pattern, part)))
            })
        })
    }
}

impl Rule {
    fn applies(&self, action: &Action, severity: Severity, actor: ActorKind) -> bool {
        let any = |globs: &[String], text: &str| {
            globs.is_empty() || globs.iter().any(|pattern| glob::matches(pattern, text))
        };
        severity <= self.max_severity
            && any(&self.rules, &action.rule)
            && any(&self.objects, &action.object)
            && (self.environments.is_empty() || self.environments.contains(&action.target.environment))
            && (self.actors.is_empty() || self.actors.contains(&actor))
    }

    fn shown(&self) -> String {
        if self.why.is_empty() {
            format!("{} {}", self.layer.word(), self.origin)
        } else {
            format!("{} {}: {}", self.layer.word(), self.origin, self.why)
        }
    }
}
