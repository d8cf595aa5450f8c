"""YAML that PyYAML (1.1) and Terraform's yamldecode (1.2) read alike; everything else is refused."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from data_hub.errors import DataHubError

_TEXT_TAG = "tag:yaml.org,2002:str"
_READ_ALIKE = re.compile(r"~|null|true|false|0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]+|")
# Plain scalars that YAML 1.2 takes for a number although PyYAML takes them for text.
_NUMBER_IN_YAML_1_2 = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
# Single letters are booleans in YAML 1.1, although PyYAML leaves them as text.
_BOOLEAN_IN_YAML_1_1 = re.compile(r"[yYnN]")


def parse(text: str, origin: str) -> Any:
    """Read one YAML document.

    Args:
        text: the document.
        origin: the file's name, for messages.

    Returns:
        Dictionaries, lists, strings, integers, floats, booleans and None.

    Raises:
        DataHubError: the text is no YAML, or holds something that two YAML readers see differently: a duplicate
            key, an alias, a tag, or a scalar such as ``12:30``, ``010``, ``1e3`` or ``n``. All places are listed.
    """
    try:
        problems = [*_aliases(text), *_ambiguities(yaml.compose(text, Loader=yaml.SafeLoader))]
    except yaml.YAMLError as error:
        text_of_error = str(error).replace("<unicode string>", origin)
        raise DataHubError(f"{origin}: is not valid YAML: {text_of_error}") from error
    if problems:
        raise DataHubError("\n".join(f"{origin}: line {line}: {problem}" for line, problem in sorted(problems)))
    return yaml.safe_load(text)


def _aliases(text: str) -> Iterator[tuple[int, str]]:
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            yield (
                token.start_mark.line + 1,
                f"anchors and aliases ('{token.value}') are not read; write the value out",
            )
        elif isinstance(token, yaml.TagToken):
            yield token.start_mark.line + 1, "tags (!...) are not read; write a plain value"


def _ambiguities(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.ScalarNode):
        if node.style is None and not _is_read_alike(node):
            yield (
                node.start_mark.line + 1,
                f"{node.value} is read differently by YAML readers; write it plainly or in quotes",
            )
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _ambiguities(item)
    elif isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1:
                yield key.start_mark.line + 1, f"key '{key.value}' stands here more than once; keep one"
            yield from _ambiguities(key)
            yield from _ambiguities(value)


def _is_read_alike(scalar: yaml.ScalarNode) -> bool:
    if _READ_ALIKE.fullmatch(scalar.value):
        return True
    is_number = _NUMBER_IN_YAML_1_2.fullmatch(scalar.value) or _BOOLEAN_IN_YAML_1_1.fullmatch(scalar.value)
    return scalar.tag == _TEXT_TAG and not is_number
