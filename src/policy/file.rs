//! Policy files: their schema, where they live, and what happens when one is broken.
//!
//! | layer | file | may |
//! |---|---|---|
//! | system | `/etc/agentguard/policy.toml` | move either way; its refusals hold for everybody |
//! | user | `.config/agentguard/policy.toml` in the account's home | move either way |
//! | project | `.agentguard.toml`, in the working folder or above | raise only |
//!
//! Home is the password database's. If HOME or XDG_CONFIG_HOME points elsewhere, that place serves
//! as the user layer, and of the real one the refusals still hold. A broken file is reported with
//! line and column and counts as absent.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::actor::ActorKind;
use crate::assess::Severity;
use crate::context::{Context, Unreadable};
use crate::policy::{Decision, Declared, Layer, Pattern, Policy, Rule};
use crate::target::Environment;

/// A policy file is not larger than this.
const BOUND: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    mode: Mode,
    environment: EnvironmentField,
    only: Vec<String>,
    rule: Vec<toml::Spanned<RuleRow>>,
    limits: Limits,
    hooks: Hooks,
    measure: Measure,
    observe: Observe,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Enforce,
    Observe,
}

/// `environment = "staging"` in a project file, `[[environment]]` tables in any.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum EnvironmentField {
    Declared(String),
    Patterns(Vec<PatternRow>),
}

