//! A small Debian under target/, for tools that the system itself does not package. Its mounts live in the namespace of
//! each command alone, so that none is left behind, however the command ends.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Show, execute};
use crate::tools;

/// A Debian of its own, in which the checkout lies where it lies outside.
pub(crate) struct Chroot {
    folder: PathBuf,
    checkout: PathBuf,
}

impl Chroot {
    /// The one in `folder`, with these packages; it is made where it is not whole.
    pub(crate) fn with(root: &Path, folder: &str, suite: &str, packages: &[&str]) -> Result<Self, String> {
        let chroot = Self { folder: root.join(folder), checkout: root.to_owned() };
        let stamp = chroot.folder.join("packages");
        let wanted = format!("{suite}\n{}\n", packages.join("\n"));
        if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return Ok(chroot);
        }
        if !tools::output("id", &["-u"]).is_ok_and(|user| user == "0") {
            return Err("making it takes root".to_owned());
        }
        tools::system(root, "debootstrap", "debootstrap")?;
        chroot.clear()?;
        println!("making a Debian {suite} in {folder}");
        std::fs::create_dir_all(&chroot.folder).map_err(|e| format!("{folder}: {e}"))?;
        let mut bootstrap = Command::new("unshare");
        bootstrap.args(["--mount", "--propagation", "private", "debootstrap", "--variant=minbase", suite]);
        // Without a mirror of this system's it is debootstrap's own.
        bootstrap.arg(&chroot.folder).args(mirror()).current_dir(root);
        execute(&mut bootstrap, Show::Failure, root)?;
        let mut install = chroot.command(&["DEBIAN_FRONTEND=noninteractive".to_owned()], "apt-get");
        install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
        execute(&mut install, Show::Failure, root)?;
        // Written last: one that was left half made is made again.
        std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
        Ok(chroot)
    }

    /// A program in it, run from the checkout, with nothing in its environment but this.
    pub(crate) fn command(&self, environment: &[String], program: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-euc", ENTER, "sh"]);
        command.arg(&self.folder).arg(&self.checkout).args(FIXED).args(environment);
        command.args(["sh", "-euc", "cd \"$1\"; shift; exec \"$@\"", "sh"]).arg(&self.checkout).arg(program);
        command.current_dir(&self.checkout);
        command
    }

    /// Removes what is left of it, unless something is mounted there: /dev would go with it.
    fn clear(&self) -> Result<(), String> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").map_err(|e| format!("mounts: {e}"))?;
        let inside =
            |line: &str| line.split(' ').nth(1).is_some_and(|at| Path::new(at).starts_with(&self.folder));
        if mounts.lines().any(inside) {
            return Err(format!("unmount what is mounted below {} first", self.folder.display()));
        }
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("{}: {error}", self.folder.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Where this system gets its own Debian packages from.
fn mirror() -> Option<String> {
    let format = "$(ORIGIN) $(LABEL) $(REPO_URI)";
    let lines =
        tools::output("apt-get", &["indextargets", "--format", format, "Created-By: Packages"]).ok()?;
    // Security updates have a label of their own, and lie elsewhere.
    lines.lines().find_map(|line| line.strip_prefix("Debian Debian ")).map(str::to_owned)
}

const ENTER: &str = "root=$1; checkout=$2; shift 2
mkdir -p \"$root$checkout\"
mount --bind \"$checkout\" \"$root$checkout\"
mount --bind /dev \"$root/dev\"
mount -t proc proc \"$root/proc\"
exec chroot \"$root\" env -i \"$@\"";
const FIXED: &[&str] = &["HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"];
