"""What a source declares and refers to, where that would reach out of its own calls.

A kernel's answer is to depend on its arguments alone: it keeps nothing between calls, runs nothing
before and after, calls nothing outside, and leaves other people's names alone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clang import cindex

from parallel_agent.kernel.parsing import (
    FILE_NAME,
    parser_arguments,
    prelude_arguments,
    translation_unit,
)

CursorKind = cindex.CursorKind
StorageClass = cindex.StorageClass
TypeKind = cindex.TypeKind
_PARSING_SECONDS = 20
_PARSING_BYTES = 4 << 30
_PARSE = f"""
import sys
from clang import cindex
files = [({FILE_NAME!r}, sys.stdin.read())]
def parse(args):
    unit = cindex.Index.create().parse({FILE_NAME!r}, args=args, unsaved_files=files)
    return any(found.severity >= cindex.Diagnostic.Error for found in unit.diagnostics)
plain, prelude = sys.argv[2:], sys.argv[1].splitlines()
if parse([*plain, *prelude]) and prelude:
    parse(plain)
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CALLS = _words(
    # what the harness itself imports, so that the linker's list does not tell
    "read write mmap munmap mremap mprotect fstat fflush fwrite fputs fputc fprintf vfprintf perror "
    "_exit clock_gettime "
    # what is better refused with a line number than by the linker's list
    "system popen fork vfork clone execv execve execvp execl execlp execle exit _Exit quick_exit "
    "abort atexit at_quick_exit raise kill signal sigaction sigprocmask setjmp longjmp _setjmp "
    "siglongjmp alarm setitimer getenv setenv putenv unsetenv secure_getenv dlopen dlsym syscall "
    "ptrace open openat creat fopen freopen fdopen tmpfile close dup dup2 pipe socket connect "
    "printf puts putchar vprintf scanf gets fgets setlocale chdir nice mlock mlockall madvise "
    "usleep nanosleep sleep clock time gettimeofday times clock_nanosleep sleep_for sleep_until "
    "omp_get_wtime omp_get_wtick omp_set_num_threads omp_set_dynamic omp_set_nested "
    "omp_set_max_active_levels omp_set_schedule terminate set_terminate set_new_handler "
    "fesetround fesetenv feupdateenv feholdexcept feenableexcept fedisableexcept "
    "pthread_detach pthread_kill pthread_cancel pthread_exit"
)
_SPECIALIZED = frozenset(("hash", "formatter", "less", "greater", "equal_to", "common_type"))
_FOREIGN = re.compile(r"std|__\w+|parallel_agent\w*")
_HANDLES = re.compile(r"_ptr<|\bspan<|function<|atomic|mutex|reference_wrapper|thread|future|lock")
_CLASSES = (CursorKind.STRUCT_DECL, CursorKind.CLASS_DECL, CursorKind.UNION_DECL)
_NAMESPACES = (CursorKind.TRANSLATION_UNIT, CursorKind.NAMESPACE, CursorKind.LINKAGE_SPEC)
_SPECIAL = (CursorKind.CONSTRUCTOR, CursorKind.DESTRUCTOR, CursorKind.CONVERSION_FUNCTION)
_CASTS = (CursorKind.CXX_CONST_CAST_EXPR, CursorKind.CSTYLE_CAST_EXPR)
_HOOKS = re.compile(r"operator ?(?:&|new|new ?\[\]|delete|delete ?\[\]|,|=)")
_CONSTANT = frozenset(("constexpr", "constinit"))


@dataclass(frozen=True)
class Finding:
    """Something that is forbidden, and the line where it stands."""

    what: str
    line: int


