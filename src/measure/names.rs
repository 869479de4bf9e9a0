//! What a file's name says about losing it: nothing else holds it, or a build makes it again.
//!
//! In: the last component of a path. Out: two answers from two tables. It refuses to look at the
//! disk: whether a marker really stands beside a regenerable name is for the caller to see.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::grammar::glob;

/// Credentials, databases, state: usually kept out of version control, so the only copy is here.
/// Lower case; matched against the lower-cased name.
const PRECIOUS: &[&str] = &[
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    "*.sqlite*",
    "*.db",
    "*.db3",
    "*.db-wal",
    "*.db-shm",
    "*.mdb",
    "*.accdb",
    "*.rdb",
    "*.aof",
    "*.realm",
    "*.duckdb",
    "*.mv.db",
    "*.kdb",
    "*.kdbx",
    "*.keystore",
    "*.jks",
    "*.p12",
    "*.pfx",
    "*.pem",
    "*.key",
    "*.ppk",
    "*.gpg",
    "*.asc",
    "*.age",
    "*.crt",
    "*.cer",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "*.tfstate",
    "*.tfstate.*",
    "terraform.tfvars",
    "*.auto.tfvars",
    "wallet.dat",
    "*.wallet",
    "secrets.*",
    "secret.*",
    "credentials",
    "credentials.*",
    "master.key",
    "kubeconfig",
    "*.kubeconfig",
    "service-account*.json",
    "pg_version",
    "ibdata1",
    "wiredtiger*",
    "*.dump",
    "*.sql.gz",
];

/// Names above that only look precious: templates that are meant to be shared.
const TEMPLATES: &[&str] = &[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
    "*.env.example",
    "*.env.sample",
    "thumbs.db",
];

/// Languages' markers, named once.
const NODE: &[&str] = &["package.json", "bower.json", "deno.json", "bun.lockb"];
const PYTHON: &[&str] = &[
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "requirements-dev.txt",
    "Pipfile",
    "tox.ini",
    "poetry.lock",
    "uv.lock",
    "environment.yml",
    "pytest.ini",
    "noxfile.py",
    "manage.py",
];
const GRADLE: &[&str] = &["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];
const DOTNET: &[&str] = &["*.csproj", "*.fsproj", "*.vbproj", "*.sln"];
const C: &[&str] = &["CMakeLists.txt", "Makefile", "configure", "meson.build", "configure.ac"];
const XCODE: &[&str] = &["Podfile", "*.xcodeproj", "*.xcworkspace", "Package.swift"];
/// What makes `build`, `dist` and `out` in some language or other.
const BUILDERS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "setup.py",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "CMakeLists.txt",
    "Makefile",
    "meson.build",
    "pubspec.yaml",
    "pom.xml",
    "deno.json",
    "Cargo.toml",
    "go.mod",
    "Package.swift",
    "build.xml",
    "*.csproj",
];
/// The name alone is proof: nothing else is called that.
const ALONE: &[&str] = &[];

