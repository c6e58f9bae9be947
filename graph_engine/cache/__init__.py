"""key -> outputs: memory over disk. A cache may forget anything at any time; it never gives a wrong answer."""

from graph_engine.cache.disk import DiskCache, DiskInfo
from graph_engine.cache.history import History, Recipe
from graph_engine.cache.layered import Cache
from graph_engine.cache.memory import MemoryCache

__all__ = ["Cache", "DiskCache", "DiskInfo", "History", "MemoryCache", "Recipe"]
