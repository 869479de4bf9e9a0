//! psql against a real PostgreSQL on a private socket.

use std::path::PathBuf;
use std::process::Command;

use crate::world::{Caller, World};

/// A server of our own, stopped and removed at the end.
struct Server {
    folder: PathBuf,
    bin: PathBuf,
}

impl Server {
    fn start() -> Self {
        let bin = std::fs::read_dir("/usr/lib/postgresql")
            .expect("postgresql is installed by tests/run.sh")
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .find(|bin| bin.join("initdb").exists())
            .expect("initdb");
        // A socket's path is short: 107 bytes.
        let folder = PathBuf::from(format!("/tmp/agentguard-pg-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let server = Self { folder, bin };
        let data = server.folder.join("data");
        std::fs::set_permissions(&server.folder, std::os::unix::fs::PermissionsExt::from_mode(0o777))
            .unwrap();
        let data = data.to_str().unwrap();
        server.run("initdb", &["-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]);
        let options = format!("-k {} -c listen_addresses='' -c fsync=off", server.folder.display());
        let log = server.folder.join("log");
        server.run("pg_ctl", &["-D", data, "-w", "-o", &options, "-l", log.to_str().unwrap(), "start"]);
        server
    }

    fn as_nobody(&self, program: &str, words: &[&str]) -> bool {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
            command
        } else {
            Command::new(program)
        };
        command.args(words).current_dir(&self.folder).env("HOME", &self.folder);
        command.output().is_ok_and(|output| output.status.success())
    }

    fn run(&self, program: &str, words: &[&str]) {
        let path = self.bin.join(program);
        assert!(self.as_nobody(path.to_str().unwrap(), words), "{program} {words:?}");
    }

    fn url(&self) -> String {
        format!("postgresql://postgres@/postgres?host={}", self.folder.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        self.as_nobody(
            self.bin.join("pg_ctl").to_str().unwrap(),
            &["-D", data.to_str().unwrap(), "-m", "immediate", "stop"],
        );
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0
}

#[test]
fn a_real_server_keeps_its_tables_and_answers_reads_byte_for_byte() {
    let server = Server::start();
    let world = World::new();
    let url = server.url();
    let tables = || {
        world
            .real(&format!("psql -XAtq '{url}' -c \"select count(*) from pg_tables where tablename = 't'\""))
            .stdout
    };
    let setup =
        world.real(&format!("psql -Xq '{url}' -c 'create table t (i int); insert into t values (1), (2)'"));
    assert_eq!(setup.status, 0, "{setup:?}");
    world
        .file("drop.sql", "select 1;\nDROP TABLE t;\n")
        .file("read.sql", "select 1;\nselect i from t order by i;\n");
    refusals(&world, &url);
    assert_eq!(tables(), "1\n", "a refused statement reached the server");
    let rows = world.real(&format!("psql -XAtq '{url}' -c 'select count(*) from t'"));
    assert_eq!(rows.stdout, "2\n");
    passes(&world, &url);
}

fn refusals(world: &World, url: &str) {
    for line in [
        format!("psql '{url}' -c 'DROP TABLE t'"),
        format!("psql '{url}' -Atc 'drop table t'"),
        format!("psql -d '{url}' --comm='DROP TABLE t'"),
        format!("psql '{url}' -c 'select 1' -c 'DROP TABLE t'"),
        format!("psql '{url}' -f drop.sql"),
        format!("psql '{url}' < drop.sql"),
        format!("cat drop.sql | psql '{url}'"),
        format!("echo 'DROP TABLE t' | psql '{url}'"),
        format!("psql '{url}' -f - < drop.sql"),
        format!("psql '{url}' -c 'WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone'"),
        format!("psql '{url}' -c 'EXPLAIN ANALYZE DELETE FROM t'"),
        format!("psql '{url}' -c 'TRUNCATE t'"),
        format!("psql '{url}' -c 'DELETE FROM t WHERE 1 = 1'"),
        format!("printf 'BEGIN;\\nDELETE FROM t;\\nCOMMIT;\\n' | psql '{url}'"),
        format!("psql '{url}' -v x='1; drop table t' -f - <<'EOF'\nselect :x;\nEOF"),
        format!("bash -c \"psql '{url}' -c 'DROP TABLE t'\""),
    ] {
        world.line(&line, Caller::Agent).refused();
    }
    world.shell("bash", &format!("psql '{url}' <<< 'DROP TABLE t'"), Caller::Agent).refused();
}

fn passes(world: &World, url: &str) {
    for line in [
        format!("psql '{url}' -c 'select 1'"),
        format!("psql '{url}' -f read.sql"),
        format!("psql '{url}' < read.sql"),
        format!("cat read.sql | psql -XAt '{url}'"),
        format!("echo 'select i from t' | psql '{url}' -f -"),
        format!("psql '{url}' -c 'select nonsense'"),
        format!("psql '{url}' -v ON_ERROR_STOP=1 -c 'begin; delete from t; rollback'"),
        format!("psql '{url}' -c \"select 'drop table t'\""),
        "psql --version".to_owned(),
        "psql -h /nonexistent -c 'select 1'".to_owned(),
    ] {
        let ours = world.line(&line, Caller::Agent);
        let real = world.real(&line);
        assert_eq!(
            (ours.status, &ours.stdout, &ours.stderr),
            (real.status, &real.stdout, &real.stderr),
            "{line}"
        );
    }
}
