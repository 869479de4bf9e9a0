//! Which Railway project and environment a command works on.
//!
//! In: the roles of a binding, the environment, the link file. Out: a [`Target`] of kind `railway`.
//! It refuses to ask the server: an id without a name is shown as it is and stays *unknown*.
//!
//! | source, strongest first | gives |
//! |---|---|
//! | `-p`, `-e`, `-s` | project, environment, service, by name or id |
//! | `RAILWAY_TOKEN` | a project and environment that only the server can name |
//! | `RAILWAY_PROJECT_ID`, `RAILWAY_ENVIRONMENT_ID`, `RAILWAY_SERVICE_ID` | the same by id |
//! | `projects` in `~/.railway/config.json`, nearest ancestor of the folder | the linked ones |
//! | `RAILWAY_ENVIRONMENT_NAME`, `RAILWAY_PROJECT_NAME` | a hint that can only make it worse |
//!
//! Layout of the link file: railway CLI 5.71.0 (camelCase, absent where null).

use std::path::Path;

use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::language::json::Json;
use crate::reader::Call;
use crate::target::{Environment, Facets, Target, name};

/// A link file larger than this is not read, in bytes.
const LINK_FILE_BOUND: u64 = 4 << 20;

/// Whether an environment bounds what a command does.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It acts in one environment.
    Environment,
    /// It acts in all of them (`volume delete`, `project delete`), whatever `-e` selects.
    Everywhere,
}

/// What is known of the place, each by name or id.
#[derive(Clone, Debug, Default)]
struct Named {
    project: Option<String>,
    environment: Option<String>,
    service: Option<String>,
    /// Names that may say production but do not say what the command works on.
    hints: Vec<String>,
    evidence: Vec<String>,
}

/// The place that a command works on. `environment` is one that its operand names.
pub fn target(binding: &Binding, call: &Call, reach: Reach, environment: Option<&Word>) -> Target {
    let mut named = Named::default();
    named.flags(binding, environment);
    named.surroundings(call);
    named.target(reach)
}

/// What a raw API call works on: ids inside the document say where, so only a production name counts.
pub fn account(call: &Call) -> Target {
    let mut named = Named::default();
    named.surroundings(call);
    named.hints.extend(named.environment.take());
    let mut target = named.target(Reach::Everywhere);
    "Railway, by the ids in the request".clone_into(&mut target.name);
    target.facets = Facets::default();
    target
}

impl Named {
    fn flags(&mut self, binding: &Binding, environment: Option<&Word>) {
        let shown = |word: &Word| word.shown();
        self.project = binding.role_value("project").map(shown);
        self.environment = environment.or_else(|| binding.role_value("environment")).map(shown);
        self.service = binding.role_value("service").map(shown);
        let given = [("project", &self.project), ("environment", &self.environment)];
        let given: Vec<String> = given
            .into_iter()
            .filter_map(|(what, value)| Some(format!("{what} {} is named in the command", value.as_ref()?)))
            .collect();
        self.evidence.extend(given);
    }

    fn surroundings(&mut self, call: &Call) {
        let known = |name: &str| call.env(name).map(|value| value.shown()).filter(|value| !value.is_empty());
        self.hints.extend(["RAILWAY_ENVIRONMENT_NAME", "RAILWAY_PROJECT_NAME"].into_iter().filter_map(known));
        if known("RAILWAY_TOKEN").is_some() {
            if self.environment.is_none() {
                self.evidence.push("RAILWAY_TOKEN decides where, and only the server can tell".to_owned());
            }
            return;
        }
        if let Some(project) = known("RAILWAY_PROJECT_ID") {
            self.evidence.push("RAILWAY_PROJECT_ID is set".to_owned());
            // An environment belongs to its project: another project's says nothing.
            if self.project.is_none() {
                self.environment = self.environment.take().or_else(|| known("RAILWAY_ENVIRONMENT_ID"));
                self.project = Some(project);
            }
            self.service = self.service.take().or_else(|| known("RAILWAY_SERVICE_ID"));
            return;
        }
        if self.project.is_none() {
            self.link(call);
        }
    }

    /// The entry of the nearest ancestor of the working folder.
    fn link(&mut self, call: &Call) {
        let Some(home) = call.context.home() else { return };
        let file = match call.env_known("RAILWAY_ENV").and_then(|value| value.into_string().ok()).as_deref() {
            Some("staging") => "config-staging.json",
            Some("dev" | "develop") => "config-dev.json",
            _ => "config.json",
        };
        let Ok(content) = call.context.read(&home.join(".railway").join(file), LINK_FILE_BOUND) else {
            return;
        };
        let Ok(json) = Json::parse(&content) else { return };
        let Some(projects) = json.get("projects") else { return };
        let folder = call.path(std::ffi::OsStr::new(""));
        let real = std::fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        let linked = |path: &Path| path.ancestors().find_map(|above| projects.get(above.to_str()?));
        let Some(entry) = linked(&folder).or_else(|| linked(&real)) else { return };
        let text = |key: &str| entry.get(key).and_then(Json::text).map(str::to_owned);
        self.evidence.push("the folder is linked to a project".to_owned());
        self.project = text("name").or_else(|| text("project"));
        self.environment =
            self.environment.take().or_else(|| text("environmentName")).or_else(|| text("environment"));
        self.service = self.service.take().or_else(|| text("service"));
    }

    fn target(self, reach: Reach) -> Target {
        let mut target = Target {
            kind: "railway",
            name: self.shown(reach),
            facets: Facets { project: self.project.clone(), ..Facets::default() },
            evidence: self.evidence,
            ..Target::default()
        };
        let by_environment = self.environment.as_deref().and_then(name::environment_of);
        let others = self.project.iter().chain(&self.service).chain(&self.hints);
        let production = by_environment
            .clone()
            .into_iter()
            .chain(others.filter_map(|text| name::environment_of(text)))
            .find(|(environment, _)| *environment == Environment::Production);
        match (production, by_environment, reach) {
            (Some((environment, why)), ..) | (None, Some((environment, why)), Reach::Environment) => {
                target.environment = environment;
                target.by_name = true;
                target.evidence.push(why);
            }
            (None, Some(_), Reach::Everywhere) => {
                target.evidence.push("it acts in every environment, not only in the one named".to_owned());
            }
            (None, None, _) => target.evidence.push("nothing says which environment it is".to_owned()),
        }
        target
    }

    /// `project my-app, environment production`.
    fn shown(&self, reach: Reach) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.project.as_ref().map(|text| format!("project {text}")));
        match reach {
            Reach::Environment => {
                parts.extend(self.environment.as_ref().map(|text| format!("environment {text}")));
            }
            Reach::Everywhere => parts.push("every environment".to_owned()),
        }
        if parts.is_empty() { "Railway".to_owned() } else { parts.join(", ") }
    }
}