def survives_parsing(text: str) -> bool:
    """Whether `translation_unit` gets through the text within limits, tried in a process of its own.

    A text can make a parser run for ever or take all memory, and the one here would take us along.
    """
    limits = [f"--cpu={_PARSING_SECONDS}", f"--as={_PARSING_BYTES}", "--core=0", "--"]
    try:
        done = subprocess.run(
            [
                str(shutil.which("prlimit")),
                *limits,
                *(sys.executable, "-I", "-c", _PARSE),
                *("\n".join(prelude_arguments(text)), *parser_arguments()),
            ],
            input=text.encode(),
            env={"LANG": "C.UTF-8"},
            capture_output=True,
            timeout=3 * _PARSING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@dataclass(frozen=True)
class Declarations:
    """What is forbidden in a source, and what its classes do when they are made, copied or read.

    The latter by class: the harness makes and reads arguments while nobody takes the time.
    ``incomplete`` says that something could not be parsed.
    """

    findings: tuple[Finding, ...]
    hooks: dict[str, set[str]]
    incomplete: bool


def examine(text: str) -> Declarations:
    """Look through a source of which all but the includes is preprocessed already."""
    unit = translation_unit(text)
    nodes = [
        node for top in unit.cursor.get_children() if _is_own(top) for node in top.walk_preorder()
    ]
    errors = list(_errors(unit))
    return Declarations((*errors, *_findings(nodes)), _hooks(nodes), incomplete=bool(errors))


def _hooks(nodes: list[Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in nodes:
        if node.kind in _CLASSES:
            found.setdefault(node.get_usr(), set()).update(
                " ".join(token.spelling for token in member.get_tokens())
                for member in node.get_children()
                if _is_hook(member)
            )
    return found


def _is_hook(member: Any) -> bool:
    if member.kind == CursorKind.FIELD_DECL:
        return any(token.spelling in "={" for token in member.get_tokens())
    return member.kind in _SPECIAL or bool(_HOOKS.fullmatch(member.spelling))


def _errors(unit: Any) -> Iterator[Finding]:
    """What libclang does not understand is missing from its tree."""
    for found in unit.diagnostics:
        if found.severity >= cindex.Diagnostic.Error and _is_own(found):
            yield Finding(f"what cannot be parsed ({found.spelling})", found.location.line)


def _findings(nodes: list[Any]) -> Iterator[Finding]:
    for node in nodes:
        for what in _node(node):
            yield Finding(what, node.location.line)


def _is_own(thing: Any) -> bool:
    file = thing.location.file
    return file is not None and file.name == FILE_NAME


def _node(node: Any) -> Iterator[str]:
    kind = node.kind
    if kind == CursorKind.VAR_DECL:
        yield from _variable(node)
    elif kind == CursorKind.UNEXPOSED_DECL:
        yield from _unnamed_state(node)
    elif kind in (CursorKind.DECL_REF_EXPR, CursorKind.OVERLOADED_DECL_REF):
        yield from _reference(node)
    elif kind in _CASTS and _drops_const(node):
        yield "a cast that takes const away"
    if kind.is_declaration() and kind != CursorKind.NAMESPACE:
        yield from _foreign(node)


def _variable(node: Any) -> Iterator[str]:
    """Variables that live on between calls, unless nothing can be kept in them."""
    parent = node.semantic_parent
    outside = parent is not None and (parent.kind in _NAMESPACES or parent.kind in _CLASSES)
    lasting = node.storage_class in (StorageClass.STATIC, StorageClass.EXTERN)
    if not (outside or lasting or node.tls_kind != cindex.TLSKind.NONE):
        return
    if not _is_constant(node.type.get_canonical()) or _captures(node):
        yield f"'{node.spelling}', which keeps state between calls"
    elif outside and not _CONSTANT & {token.spelling for token in node.get_tokens()}:
        for call in node.walk_preorder():
            if call.kind == CursorKind.CALL_EXPR and call.referenced and _is_own(call.referenced):
                yield f"'{node.spelling}', which calls {call.spelling} before the program begins"


def _unnamed_state(node: Any) -> Iterator[str]:
    """Structured bindings and variable templates, which the parser does not tell from others."""
    words = [token.spelling for token in node.get_tokens()]
    parent = node.semantic_parent
    outside = parent is not None and parent.kind in _NAMESPACES
    binding = (
        "auto" in words and "[" in words and (outside or {"static", "thread_local"} & {*words})
    )
    variable = words[:1] == ["template"] and "(" not in words and not _CONSTANT & {*words}
    if (binding or variable) and "concept" not in words:
        yield "a declaration that keeps state between calls"


def _is_constant(type_: Any) -> bool:
    """True for what is const through and through."""
    const = type_.is_const_qualified()
    while type_.kind in (TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY):
        type_ = type_.get_array_element_type()
        const = const or type_.is_const_qualified()
    if type_.kind in (TypeKind.LVALUEREFERENCE, TypeKind.RVALUEREFERENCE):
        return _is_constant(type_.get_pointee())
    return const and not _leads_out(type_)


def _leads_out(type_: Any) -> bool:
    """True where a constant of the type gives access to something that is not."""
    type_ = type_.get_canonical()
    if type_.kind == TypeKind.POINTER:
        pointee = type_.get_pointee()
        function = pointee.kind == TypeKind.FUNCTIONPROTO
        return not function and (not pointee.is_const_qualified() or _leads_out(pointee))
    if type_.kind == TypeKind.LVALUEREFERENCE:
        return True
    if type_.kind != TypeKind.RECORD:
        return False
    spelling = type_.spelling.removeprefix("const ")
    if spelling.startswith("std::"):
        return bool(_HANDLES.search(spelling)) or "*" in spelling or "&" in spelling
    return any(_leads_out(field.type) for field in type_.get_fields())


def _captures(node: Any) -> bool:
    """True where the variable is a lambda that holds something."""
    for part in node.walk_preorder():
        if part.kind == CursorKind.LAMBDA_EXPR:
            return [token.spelling for token in part.get_tokens()][1:2] != ["]"]
    return False


def _reference(node: Any) -> Iterator[str]:
    """Functions of the system that a kernel has no business with, called or named."""
    name, target = node.spelling, node.referenced
    if target is None or (_is_own(target) and target.get_definition() is not None):
        return
    if target.kind == CursorKind.CXX_METHOD:
        if name == "now" and str(target.semantic_parent.spelling).endswith("_clock"):
            yield "a clock"
    elif (
        name in CALLS and target.kind != CursorKind.VAR_DECL and target.kind != CursorKind.PARM_DECL
    ):
        yield f"the function {name}"


def _drops_const(node: Any) -> bool:
    children = list(node.get_children())
    if not children:
        return False
    before, after = children[-1].type.get_canonical(), node.type.get_canonical()
    if before.kind == TypeKind.POINTER and after.kind == TypeKind.POINTER:
        before, after = before.get_pointee(), after.get_pointee()
    elif node.kind == CursorKind.CSTYLE_CAST_EXPR:
        words = [token.spelling for token in node.get_tokens()]
        if "&" not in words[: words.index(")")]:
            return False
    return bool(before.is_const_qualified() and not after.is_const_qualified())


def _foreign(node: Any) -> Iterator[str]:
    """Declarations in namespaces of the implementation, or of the harness."""
    parent = node.semantic_parent
    within = []
    while parent is not None and parent.kind != CursorKind.TRANSLATION_UNIT:
        within.append(parent)
        parent = parent.semantic_parent
    names = {node.spelling, *(scope.spelling for scope in within if scope.kind in _CLASSES)}
    if within and _FOREIGN.fullmatch(within[-1].spelling) and not names & _SPECIALIZED:
        yield f"a declaration in namespace {within[-1].spelling}"
