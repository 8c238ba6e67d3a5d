# SPDX-License-Identifier: MIT
"""The completion scripts: every command, option and value of the table is offered where it belongs."""
import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import termios
import time

import tap
from cli import COMMAND, folder, works
from test_pages import options, table

BASH = """
source "$SCRIPT"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_tradingdb 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words, cwd=None):
    """What bash offers for the last word of a command line."""
    with folder() as place:
        script = place / "tradingdb"
        script.write_text(works("completion", "bash").out)
        done = subprocess.run(["bash", "-c", BASH, "bash", "tradingdb", *words], cwd=cwd or place, text=True,
                              capture_output=True, env={**os.environ, "SCRIPT": str(script)})
    assert done.returncode == 0 and done.stderr == "", done
    return set(done.stdout.split("\n")) - {""}


def bash_commands():
    """bash: groups, actions and options are those of the table"""
    commands = table()
    groups = {command.split()[0] for command in commands}
    assert offered("") == groups
    assert offered("tr") == {"trades"}
    assert offered("--database", "x", "us") == {"users"}, "the value of an option is not the command"
    assert offered("-") == {"--help", "--version"}
    for group in groups:
        actions = {command.split()[1] for command in commands if command.startswith(group + " ")}
        if actions:
            assert offered(group, "") == actions, group
            assert offered("-j", group, "--schema", "x", "") == actions, group
    for command in commands:
        wanted = {f"--{name}" for name in options(command)}
        assert offered(*command.split(), "--") == wanted, command
        assert offered(*command.split(), "--json", "-d", "x", "--he") == {"--help"}, command


def bash_values():
    """bash: values of closed sets, files and folders"""
    assert offered("users", "role", "1", "") == {"admin", "trader", "viewer"}
    assert offered("users", "role", "1", "t") == {"trader"}
    assert offered("users", "role", "") == set()
    assert offered("trades", "list", "--status", "") == {"open", "closed", "cancelled"}
    assert "stopping" in offered("bots", "list", "--status", "sto") and "open" not in offered("bots", "list", "--status", "")
    assert offered("jobs", "list", "--type", "r") == {"report"}
    assert offered("jobs", "runs", "--status", "d") == {"dead"}
    assert offered("completion", "") == {"bash", "zsh"}
    assert offered("report", "--bot", "") == set()
    with folder() as place:
        (place / "an export.json").write_text("{}")
        (place / "box").mkdir()
        assert offered("import", "freqtrade", "an", cwd=place) == {"an export.json"}
        assert offered("report", "--svg", "", cwd=place) == {"an export.json", "box"}
        assert offered("sandbox", "start", "--dir", "", cwd=place) == {"box"}
    assert "sh" in offered("sandbox", "run", "sh")


def bash_is_clean():
    """bash: the script passes bash -n and, where it is installed, shellcheck"""
    with folder() as place:
        script = place / "tradingdb"
        script.write_text(works("completion", "bash").out)
        checks = [["bash", "-n", str(script)]]
        if shutil.which("shellcheck"):
            checks.append(["shellcheck", "-s", "bash", str(script)])
        for check in checks:
            done = subprocess.run(check, capture_output=True, text=True)
            assert done.returncode == 0 and done.stdout + done.stderr == "", done.stdout + done.stderr


class Zsh:
    """An interactive zsh without start-up files, with the script in its fpath. One key completes or lists and then tells
    the line: keys typed ahead would keep zsh from completing."""

    SETUP = r"""
fpath=(FUNCTIONS $fpath); autoload -U compinit; compinit -D -u; setopt no_beep no_list_beep; PS1=
probe() { zle $1; zle -R; print -r -- "<$BUFFER>" >/dev/tty; BUFFER=; }
probe-complete() { probe expand-or-complete; }; zle -N probe-complete; bindkey '^T' probe-complete
probe-list() { probe list-choices; }; zle -N probe-list; bindkey '^O' probe-list
echo rea''dy
"""

    def __init__(self, place):
        functions = place / "functions"
        functions.mkdir()
        (functions / "_tradingdb").write_text(works("completion", "zsh").out)
        (place / "tradingdb").symlink_to(COMMAND)
        (place / "setup").write_text(self.SETUP.replace("FUNCTIONS", str(functions)))
        self.leader, follower = pty.openpty()
        env = {**os.environ, "TERM": "dumb", "PATH": f"{place}:{os.environ['PATH']}", "HOME": str(place), "COLUMNS": "200",
               "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(["zsh", "-f", "-i"], stdin=follower, stdout=follower, stderr=follower, env=env,
                                        cwd=place, preexec_fn=own_terminal)
        os.close(follower)
        self.say("source setup\n", "ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.leader)
        self.process.kill()
        self.process.wait()

    def say(self, keys, until):
        """Types, and reads until a text is there; gives what was read."""
        os.write(self.leader, keys.encode())
        out, limit = "", time.monotonic() + 60
        while not re.search(until, out):
            ready, _, _ = select.select([self.leader], [], [], max(0, limit - time.monotonic()))
            assert ready, f"{until!r} never came: {out!r}"
            out += os.read(self.leader, 65536).decode(errors="replace")
        return out

    def complete(self, line):
        """What a line becomes by the tab key."""
        return re.search("<(tradingdb.*)>", self.say(f"{line}\x14", "<tradingdb.*>"))[1]

    def listed(self, line):
        """What is listed for a line."""
        return self.say(f"{line}\x0f", "<tradingdb.*>")


def own_terminal():
    """In the child: a session whose terminal is the standard input."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def zsh():
    """zsh: the script loads, completes commands and lists options"""
    with folder() as place:
        script = place / "script"
        script.write_text(works("completion", "zsh").out)
        done = subprocess.run(["zsh", "-n", str(script)], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        with Zsh(place) as shell:
            groups = {command.split()[0] for command in table()}
            everything = shell.listed("tradingdb ")
            for group in groups:
                assert re.search(rf"\b{group}\b", everything), (group, everything)
            for line, wanted in (("tradingdb us", "tradingdb users "), ("tradingdb users ro", "tradingdb users role "),
                                 ("tradingdb -j -d x trades exp", "tradingdb -j -d x trades export "),
                                 ("tradingdb users role 1 tr", "tradingdb users role 1 trader "),
                                 ("tradingdb trades list --st", "tradingdb trades list --st"),
                                 ("tradingdb bots list --status compl", "tradingdb bots list --status completed "),
                                 ("tradingdb jobs next --as", "tradingdb jobs next --as-of ")):
                assert shell.complete(line) == wanted, (line, shell.complete(line))
            for command in ("trades list", "migrate up", "report"):
                shown = shell.listed(f"tradingdb {command} --")
                for name in options(command):
                    assert f"--{name}" in shown, (command, name, shown)


if __name__ == "__main__":
    tap.run(bash_commands, bash_values, bash_is_clean, zsh)
