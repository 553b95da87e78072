"""The four supervisors, each with its jobs declared, its own directory and
socket, and nothing beyond this machine."""

import os
import pathlib
import pty
import shlex
import signal
import socket
import subprocess
import threading
import time

NULL = subprocess.DEVNULL


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, seconds=30, pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(pause)
    raise SystemExit(f"waited {seconds} s in vain")


def kept_by(pid):
    """Parents' numbers of all processes."""
    all = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    all[int(entry)] = int(f.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                pass
    return [child for child, parent in all.items() if parent == pid]


def about(pid, what):
    """A file of a process, empty where it is gone."""
    try:
        with open(f"/proc/{pid}/{what}", "rb") as f:
            return f.read()
    except OSError:
        return b""


class Tool:
    """One of them: `jobs` is name -> argv, none of them runs yet."""

    # Of the lines that are asked for it gets one in so many.
    share = 1

    def __init__(self, home, jobs):
        self.home, self.jobs, self.server = pathlib.Path(home) / self.name, jobs, None
        self.home.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "xterm-256color"}
        self.prepare()

    def run(self, argv, **more):
        # A group of its own: what is typed at us ends none of its jobs.
        out = open(self.home / "said.txt", "ab")
        usual = {"stdin": NULL, "stdout": out, "stderr": out, "start_new_session": True}
        self.server = subprocess.Popen(argv, env=self.env, cwd=self.home, **{**usual, **more})

    def begin(self, name):
        """Gives the order that starts a job, as a user would; its process."""
        return subprocess.Popen(self.order(name), env=self.env, cwd=self.home, stdin=NULL, stdout=NULL)

    def own(self):
        """Its own processes, without jobs."""
        return [self.server.pid]

    def file(self, name):
        """Where the output of a job ends, if anywhere."""
        return None

    def down(self):
        self.server.send_signal(signal.SIGTERM)
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


class Crs(Tool):
    name = "crs"
    does = "time, level, error rules, ring, file"
    path = "crs"

    def prepare(self):
        self.socket = self.home / "mission.sock"
        lines = [f'[daemon]\ndir = "{self.home}"\nsocket = "{self.socket}"\nlog_size = "1GiB"']
        for name, argv in self.jobs.items():
            words = ", ".join(f'"{word}"' for word in argv)
            lines.append(f'[process.{name}]\ncmd = [{words}]\nrestart = {{ on = "never" }}')
        lines.append("[mode.ALL]\nprocesses = []\n")
        (self.home / "mission.toml").write_text("\n".join(lines))
        (self.home / "config.toml").write_text('[audit]\nsyslog = "off"\n')
        self.flags = ["--config", str(self.home / "config.toml"), "--state-dir", str(self.home / "state")]
        self.flags += ["--kill-switch-file", str(self.home / "kill.lock")]

    def up(self):
        self.run([self.path, *self.flags, "mission", "serve", "--file", str(self.home / "mission.toml")])
        until(self.socket.exists)

    def order(self, name):
        return [self.path, *self.flags, "mission", "--socket", str(self.socket), "start", name]

    def own(self):
        children = kept_by(self.server.pid)
        return [self.server.pid, *(pid for pid in children if b"__guard" in about(pid, "cmdline"))]

    def file(self, name):
        return self.home / "logs" / f"{name}.log"


class Pueue(Tool):
    name = "pueue"
    does = "none: the job writes the file itself"
    bin = ""

    def prepare(self):
        self.conf, self.asked = self.home / "pueue.yml", []
        self.conf.write_text(
            f"client: {{}}\ndaemon: {{}}\nshared:\n  pueue_directory: {self.home}\n"
            f"  runtime_directory: {self.home}\n  use_unix_socket: true\n"
            f"  unix_socket_path: {self.home}/pueue.sock\n  pid_path: {self.home}/pueue.pid\n"
        )

    def up(self):
        self.run([self.bin + "pueued", "-c", str(self.conf)])
        until((self.home / "pueue.sock").exists)
        client = [self.bin + "pueue", "-c", str(self.conf), "parallel", "100"]
        subprocess.run(client, env=self.env, check=True, stdout=NULL)

    def order(self, name):
        self.asked.append(name)
        return [self.bin + "pueue", "-c", str(self.conf), "add", "--", shlex.join(self.jobs[name])]

    def file(self, name):
        return self.home / "task_logs" / f"{self.asked.index(name)}.log"

    def down(self):
        # Its jobs outlive a signal; this ends them.
        client = [self.bin + "pueue", "-c", str(self.conf), "kill", "--all"]
        subprocess.run(client, env=self.env, check=False, stdout=NULL, stderr=NULL)
        time.sleep(1)
        super().down()


class Supervisord(Tool):
    name = "supervisord"
    does = "bytes copied to a file"
    bin = ""

    def prepare(self):
        self.conf = self.home / "supervisord.conf"
        text = (
            f"[supervisord]\nnodaemon=true\nlogfile={self.home}/own.log\npidfile={self.home}/own.pid\n"
            f"[unix_http_server]\nfile={self.home}/own.sock\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{self.home}/own.sock\n"
        )
        for name, argv in self.jobs.items():
            text += (
                f"[program:{name}]\ncommand={shlex.join(argv)}\nautostart=false\nautorestart=false\n"
                f"startsecs=0\nstdout_logfile={self.home}/{name}.log\nstdout_logfile_maxbytes=0\n"
                f"stderr_logfile={self.home}/{name}.err\n"
            )
        self.conf.write_text(text)

    def up(self):
        self.run([self.bin + "supervisord", "-c", str(self.conf)])
        until((self.home / "own.sock").exists)

    def order(self, name):
        return [self.bin + "supervisorctl", "-c", str(self.conf), "start", name]

    def file(self, name):
        return self.home / f"{name}.log"


class Mprocs(Tool):
    name = "mprocs"
    does = "a terminal's screen, 1,000 lines back"
    share = 10
    bin = ""

    def prepare(self):
        self.port = free_port()
        conf = f"server: 127.0.0.1:{self.port}\nprocs:\n  first:\n    cmd: ['true']\n    autostart: false\n"
        (self.home / "mprocs.yaml").write_text(conf)

    def up(self):
        ours, theirs = pty.openpty()
        import fcntl, struct, termios

        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        argv = ["setsid", "--ctty", "--wait", self.bin + "mprocs", "-c", str(self.home / "mprocs.yaml")]
        self.run(argv[:2] + argv[3:], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=False)
        os.close(theirs)

        def screen():
            try:
                while os.read(ours, 65_536):
                    pass
            except OSError:
                pass

        threading.Thread(target=screen, daemon=True).start()

        def listens():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0

        until(listens)

    def ctl(self, what):
        return [self.bin + "mprocs", "--server", f"127.0.0.1:{self.port}", "--ctl", what]

    def order(self, name):
        return self.ctl(f'{{c: add-proc, name: {name}, cmd: "{shlex.join(self.jobs[name])}"}}')

    def own(self):
        children = kept_by(self.server.pid)
        return [self.server.pid, *(pid for pid in children if about(pid, "comm") == b"mprocs\n")]

    def down(self):
        subprocess.run(self.ctl("{c: force-quit}"), env=self.env, check=False, stdout=NULL, stderr=NULL)
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            super().down()


ALL = [Crs, Pueue, Supervisord, Mprocs]
