"""`gdlab completion`: shell completion for gdlab, generated from its options."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterator, Mapping

ABOUT = """\
Print what a shell needs to complete the words of gdlab. Put it where the shell looks for it:

  gdlab completion bash > ~/.local/share/bash-completion/completions/gdlab
  gdlab completion zsh  > ~/.zfunc/_gdlab        with fpath+=~/.zfunc before compinit in ~/.zshrc
  gdlab completion fish > ~/.config/fish/completions/gdlab.fish
"""
FILES = ("FILE", "DATA", "SESSION", "FOLDER", "COURSE")
"""The placeholders for a file in the help."""


def describe(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def run(options: Namespace) -> int:
    """Print the script."""
    from tui.cli import parsers  # noqa: PLC0415

    sys.stdout.write("\n".join(SHELLS[options.shell](known(parsers()))) + "\n")
    return 0


@dataclass(frozen=True, slots=True)
class Word:
    """An option.

    Attributes:
        flags: how it is written.
        told: what it does, in a line.
        takes: whether a value follows.
        values: the values it can have, where they are known.
        files: whether its value is a file.
    """

    flags: tuple[str, ...]
    told: str
    takes: bool
    values: tuple[str, ...]
    files: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand; the one without a name is gdlab itself.

    Attributes:
        name: its name.
        words: its options.
        values: words that may stand alone.
        files: whether a file may.
    """

    name: str
    words: tuple[Word, ...]
    values: tuple[str, ...]
    files: bool


def known(parsers: Mapping[str, ArgumentParser]) -> list[Command]:
    """List the commands to complete."""
    return [_command(name, parser, [other for other in parsers if other]) for name, parser in parsers.items()]


def _command(name: str, parser: ArgumentParser, others: list[str]) -> Command:
    from gdcore.rows.dataset import shipped  # noqa: PLC0415

    words, values, files = [], [] if name else others, False
    for action in parser._actions:
        assert not isinstance(action, _SubParsersAction)
        if action.option_strings:
            takes = action.nargs != 0
            words.append(Word(tuple(action.option_strings), _told(action), takes, _values(action), _is_file(action)))
        else:
            values += _values(action)
            files = files or _is_file(action)
            if action.metavar == "DATA":
                values += shipped()
    return Command(name, tuple(words), tuple(values), files)


def _told(action: Action) -> str:
    text = (action.help or "").split(" (default")[0].split(";")[0].replace("%(default)s", "")
    return " ".join(text.split()).rstrip(":.")


def _is_file(action: Action) -> bool:
    return action.metavar in FILES


def _values(action: Action) -> tuple[str, ...]:
    if action.choices is not None:
        return tuple(map(str, action.choices))
    if action.dest == "terrain":
        from gdcore.landscapes.known import menu  # noqa: PLC0415

        return tuple(name for name, _ in menu())
    if action.dest == "schedule":
        from gdcore.descent.schedules import SCHEDULES  # noqa: PLC0415

        return tuple(SCHEDULES)
    if action.dest == "view":
        from tui.views.views import VIEWS  # noqa: PLC0415

        return tuple(view.name for view in VIEWS)
    return ()


# Shells


def _bash(commands: list[Command]) -> Iterator[str]:
    names = " ".join(command.name for command in commands if command.name)
    yield "# gdlab's words for bash."
    yield "_gdlab_files() {"
    yield "    local IFS=$'\\n'  # a name may have spaces"
    yield '    COMPREPLY+=($(compgen -f -- "$word"))'
    yield "}"
    yield "_gdlab() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= words= alone= files="
    yield f'    [[ $COMP_CWORD -gt 1 && " {names} " == *" ${{COMP_WORDS[1]}} "* ]] && command=${{COMP_WORDS[1]}}'
    yield '    case "$command $before" in'
    for command in commands:
        for word in command.words:
            if word.takes:
                pattern = "|".join(f'"{command.name} {flag}"' for flag in word.flags)
                values = f'$(compgen -W "{" ".join(word.values)}" -- "$word")' if word.values else ""
                yield f"        {pattern}) COMPREPLY=({values});{' _gdlab_files;' * word.files} return ;;"
    yield "    esac"
    yield "    case $command in"
    for command in commands:
        flags = " ".join(flag for word in command.words for flag in word.flags)
        pattern = command.name or '""'
        yield f'        {pattern}) words="{flags}" alone="{" ".join(command.values)}" files={int(command.files)} ;;'
    yield "    esac"
    yield '    if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi'
    yield '    COMPREPLY=($(compgen -W "$alone" -- "$word"))'
    yield "    [[ $files == 1 ]] && _gdlab_files"
    yield "}"
    yield "complete -o filenames -F _gdlab gdlab"


def _zsh(commands: list[Command]) -> Iterator[str]:
    names = " ".join(command.name for command in commands if command.name)
    yield "#compdef gdlab"
    yield "# gdlab's words for zsh."
    yield "_gdlab() {"
    yield "    local command="
    yield f'    if (( CURRENT > 2 )) && [[ " {names} " == *" $words[2] "* ]]; then'
    yield "        command=$words[2]; shift words; (( CURRENT-- ))"
    yield "    fi"
    yield "    case $command in"
    for command in commands:
        yield f"        {command.name or repr('')})"
        yield "            _arguments \\"
        for word in command.words:
            for flag in word.flags:
                yield f"                {_quoted(flag + '[' + _bare(word.told) + ']' + _zsh_value(word))} \\"
        alone = [f"({' '.join(command.values)})"] * bool(command.values)
        action = "_files" if command.files else ""
        if alone and action:
            listed = " ".join(command.values)
            action = f"{{compadd -- {listed}; _files}}"
        elif alone:
            action = alone[0]
        yield f"                {_quoted('*:word:' + action)}"
        yield "            ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gdlab "$@"; else compdef _gdlab gdlab; fi'


def _zsh_value(word: Word) -> str:
    if not word.takes:
        return ""
    action = f"({' '.join(word.values)})" if word.values else "_files" if word.files else " "
    return f":value:{action}"


def _bare(text: str) -> str:
    """Remove characters with a meaning inside brackets in zsh."""
    return "".join(char for char in text if char not in "[]:\\'\"`$")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(commands: list[Command]) -> Iterator[str]:
    names = " ".join(command.name for command in commands if command.name)
    yield "# gdlab's words for fish."
    yield "complete -c gdlab -f"
    for command in commands:
        seen = (
            f"__fish_seen_subcommand_from {command.name}"
            if command.name
            else f"not __fish_seen_subcommand_from {names}"
        )
        where = f"complete -c gdlab -n {_quoted(seen)}"
        if command.values:
            yield f"{where} -a {_quoted(' '.join(command.values))}"
        if command.files:
            yield f"{where} -F"
        for word in command.words:
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in word.flags)
            value = " -x" * word.takes if not word.files else " -r -F"
            listed = f" -a {_quoted(' '.join(word.values))}" if word.values else ""
            yield f"{where} {flags}{value}{listed} -d {_quoted(word.told)}"


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
