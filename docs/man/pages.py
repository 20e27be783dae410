#!/usr/bin/env python3
"""Makes watchpost(1) from the program's own help and watchpost.yaml(5) from the explained configuration files, so that neither can
differ from them. Usage: pages.py VERSION DATE OUT < watchpost --experimental-dump-help"""
import json, pathlib, sys

version, date, out = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
root = pathlib.Path(__file__).resolve().parents[2]


def roff(text):
    """Text as roff takes it: no line that begins with a control character, no hyphen that is a minus."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def head(name, section, manual, line):
    return [f'.TH {name} {section} "{date}" "watchpost {version}" "{manual}"', ".SH NAME", line]


def names(argument):
    return ", ".join(("-" if n["kind"] == "short" else "--") + n["name"] for n in argument.get("names", []))


def command(tree, path):
    path = path + [tree["commandName"]]
    yield f'.SS "{roff(" ".join(path))}"'
    yield roff(tree.get("abstract", ""))
    if tree.get("discussion"):
        # The help is laid out by hand, examples with it.
        yield ".PP\n.nf\n" + roff(tree["discussion"].strip()) + "\n.fi"
    for argument in tree.get("arguments", []):
        if not argument.get("shouldDisplay", True):
            continue
        label = names(argument) if argument["kind"] != "positional" else ""
        if argument["kind"] != "flag":
            label = (label + " <" + argument.get("valueName", "value") + ">").strip()
        words = argument.get("abstract", "")
        if argument.get("defaultValue"):
            words += f' (default: {argument["defaultValue"]})'
        yield f".TP\n\\fB{roff(label)}\\fR\n{roff(words) or '.br'}"
    for child in tree.get("subcommands", []):
        if child["commandName"] != "help":
            yield from command(child, path)


help_ = json.load(sys.stdin)["command"]
page = head("WATCHPOST", 1, "User commands", "watchpost \\- tips, patrols and the administration of watchpostd")
page += [".SH SYNOPSIS", ".B watchpost", ".I command", "[options]", ".SH COMMANDS", *command(help_, [])]
page += [
    ".SH EXIT STATUS", ".TP\n.B 0\nDone.", ".TP\n.B 1\nRefused or failed.", ".TP\n.B 64\nWrong usage.", ".TP\n.B 69\nNobody answers.",
    ".TP\n.B 71, 77\nOnly\n.BR patrol :\nthe system failed; the key or the subscription was refused.",
    ".TP\n.B 78\nThe configuration or a key bundle is wrong.",
    ".SH SEE ALSO\n.BR watchpostd (8),\n.BR watchpost.yaml (5)"]
(out / "watchpost.1").write_text("\n".join(page) + "\n", encoding="utf-8")


def settings(path):
    """Each block of comment lines, and the keys that follow it, shown as they stand."""
    words, keys = [], []

    def flush():
        # Long lists are data; their place is the file.
        keys[:] = [line if len(line) <= 160 else line[:158] + " \u2026" for line in keys[:12]] + (["\u2026"] if len(keys) > 12 else [])
        if words and keys:
            yield ".PP\n" + roff(" ".join(words)) + "\n.PP\n.RS 4\n.nf\n" + roff("\n".join(keys)) + "\n.fi\n.RE"
        elif words:
            yield ".PP\n" + roff(" ".join(words))
        elif keys:
            yield ".PP\n.RS 4\n.nf\n" + roff("\n".join(keys)) + "\n.fi\n.RE"

    for line in path.read_text(encoding="utf-8").splitlines():
        bare = line.strip()
        if bare.startswith("# ") or bare == "#":
            if keys or bare == "#":
                yield from flush()
                words, keys = [], []
            if bare != "#":
                words.append(bare[2:])
        elif bare:
            keys.append(line)
        else:
            yield from flush()
            words, keys = [], []
    yield from flush()


page = head("WATCHPOST.YAML", 5, "File formats", "watchpost.yaml \\- configuration of watchpostd, of the post agent and of a patrol")
page += [
    ".SH DESCRIPTION", "The files in", ".I /etc/watchpost", "are YAML. What follows are the files as they are shipped, with every key and its bounds.",
    "A file that is wrong is refused with every mistake at once, each with its line."]
for name in ("watchpostd", "agent", "patrol", "triage", "dispatch"):
    page += [f'.SH "{name.upper()}.YAML"', *settings(out / f"{name}.yaml" if (out / f"{name}.yaml").exists() else root / f"config/{name}.yaml")]
page += [".SH SEE ALSO\n.BR watchpostd (8),\n.BR watchpost (1)"]
(out / "watchpost.yaml.5").write_text("\n".join(page) + "\n", encoding="utf-8")
