from __future__ import annotations

from parallel_agent.toolchain.adapter import (
    AdapterParameter,
    AdapterSpec,
    adapter_sources,
    render_adapter,
)

SPEC = AdapterSpec(
    "geometry::area",
    (
        AdapterParameter("points", "std::vector<geometry::Point>", "const reference"),
        AdapterParameter("out", "double", "pointer"),
        AdapterParameter("weights", "double", "const pointer"),
        AdapterParameter("n", "std::size_t", "value"),
    ),
    "double",
)


def test_the_call_passes_each_argument_its_own_way() -> None:
    text = render_adapter(SPEC)
    assert (
        "result.emplace(::geometry::area(::std::as_const(argument_0), argument_1.get(), "
        "static_cast<const parallel_agent_argument_2*>(argument_2.get()), argument_3));"
    ) in text
    assert "using parallel_agent_argument_0 = std::vector<geometry::Point>;" in text


def test_the_order_of_includes_can_be_chosen() -> None:
    for before in (True, False):
        text = render_adapter(SPEC, "k.hpp", preamble_includes=before)
        assert (text.index('"harness.hpp"') < text.index('"k.hpp"')) is before
        assert text.count("#include") == 2


def test_a_kernel_without_parameters_and_result() -> None:
    text = render_adapter(AdapterSpec("tick", ()))
    assert "        ::tick();" in text
    assert "result" not in text


def test_the_sources_hold_the_kernel_as_it_is() -> None:
    kernel = "// as is\r\nvoid tick() {}"
    sources = adapter_sources(AdapterSpec("tick", ()), kernel)
    assert sorted(sources) == ["adapter.cpp", "harness.hpp", "kernel.hpp"]
    assert sources["kernel.hpp"] == kernel