/// Regenerable names and the files beside them, any one of which proves it.
const REGENERABLE: &[(&str, &[&str])] = &[
    ("playwright-report", NODE),
    ("test-results", NODE),
    ("blob-report", NODE),
    ("allure-results", NODE),
    ("allure-report", NODE),
    (".swc", NODE),
    (".nx", NODE),
    (".rollup.cache", NODE),
    (".rpt2_cache", NODE),
    (".jest-cache", NODE),
    (".vitest", NODE),
    (".webpack", NODE),
    (".contentlayer", NODE),
    (".shadow-cljs", NODE),
    ("out-tsc", NODE),
    ("jspm_packages", NODE),
    ("cdk.out", &["cdk.json"]),
    (".aws-sam", &["template.yaml", "template.yml", "samconfig.toml"]),
    (".pytype", PYTHON),
    (".pyre", PYTHON),
    ("mutants.out", &["Cargo.toml"]),
    (".lake", &["lakefile.lean", "lakefile.toml"]),
    (".bsp", &["build.sbt", "build.sc"]),
    (".cpcache", &["deps.edn"]),
    ("*.profraw", ALONE),
    ("*.profdata", ALONE),
    ("*.gcda", ALONE),
    ("*.gcno", ALONE),
    ("*.js.map", ALONE),
    ("*.css.map", ALONE),
    ("*.map", ALONE),
    ("*.prof", ALONE),
    ("*.whl", ALONE),
    ("node_modules", NODE),
    ("bower_components", NODE),
    (".pnpm-store", NODE),
    (".next", NODE),
    (".nuxt", NODE),
    (".svelte-kit", NODE),
    (".turbo", NODE),
    (".parcel-cache", NODE),
    (".vite", NODE),
    (".angular", NODE),
    (".expo", NODE),
    (".output", NODE),
    (".astro", NODE),
    (".docusaurus", NODE),
    ("storybook-static", NODE),
    (".nyc_output", NODE),
    ("lib-cov", NODE),
    (".eslintcache", ALONE),
    ("*.tsbuildinfo", ALONE),
    (".cache", NODE),
    (".vercel", NODE),
    (".wrangler", NODE),
    (".serverless", NODE),
    ("coverage", &["package.json", "pyproject.toml", "Cargo.toml", "go.mod", "Gemfile", "composer.json"]),
    ("target", &["Cargo.toml", "pom.xml", "build.sbt", "project.clj"]),
    ("build", BUILDERS),
    ("dist", BUILDERS),
    ("out", BUILDERS),
    ("__pycache__", ALONE),
    ("*.pyc", ALONE),
    ("*.pyo", ALONE),
    (".pytest_cache", ALONE),
    (".mypy_cache", ALONE),
    (".ruff_cache", ALONE),
    (".hypothesis", ALONE),
    (".ipynb_checkpoints", ALONE),
    (".tox", PYTHON),
    (".nox", PYTHON),
    (".venv", PYTHON),
    ("venv", PYTHON),
    (".eggs", PYTHON),
    ("*.egg-info", PYTHON),
    ("htmlcov", PYTHON),
    (".coverage", PYTHON),
    ("wheels", PYTHON),
    (".gradle", GRADLE),
    (".kotlin", GRADLE),
    ("bin", DOTNET),
    ("obj", DOTNET),
    ("vendor", &["composer.json", "go.mod", "Gemfile"]),
    ("Pods", XCODE),
    ("DerivedData", XCODE),
    (".build", XCODE),
    (".swiftpm", XCODE),
    ("_build", &["mix.exs", "dune-project", "rebar.config"]),
    ("deps", &["mix.exs"]),
    (".elixir_ls", &["mix.exs"]),
    (".stack-work", &["stack.yaml"]),
    ("dist-newstyle", &["cabal.project", "*.cabal"]),
    ("zig-cache", &["build.zig"]),
    (".zig-cache", &["build.zig"]),
    ("zig-out", &["build.zig"]),
    ("cmake-build-*", C),
    ("CMakeFiles", C),
    ("CMakeCache.txt", C),
    ("bazel-*", &["WORKSPACE", "MODULE.bazel", "WORKSPACE.bazel"]),
    ("elm-stuff", &["elm.json"]),
    (".dart_tool", &["pubspec.yaml"]),
    ("_site", &["_config.yml"]),
    (".jekyll-cache", &["_config.yml"]),
    (".bundle", &["Gemfile"]),
    (".terraform", &["*.tf"]),
    (".terragrunt-cache", &["terragrunt.hcl"]),
    (".metals", &["build.sbt"]),
    (".bloop", &["build.sbt"]),
    ("*.o", ALONE),
    ("*.obj", ALONE),
    ("*.class", ALONE),
    ("*.swp", ALONE),
    ("*.swo", ALONE),
    (".DS_Store", ALONE),
    ("Thumbs.db", ALONE),
    ("*.log", ALONE),
    ("*.tmp", ALONE),
    ("*.orig", ALONE),
    ("*.rej", ALONE),
    ("*~", ALONE),
    ("*.pid", ALONE),
    (".sass-cache", ALONE),
    (".vagrant", &["Vagrantfile"]),
];

/// True for names of credentials, databases and state files.
#[must_use]
pub fn is_precious(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    PRECIOUS.iter().any(|pattern| glob::matches(pattern, &name))
        && !TEMPLATES.iter().any(|pattern| glob::matches(pattern, &name))
}

/// For a name that builds make again: the markers (patterns) of which any one beside it proves
/// that; an empty list when the name alone is proof. `None` for every other name.
#[must_use]
pub fn regenerable(name: &OsStr) -> Option<&'static [&'static str]> {
    // Names that are not UTF-8 were made by no build tool.
    let name = std::str::from_utf8(name.as_bytes()).ok()?;
    REGENERABLE.iter().find(|(pattern, _)| glob::matches(pattern, name)).map(|(_, markers)| *markers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_databases_are_precious_and_templates_are_not() {
        for name in [".env", ".env.local", ".ENV", "dev.sqlite3", "app.db", "id_rsa", "terraform.tfstate"] {
            assert!(is_precious(OsStr::new(name)), "{name}");
        }
        for name in [".env.example", "main.rs", "environment.ts", "README.md", "keys.md", "node_modules"] {
            assert!(!is_precious(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn build_output_is_regenerable_by_its_markers() {
        assert!(
            regenerable(OsStr::new("node_modules")).is_some_and(|markers| markers.contains(&"package.json"))
        );
        assert_eq!(regenerable(OsStr::new("__pycache__")), Some(ALONE));
        assert!(regenerable(OsStr::new("cmake-build-debug")).is_some());
        assert!(regenerable(OsStr::new("src")).is_none());
        assert!(regenerable(OsStr::new("notes")).is_none());
    }
}
