"""A Slurm cluster on one machine, of the daemons themselves: munged, slurmctld, and a slurmd for each node.

Each node is a machine of its own as far as it can tell: a network with an address, a name, and processes of its own (Linux
namespaces), joined to the others by an Ethernet cable into a switch (veth, bridge). A node whose power is cut loses all of its
processes at once. They share a file system in memory, /mnt, which is where everything is that the daemons write.

All of it is in namespaces of the calling process, which has to call enter() before anything else: whatever ends it, a kill
included, ends every daemon, node and job, and no file, process or network device is left. Needs root.
"""
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

SHARED = pathlib.Path("/mnt")  # a folder that every Debian has
DAEMONS = ("munged", "slurmctld", "slurmd")
CREDENTIAL_SECONDS = 5  # the least: a requeued job waits that long
CONFIGURATION = f"""\
ClusterName=test
SlurmctldHost=controller
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={SHARED}/munge/socket,cred_expire={CREDENTIAL_SECONDS}
StateSaveLocation={SHARED}/state
SlurmdSpoolDir={SHARED}/spool/%n
SlurmctldPidFile={SHARED}/spool/slurmctld.pid
SlurmdPidFile={SHARED}/spool/%n.pid
SlurmctldLogFile={SHARED}/log/slurmctld
SlurmdLogFile={SHARED}/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MessageTimeout=3
SlurmdTimeout=5
"""
NAMESPACES = ["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "GANSWEEP_TEST_CLUSTER"  # set within the namespaces


def reason_to_skip():
    """Why there can be no cluster here, or None."""
    missing = [name for name in (*DAEMONS, "sbatch", "ip", "unshare") if find(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (cmake/packages/tests.txt names the packages)"
    if os.geteuid() != 0:
        return "only root can make the networks of the nodes"
    trial = f"mount -t tmpfs tmpfs {SHARED} && ip link add node type veth peer name cable && ip link add switch type bridge"
    if subprocess.run(["unshare", *NAMESPACES, "sh", "-c", trial], capture_output=True).returncode != 0:
        return "this kernel or container has no namespaces with networks of their own"
    return None


def find(name):
    return shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin")


def enter():
    """Starts this script again, within namespaces of its own. Returns only there."""
    if INSIDE not in os.environ:
        os.environ.update({INSIDE: "1", "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
        os.execvp("unshare", ["unshare", *NAMESPACES, sys.executable, *sys.orig_argv[1:]])


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


class Cluster:
    """`nodes` machines with `processors` each, as Slurm believes, and a user's folder that all of them see."""

    def __init__(self, nodes, processors, partitions):
        self.names = [f"node{i}" for i in range(1, nodes + 1)]
        self.processes = {}
        self.user = pwd.getpwnam("nobody")
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", SHARED)
        for folder in ("munge", "state", "spool", "log", "home", "bin"):
            (SHARED / folder).mkdir()
        os.chown(SHARED / "home", self.user.pw_uid, self.user.pw_gid)
        self.configuration = SHARED / "slurm.conf"
        self.configuration.write_text(CONFIGURATION + f"NodeName=node[1-{nodes}] CPUs={processors} RealMemory=64000 State=UNKNOWN\n" + partitions)
        hosts = SHARED / "hosts"
        hosts.write_text("127.0.0.1 localhost\n10.0.0.100 controller\n" + "".join(f"10.0.0.{i} node{i}\n" for i in range(1, nodes + 1)))
        run("mount", "--bind", hosts, "/etc/hosts")
        self.environment = {"SLURM_CONF": str(self.configuration), "PATH": f"{SHARED}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                            "HOME": str(SHARED / "home"), "USER": "nobody", "LANG": "C.UTF-8"}
        run("hostname", "controller")
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "switch", "type", "bridge")
        run("ip", "address", "add", "10.0.0.100/24", "dev", "switch")
        run("ip", "link", "set", "switch", "up")
        self.start_daemons()

    def daemon(self, name, *command):
        with open(SHARED / "log" / f"{name}.out", "ab") as log:
            self.processes[name] = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    env=self.environment, cwd="/")

    def start_daemons(self):
        munge = SHARED / "munge"
        (munge / "key").touch(mode=0o600)
        (munge / "key").write_bytes(os.urandom(128))
        self.daemon("munged", find("munged"), "--foreground", f"--socket={munge}/socket", f"--key-file={munge}/key", f"--pid-file={munge}/pid",
                    f"--log-file={SHARED}/log/munged", f"--seed-file={munge}/seed")
        self.wait(lambda: (munge / "socket").exists(), "munged's socket")
        self.slurmctld_began = time.monotonic()
        self.daemon("slurmctld", find("slurmctld"), "-D", "-f", self.configuration)
        for name in self.names:
            self.power_on(name)
        self.wait(lambda: self.nodes_are("idle"), "all nodes to be idle")

    def power_on(self, name):
        address = f"10.0.0.{name.removeprefix('node')}/24"
        # The shell is the node's first process, and collects those that are left over.
        script = (f"ip link add eth0 type veth peer name {name} netns 1 && ip link set lo up && ip address add {address} dev eth0 && "
                  f"ip link set eth0 up && hostname {name} && exec unshare --pid --fork --kill-child --mount-proc "
                  f"sh -c 'mount -t tmpfs tmpfs /tmp; {find('slurmd')} -D -f {self.configuration} & wait'")
        self.daemon(name, "unshare", "--net", "--uts", "--ipc", "sh", "-c", script)
        cable = ["ip", "link", "set", name, "master", "switch", "up"]
        self.wait(lambda: subprocess.run(cable, capture_output=True).returncode == 0, f"{name}'s network")

    def power_off(self, name):
        """Everything that runs there is gone, in the middle of whatever it did."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.wait(lambda: subprocess.run(["ip", "link", "show", name], capture_output=True).returncode != 0, f"{name} to be cut off")

    def nodes_are(self, state):
        said = self.root("sinfo", "--noheader", "--Node", "--format=%N %T")
        return sorted(set(said.split("\n")[:-1])) == [f"{name} {state}" for name in self.names]

    def root(self, *command):
        return subprocess.run([str(word) for word in command], env=self.environment, capture_output=True, text=True, timeout=30).stdout

    def wait(self, condition, what, seconds=30):
        """Until it holds; a daemon that has ended, or too long a time, is an error."""
        deadline = time.monotonic() + seconds
        while not condition():
            for name in ("munged", "slurmctld"):
                if name in self.processes and self.processes[name].poll() is not None:
                    raise RuntimeError(f"{name} has ended with {self.processes[name].returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {seconds} s for {what}")
            time.sleep(0.1)