impl Default for EnvironmentField {
    fn default() -> Self {
        Self::Patterns(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PatternRow {
    name: String,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    databases: Vec<String>,
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    projects: Vec<String>,
    #[serde(default)]
    branches: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleRow {
    decision: String,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    objects: Vec<String>,
    #[serde(default)]
    environments: Vec<String>,
    #[serde(default)]
    actors: Vec<String>,
    #[serde(default)]
    max_severity: Option<String>,
    #[serde(default)]
    why: String,
}

/// Read now, in force with the requests and grants.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Limits {
    destructive_per_session: Option<u32>,
    destructive_per_hour: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Hooks {
    ask: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Measure {
    milliseconds: Option<u64>,
    network: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Observe {
    enforce: Option<String>,
}

/// All layers that hold for the context's working folder.
#[must_use]
pub fn load(context: &Context) -> Policy {
    let mut policy = Policy::default();
    take(context, Path::new("/etc/agentguard/policy.toml"), Layer::System, &mut policy);
    let account = context.account().map(|account| account.home.join(".config/agentguard/policy.toml"));
    let named = named_home(context);
    match (&named, &account) {
        (Some(named), Some(account)) if named != account => {
            take(context, named, Layer::User, &mut policy);
            let mut real = Policy::default();
            take(context, account, Layer::User, &mut real);
            // Pointing HOME elsewhere must not take away what the account's own file refuses.
            policy.rules.extend(real.rules.into_iter().filter(|rule| rule.decision == Decision::Refuse));
            policy.patterns.extend(real.patterns);
            policy.problems.extend(real.problems);
        }
        (Some(path), _) | (None, Some(path)) => take(context, path, Layer::User, &mut policy),
        (None, None) => {}
    }
    if let Some(project) = project_file(context) {
        take(context, &project, Layer::Project, &mut policy);
    }
    policy
}

/// The user layer by HOME and XDG_CONFIG_HOME.
fn named_home(context: &Context) -> Option<PathBuf> {
    let xdg = context.env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = xdg.or_else(|| {
        let home = context.env("HOME").map(PathBuf::from).filter(|path| path.is_absolute())?;
        Some(home.join(".config"))
    })?;
    Some(folder.join("agentguard/policy.toml"))
}

/// The nearest `.agentguard.toml` at or above the working folder.
fn project_file(context: &Context) -> Option<PathBuf> {
    context.cwd().ancestors().map(|folder| folder.join(".agentguard.toml")).find(|path| path.is_file())
}

fn take(context: &Context, path: &Path, layer: Layer, policy: &mut Policy) {
    let content = match context.read(path, BOUND) {
        Ok(content) => content,
        Err(Unreadable::Missing) => return,
        Err(why) => {
            policy.problems.push(format!("{} {why}; it is ignored", path.display()));
            return;
        }
    };
    read(&content, path, layer, policy);
}

/// Adds what one file says to `policy`; a file that is broken anywhere adds only a problem.
pub fn read(content: &[u8], path: &Path, layer: Layer, policy: &mut Policy) {
    let text = String::from_utf8_lossy(content);
    let outcome = toml::from_str::<File>(&text)
        .map_err(|error| located(&text, error.span(), error.message()))
        .and_then(|file| merge(&file, &text, path, layer, policy));
    if let Err(why) = outcome {
        policy.problems.push(format!("{}:{why}; the file is ignored", path.display()));
    }
}

/// `line:column: message`, one line.
fn located(text: &str, span: Option<std::ops::Range<usize>>, message: &str) -> String {
    let at = span.map_or(0, |span| span.start);
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
    format!("{line}:{column}: {}", message.replace('\n', " "))
}

fn merge(file: &File, text: &str, path: &Path, layer: Layer, policy: &mut Policy) -> Result<(), String> {
    let mut patterns = Vec::new();
    if let EnvironmentField::Patterns(rows) = &file.environment {
        for row in rows {
            patterns.push(Pattern {
                environment: environment(&row.name)?,
                layer,
                hosts: row.hosts.clone(),
                databases: row.databases.clone(),
                accounts: row.accounts.clone(),
                projects: row.projects.clone(),
                branches: row.branches.clone(),
            });
        }
    }
    let mut rules = Vec::new();
    for row in &file.rule {
        rules.push(rule(row, text, path, layer)?);
    }
    let declared = match &file.environment {
        EnvironmentField::Declared(name) => Some(environment(name)?),
        EnvironmentField::Patterns(_) => None,
    };
    let only = file.only.iter().map(|name| environment(name)).collect::<Result<Vec<_>, _>>()?;
    if declared.is_some() || !only.is_empty() {
        policy.declared = Some(Declared { environment: declared, only, origin: path.display().to_string() });
    }
    policy.patterns.extend(patterns);
    policy.rules.extend(rules);
    if layer != Layer::Project {
        policy.observe |= file.mode == Mode::Observe;
        policy.measure_milliseconds = file.measure.milliseconds.unwrap_or(policy.measure_milliseconds);
    }
    policy.measure_network &= file.measure.network.unwrap_or(true);
    Ok(())
}

fn environment(name: &str) -> Result<Environment, String> {
    Environment::from_word(name).ok_or_else(|| {
        format!("0:0: '{name}' is no environment: write production, staging, development, test or local")
    })
}

fn rule(row: &toml::Spanned<RuleRow>, text: &str, path: &Path, layer: Layer) -> Result<Rule, String> {
    let place = |message: String| located(text, Some(row.span()), &message);
    let line = text[..row.span().start.min(text.len())].matches('\n').count() + 1;
    let row = row.get_ref();
    let decision = Decision::from_word(&row.decision)
        .ok_or_else(|| place(format!("'{}' is no decision: write allow, ask or refuse", row.decision)))?;
    let max_severity = match &row.max_severity {
        None => Severity::Critical,
        Some(word) => Severity::from_word(word).ok_or_else(|| {
            place(format!("'{word}' is no severity: write none, low, medium, high or critical"))
        })?,
    };
    let mut actors = Vec::new();
    for word in &row.actors {
        actors.push(
            ActorKind::from_word(word)
                .ok_or_else(|| place(format!("'{word}' is no actor: write human, agent or unattended")))?,
        );
    }
    let environments =
        row.environments.iter().map(|name| environment(name)).collect::<Result<Vec<_>, _>>()?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Ok(Rule {
        layer,
        decision,
        rules: row.rules.clone(),
        objects: row.objects.clone(),
        environments,
        actors,
        max_severity,
        why: row.why.clone(),
        origin: format!("{name}:{line}"),
    })
}
