//! How bad an action is: the calibration table and the ordered steps that raise or lower it.
//!
//! In: actions with target and state filled. Out: an [`Assessment`]. Pure: no clock, environment,
//! file or process. Every step is monotone: a worse input never gives a milder result.

use crate::action::{Action, Effect, Impact};
use crate::measure::State;
use crate::target::Environment;

/// How much would be lost.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word used in verdicts and policy.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }

    /// The lowest score of the band (0–100).
    #[must_use]
    pub const fn band(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 20,
            Self::Medium => 40,
            Self::High => 60,
            Self::Critical => 85,
        }
    }
}

/// The calibration: severity of an impact in each environment, worst case.
/// Columns: local, test, staging, unknown, production. Source: the anchors of the test corpus.
const fn row(impact: Impact) -> [Severity; 5] {
    use Severity::{Critical as C, High as H, Low as L, Medium as M, None as N};
    match impact {
        Impact::Nothing => [N, N, N, N, N],
        Impact::Change => [L, L, L, L, L],
        Impact::Replace => [L, L, L, L, M],
        Impact::Part => [L, L, M, M, H],
        Impact::Table => [M, L, H, H, C],
        Impact::Database => [H, L, H, C, C],
        Impact::Access => [M, L, M, M, H],
        Impact::Net => [L, L, M, H, H],
        Impact::Unread => [M, L, H, H, H],
        Impact::Outage => [L, L, M, M, H],
        Impact::Resource => [L, L, H, H, C],
        Impact::ResourceKept => [L, L, H, H, H],
        Impact::ResourceFinal => [L, L, H, C, C],
        Impact::Fixed(severity) => [severity; 5],
    }
}

/// The calibrated severity of `impact` in `environment`. `by_name` says that the environment is
/// known from a name alone: then only local, test and production count, everything else is as unknown.
pub const fn severity_of(impact: Impact, environment: Environment, by_name: bool) -> Severity {
    let [local, test, staging, unknown, production] = row(impact);
    match environment {
        Environment::Local => local,
        Environment::Test => test,
        Environment::Staging | Environment::Development if !by_name => staging,
        Environment::Staging | Environment::Development | Environment::Unknown => unknown,
        Environment::Production => production,
    }
}

/// One step of the way from the calibration row to the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub severity: Severity,
    pub reason: String,
}

/// What was found for the whole invocation.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// 0–100; orders things within and across bands.
    pub score: u8,
    pub severity: Severity,
    /// The index of the action that decides, if there is one.
    pub worst: Option<usize>,
    /// The steps of the worst action.
    pub steps: Vec<Step>,
}

/// Assesses all actions; the strictest decides.
pub fn assess(actions: &[Action]) -> Assessment {
    let mut result = Assessment { score: 0, severity: Severity::None, worst: None, steps: Vec::new() };
    for (index, action) in actions.iter().enumerate() {
        let steps = steps(action);
        let severity = steps.last().map_or(Severity::None, |step| step.severity);
        let score = score(action, severity);
        if result.worst.is_none() || score > result.score {
            result = Assessment { score, severity, worst: Some(index), steps };
        }
    }
    result
}

/// The ordered steps for one action, the calibration row first.
#[must_use]
pub fn steps(action: &Action) -> Vec<Step> {
    let target = &action.target;
    let mut severity = severity_of(action.impact, target.environment, target.by_name);
    let mut steps = vec![Step { severity, reason: first_reason(action, severity) }];
    if let Some(state) = &action.state {
        let (next, reason) = apply_state(severity, state);
        if next != severity || !reason.is_empty() {
            severity = next;
            steps.push(Step { severity, reason });
        }
    }
    if action.effect == Effect::Write && severity > Severity::Low && matches!(action.impact, Impact::Change) {
        severity = Severity::Low;
        steps.push(Step { severity, reason: "a write is never above low".to_owned() });
    }
    steps
}

/// Why the calibration says what it says, for people.
fn first_reason(action: &Action, severity: Severity) -> String {
    let environment = action.target.environment;
    let place = match environment {
        Environment::Unknown => "an unknown environment",
        Environment::Local => "a local environment",
        _ => environment.word(),
    };
    match (action.effect, action.impact) {
        (Effect::Unknown, Impact::Fixed(_)) => format!("it could not be read: {}", action.object),
        (Effect::Unknown, _) => {
            format!("it could not be read: {}; in {place} that is {}", action.object, severity.word())
        }
        // What the world says follows and says more.
        (_, Impact::Fixed(_)) if action.question.is_some() => String::new(),
        (_, Impact::Fixed(_)) if !action.scope.is_empty() => format!("{}: {}", action.verb, action.scope),
        (_, Impact::Fixed(_)) => format!("{} is {}", action.verb, severity.word()),
        _ => format!("{} in {place} is {}", action.verb, severity.word()),
    }
}

/// What the state of the world makes of a severity.
fn apply_state(severity: Severity, state: &State) -> (Severity, String) {
    (state.severity.unwrap_or(severity), state.reason.clone())
}

/// A score inside the severity's band: production, no way back and a whole scope weigh more.
#[must_use]
pub fn score(action: &Action, severity: Severity) -> u8 {
    let top = match severity {
        Severity::None => return 0,
        Severity::Low => 39,
        Severity::Medium => 59,
        Severity::High => 84,
        Severity::Critical => 100,
    };
    let mut score = severity.band() + 3;
    if action.target.environment == Environment::Production {
        score += 5;
    }
    if action.undo == "none" || action.undo.is_empty() {
        score += 4;
    }
    score += match action.effect {
        Effect::Read => 0,
        Effect::Write => 1,
        Effect::Permission => 2,
        Effect::Unknown => 3,
        Effect::Destroy => 4,
    };
    score.min(top)
}
