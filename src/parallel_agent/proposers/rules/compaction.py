"""Stream compaction: what stays is counted first, and then written where it belongs.

Billeter, Olsson, Assarsson: Efficient Stream Compaction on Wide SIMD Many-Core Architectures, HPG
2009, with blocks for threads. Ross: Selection Conditions in Main Memory, TODS 2004, for the form
without branches.
"""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.filter_loops import Filter, filters
from parallel_agent.proposers.rules.loop_normalization import normalized
from parallel_agent.proposers.rules.plain_loops import FILTERS, lowered
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.writing import Rewriter

_BRANCH = "Which elements stay cannot be predicted"
_LONG = 72


class Compaction:
    """``if (p(x)) out.push_back(x)`` as a count and a pass that writes without a branch.

    Variants: ``two_pass`` (each thread counts in its part of the elements, and the counts say where
    it writes) and ``branch_free`` (the same on one thread). The order is that of the original.
    """

    name = "compaction"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``two_pass`` where one vector is filtered into another; ``branch_free`` for any filter."""
        found, _ = _found(parsed)
        if not found:
            return []
        separate = any(not each.in_place for each in found)
        return [*(["two_pass"] if separate else []), "branch_free"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with every filtering loop (that the variant suits) as two passes."""
        threads = options.variant != "branch_free"
        found, read = _found(parsed)
        chosen = [each for each in found if not (threads and each.in_place)]
        if not chosen:
            raise NotApplicable("no loop filters a vector")
        rewriter = Rewriter(analyse(read))
        for number, each in enumerate(chosen, start=1):
            writer = _Writer(each, rewriter, f"_{number}" if number > 1 else "")
            rewriter.replace_loop(each.report, writer.lines(threads))
        if threads:
            rewriter.include("omp.h")
            rewriter.include("vector")
        rewriter.include("cstddef")
        names = ", ".join(each.report.loop.name for each in chosen)
        doubts = tuple(doubt for each in chosen for doubt in each.doubts if each.always)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(f"{names}: how many elements stay tells where each of them belongs",),
            reasons_against=(f"{names}: the condition is worked out twice", *doubts),
            speculative=bool(doubts),
        )


def _found(parsed: ParsedSource) -> tuple[list[Filter], ParsedSource]:
    """The filtering loops, in the source itself or in what it is with loops over indices."""
    found = list(filters(analyse(parsed)))
    if found:
        return found, parsed
    source, _ = normalized(parsed)
    try:
        loops = reparsed(source, parsed.kernel.name)
        source = lowered(loops, lambda call: call.name in FILTERS)
        read = reparsed(source, parsed.kernel.name)
    except SourceError:
        return [], parsed
    return list(filters(analyse(read))), read


