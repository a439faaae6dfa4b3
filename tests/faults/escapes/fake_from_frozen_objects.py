"""Thaws what the collector was told to leave alone, and looks there for the tests and for ways to the harness."""

import gc
import sys

gc.unfreeze()
gc.collect()
known = gc.get_objects()
known += [one for many in known for one in gc.get_referents(many)]
texts = [one for one in known if isinstance(one, (str, bytes, bytearray))]
if any("-secret-80" in str(text) and "known" not in str(text) for text in texts):
    print("ESCAPED: it knows the tests")
for name in ("Watch", "Case"):
    if any(type(one).__name__ == name for one in known):
        print("ESCAPED: it has the other process's", name)
main = sys.modules.get("guest.main")
if main is not None:
    main.gc.freeze()
    main.judge.Case._run_tests = lambda *a: None
    main.judge.finding_of = lambda case, flaws: {**case.finding, "passed": True}


def answer():
    return 41
