//! Which database a client would connect to, from its options, connection string and environment.
//!
//! | source, strongest first | gives |
//! |---|---|
//! | a URI (`postgresql://…`) or `key=value` string | hosts, database, service; its parameters |
//! | `-h -p -U -d` | host, database |
//! | the service file's section | the same keys |
//! | `PGHOST PGHOSTADDR PGDATABASE PGSERVICE` | the same |
//! | nothing | the local socket, the user's own database |

use crate::reader::Call;
use crate::target::name;
use crate::target::{Environment, Facets, Target};

/// Connection words as the client was given them; `None` where nothing was said.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Comma-separated where there are several; empty for the default socket.
    pub hosts: Option<String>,
    pub database: Option<String>,
    pub user: Option<String>,
    pub service: Option<String>,
    /// Some part is known only when the line runs.
    pub dynamic: bool,
}

impl Connection {
    /// True when a positional database name is really a connection string.
    #[must_use]
    pub fn is_string(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://") || text.contains('=')
    }

    /// Takes every key of a connection string, over what is there.
    pub fn take_string(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
            self.take_uri(rest);
        } else {
            for (key, value) in key_values(text) {
                self.take_key(&key, value);
            }
        }
    }

    fn take_uri(&mut self, rest: &str) {
        let (location, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = location.split_once('/').unwrap_or((location, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (user.split(':').next().unwrap_or_default(), hosts),
            None => ("", authority),
        };
        if !hosts.is_empty() {
            let names: Vec<String> = hosts.split(',').map(|host| decode(without_port(host))).collect();
            self.hosts = Some(names.join(","));
        }
        if !database.is_empty() {
            self.database = Some(decode(database));
        }
        if !user.is_empty() {
            self.user = Some(decode(user));
        }
        for pair in parameters.split('&') {
            if let Some((key, value)) = pair.split_once('=') {
                self.take_key(key, decode(value));
            }
        }
    }

    fn take_key(&mut self, key: &str, value: String) {
        match key {
            "host" => self.hosts = Some(value),
            "hostaddr" if self.hosts.is_none() => self.hosts = Some(value),
            "dbname" if Self::is_string(&value) => self.take_string(&value),
            "dbname" => self.database = Some(value),
            "user" => self.user = Some(value),
            "service" => self.service = Some(value),
            _ => {}
        }
    }

    /// Fills what is still open from a service file and the environment, as libpq does.
    pub fn complete(&mut self, call: &Call) {
        let known = |name: &str| call.env_known(name).map(|value| value.to_string_lossy().into_owned());
        self.service = self.service.take().or_else(|| known("PGSERVICE"));
        if let Some(service) = self.service.clone() {
            match service_section(call, &service) {
                Some(pairs) => {
                    let given = self.clone();
                    for (key, value) in pairs {
                        self.take_key(&key, value);
                    }
                    self.hosts = given.hosts.or_else(|| self.hosts.take());
                    self.database = given.database.or_else(|| self.database.take());
                    self.user = given.user.or_else(|| self.user.take());
                }
                // What the section says is not known: it may be any server.
                None => self.dynamic |= self.hosts.is_none(),
            }
        }
        for (field, name) in [(&mut self.hosts, "PGHOST"), (&mut self.database, "PGDATABASE")] {
            if field.is_none() {
                self.dynamic |= call.env(name).is_some_and(|value| value.is_dynamic());
                *field = known(name).filter(|value| !value.is_empty());
            }
        }
        self.hosts = self.hosts.take().or_else(|| known("PGHOSTADDR"));
        self.user = self.user.take().or_else(|| known("PGUSER"));
        self.database = self.database.take().or_else(|| self.user.clone());
    }

    /// The place it leads to. `kind` is the server's, e.g. `postgres`.
    #[must_use]
    pub fn target(&self, kind: &'static str) -> Target {
        let hosts = self.hosts.clone().unwrap_or_default();
        let database = self.database.clone().unwrap_or_default();
        let mut target = Target {
            kind,
            name: shown(&database, &hosts),
            facets: Facets {
                host: (!hosts.is_empty()).then(|| hosts.clone()),
                database: (!database.is_empty()).then(|| database.clone()),
                ..Facets::default()
            },
            ..Target::default()
        };
        if self.dynamic {
            target.evidence.push("the connection is known only when the line runs".to_owned());
            return target;
        }
        self.judge(&hosts, &database, &mut target);
        target
    }

    fn judge(&self, hosts: &str, database: &str, target: &mut Target) {
        let named = [hosts, database, self.service.as_deref().unwrap_or_default()];
        let local = hosts.split(',').all(is_local);
        if local {
            target.environment = Environment::Local;
            target.evidence.push(if hosts.is_empty() || hosts.starts_with(['/', '@']) {
                "a local socket".to_owned()
            } else {
                format!("host {hosts} is this machine")
            });
            if name::is_test_database(database) {
                target.environment = Environment::Test;
                target.evidence.push(format!("database name '{database}' ends in _test"));
            }
            return;
        }
        let found = named.iter().filter_map(|text| name::environment_of(text)).max_by_key(|found| found.0);
        match found {
            Some((Environment::Production, why)) => {
                target.environment = Environment::Production;
                target.by_name = true;
                target.evidence.push(why);
            }
            _ if name::is_test_database(database) => {
                target.environment = Environment::Test;
                target.evidence.push(format!("database name '{database}' ends in _test"));
            }
            Some((environment, why)) => {
                target.environment = environment;
                target.by_name = true;
                target.evidence.push(why);
            }
            None => target.evidence.push(format!("nothing says which environment host '{hosts}' is")),
        }
    }
}

fn is_local(host: &str) -> bool {
    // Cloud SQL's proxy puts a socket of a remote server at /cloudsql/PROJECT:REGION:INSTANCE.
    if host.starts_with("/cloudsql/") {
        return false;
    }
    host.is_empty()
        || host.starts_with('/')
        || host.starts_with('@')
        || name::is_local_host(without_port(host))
}

fn shown(database: &str, hosts: &str) -> String {
    match (database.is_empty(), hosts.is_empty() || hosts.starts_with('/')) {
        (true, true) => "the local server".to_owned(),
        (true, false) => hosts.to_owned(),
        (false, true) => format!("{database} on the local server"),
        (false, false) => format!("{database} at {hosts}"),
    }
}

fn without_port(host: &str) -> &str {
    if let Some(end) = host.strip_prefix('[').and_then(|rest| rest.find(']')) {
        return &host[1..=end];
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Percent-decoding; a broken escape stays as it is.
#[must_use]
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escape {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `key = value key='quoted \' value'` as libpq reads it.
fn key_values(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let mut key = String::new();
        while let Some(letter) = letters.next_if(|letter| *letter != '=' && !letter.is_whitespace()) {
            key.push(letter);
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if key.is_empty() || letters.next() != Some('=') {
            return pairs;
        }
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let quoted = letters.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => value.extend(letters.next()),
                '\'' if quoted => break,
                letter if letter.is_whitespace() && !quoted => break,
                letter => value.push(letter),
            }
        }
        pairs.push((key, value));
    }
}

/// The keys of one section of the service file; `None` when it cannot be found.
fn service_section(call: &Call, service: &str) -> Option<Vec<(String, String)>> {
    let home = call.context.home();
    let own = call
        .env_known("PGSERVICEFILE")
        .map(std::path::PathBuf::from)
        .or_else(|| home.map(|home| home.join(".pg_service.conf")));
    let system = call
        .env_known("PGSYSCONFDIR")
        .map_or_else(|| "/etc/postgresql-common".into(), std::path::PathBuf::from)
        .join("pg_service.conf");
    let files = own.into_iter().chain(std::iter::once(system));
    for file in files {
        let Ok(content) = call.context.read(&file, 1 << 20) else { continue };
        let text = String::from_utf8_lossy(&content).into_owned();
        let mut inside = false;
        let mut found = None;
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                inside = section == service;
                if inside {
                    found = Some(Vec::new());
                }
            } else if let (true, Some(pairs), Some((key, value))) = (inside, &mut found, line.split_once('='))
            {
                pairs.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        if found.is_some() {
            return found;
        }
    }
    None
}