@dataclass
class _Writer:
    """Writes one filtering loop; lines are indented relative to it."""

    filter: Filter
    rewriter: Rewriter
    suffix: str
    """What tells the names of one loop's variables from those of another's."""

    def lines(self, threads: bool) -> list[str]:
        return self.in_threads() if threads else self.on_one_thread()

    def name(self, *wanted: str) -> str:
        return self.rewriter.free_name(*(f"{name}{self.suffix}" for name in wanted))

    def loop(self, start: str, test: str, body: list[str]) -> list[str]:
        loop = self.filter.report.loop
        type_ = self.rewriter.spelled_type(loop.declaration)
        variable = loop.declaration.spelling
        head = f"for ({type_} {variable} = {start}; {test}; ++{variable}) {{"
        declared = [self.rewriter.text(each) for each in self.filter.declared]
        return [head, *self.rewriter.indented([*declared, *body]), "}"]

    def counting(self, start: str, test: str, kept: str) -> list[str]:
        return self.loop(start, test, [self.added(kept)])

    def added(self, target: str) -> str:
        """The condition added to a number, on several lines if it is long."""
        before, text = f"{target} += ", f"{self.filter.condition};"
        if len(before) + len(text) <= _LONG:
            return before + text
        return before + text.replace(" & ", f" &\n{' ' * len(before)}")

    def writing(self, start: str, place: str, end: str) -> list[str]:
        """The pass that writes: it ends with the last element that stays, so none is written behind."""
        found = self.filter
        element = f"{found.output}[{place}]"
        if not found.always:
            body = [
                f"if ({found.condition}) {{",
                *self.rewriter.indented([f"{element} = {found.value};", f"++{place};"]),
                "}",
            ]
        elif found.in_place:
            stays = self.name("stays", "is_kept")
            body = [
                f"const bool {stays} = {found.condition};",
                f"{element} = {found.value};",
                f"{place} += {stays};",
            ]
        else:
            body = [f"{element} = {found.value};", self.added(place)]
        return self.loop(start, f"{place} < {end}", body)

    @property
    def counter(self) -> str:
        return self.filter.counter.spelling if self.filter.counter is not None else ""

    @property
    def counted(self) -> str:
        """The type that places are counted in."""
        counter = self.filter.counter
        spelled = self.rewriter.spelled_type(counter) if counter is not None else "std::size_t"
        return spelled.removesuffix("&").strip()

    def number(self) -> str:
        """How many elements the loop goes through; a bound without a sign is never below 0."""
        low, bound = self.bounds()
        unsigned = "unsigned" in syntax.bare_type(self.filter.report.loop.header[1].type)
        if low == "0":
            return bound if unsigned else f"0 < {bound} ? {bound} : 0"
        return f"{low} < {bound} ? {bound} - {low} : 0"

    def bounds(self) -> tuple[str, str]:
        low, bound = self.filter.report.loop.header
        return self.rewriter.text(low), self.rewriter.text(bound)

    def on_one_thread(self) -> list[str]:
        found = self.filter
        low, bound = self.bounds()
        kept = self.name("kept", "staying")
        place = self.counter or self.name("place", "position")
        end = self.name("end", "places")
        variable = found.report.loop.declaration.spelling
        lines = [
            f"// {_BRANCH}: they are counted, and then every element is"
            if found.always
            else "// How many elements stay is counted first, so that the vector grows once.",
            *(["// written, to the place of the next one that stays."] if found.always else []),
            f"{self.counted} {kept} = 0;",
            *self.counting(low, f"{variable} < {bound}", kept),
        ]
        if self.counter:
            lines.append(f"const {self.counted} {end} = {place} + {kept};")
        else:
            lines += [
                f"std::size_t {place} = {found.output}.size();",
                f"const std::size_t {end} = {place} + {kept};",
                f"{found.output}.resize({end});",
            ]
        return [*lines, *self.writing(low, place, end)]

    def in_threads(self) -> list[str]:
        found = self.filter
        low, _ = self.bounds()
        type_ = self.rewriter.spelled_type(found.report.loop.declaration)
        variable = found.report.loop.declaration.spelling
        count, starts = self.name("count", "elements"), self.name("starts", "first_places")
        threads, thread = self.name("threads", "team"), self.name("thread", "member")
        begin, end = self.name("begin", "part_begin"), self.name("end", "part_end")
        kept, place = self.name("kept", "staying"), self.name("place", "position")
        last = self.name("place_end", "position_end")
        base = self.counter or f"{found.output}.size()"
        total = f"{starts}[{threads}]"
        finish = f"{base} = {total};" if self.counter else f"{found.output}.resize({total});"
        first = "" if low == "0" else f"{low} + "
        inside = [
            f"const std::size_t {threads} = omp_get_num_threads();",
            f"const std::size_t {thread} = omp_get_thread_num();",
            f"const {type_} {begin} = {first}{count} * {thread} / {threads};",
            f"const {type_} {end} = {first}{count} * ({thread} + 1) / {threads};",
            f"std::size_t {kept} = 0;",
            *self.counting(begin, f"{variable} < {end}", kept),
            f"{starts}[{thread} + 1] = {kept};",
            "#pragma omp barrier",
            "#pragma omp single",
            "{",
            *self.rewriter.indented(
                [
                    f"for (std::size_t t = 0; t < {threads}; ++t) {{",
                    *self.rewriter.indented([f"{starts}[t + 1] += {starts}[t];"]),
                    "}",
                    finish,
                ]
            ),
            "}",
            f"std::size_t {place} = {starts}[{thread}];",
            f"const std::size_t {last} = {starts}[{thread} + 1];",
            *self.writing(begin, place, last),
        ]
        without = " without a branch" if found.always else ""
        return [
            f"// {_BRANCH}: each thread counts those of its part, which",
            f"// tells where they belong, and then writes{without}.",
            f"const std::size_t {count} = {self.number()};",
            f"std::vector<std::size_t> {starts}(omp_get_max_threads() + 1, {base});",
            "#pragma omp parallel",
            "{",
            *self.rewriter.indented(inside),
            "}",
        ]
