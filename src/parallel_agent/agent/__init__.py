"""The state graph: planner, coder, compiler, profiler, critic."""
