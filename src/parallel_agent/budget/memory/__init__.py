"""Memory: what a model takes to be served or trained, told from its config or header alone.

Nothing here loads a model or imports a framework: the figures come from shapes and formulas.
"""

from parallel_agent.budget.memory.errors import DoesNotFit, ShapeError
from parallel_agent.budget.memory.estimate import MemoryEstimate
from parallel_agent.budget.memory.fitting import (
    ServingFit,
    TrainingFit,
    fit_serving,
    fit_training,
)
from parallel_agent.budget.memory.precision import PRECISIONS, weight_bytes
from parallel_agent.budget.memory.reading import read_shape
from parallel_agent.budget.memory.serving import Engine, kv_cache_bytes, serving_memory
from parallel_agent.budget.memory.shape import Linear, ModelShape
from parallel_agent.budget.memory.training import Method, training_memory
from parallel_agent.budget.memory.units import format_memory, parse_memory

__all__ = [
    "PRECISIONS",
    "DoesNotFit",
    "Engine",
    "Linear",
    "MemoryEstimate",
    "Method",
    "ModelShape",
    "ServingFit",
    "ShapeError",
    "TrainingFit",
    "fit_serving",
    "fit_training",
    "format_memory",
    "kv_cache_bytes",
    "parse_memory",
    "read_shape",
    "serving_memory",
    "training_memory",
    "weight_bytes",
]
