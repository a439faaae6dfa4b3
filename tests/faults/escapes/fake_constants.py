"""Writes into the memory of constants and of its runner's code, as if the other process had them too."""

import ctypes
import gc
import sys

gc.unfreeze()
for module in [module for name, module in sys.modules.items() if name.startswith("guest")]:
    for thing in list(vars(module).values()):
        for function in [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]:
            code = getattr(function, "__code__", None)
            constants = getattr(code, "co_consts", ())
            for number, constant in enumerate(constants):
                if constant is False:
                    place = id(constants) + tuple.__basicsize__ + number * tuple.__itemsize__
                    ctypes.c_void_p.from_address(place).value = id(True)


def answer():
    return 41
