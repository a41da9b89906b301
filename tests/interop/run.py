"""Runs every `test_*` of the modules named on the command line (all by default); exits 1 if one fails."""

import importlib
import pathlib
import sys
import time
import traceback


def main(names):
    here = pathlib.Path(__file__).parent
    passed, failed = 0, 0
    for name in names or sorted(p.stem for p in here.glob("test_*.py")):
        module = importlib.import_module(name.removesuffix(".py"))
        for test in [getattr(module, t) for t in dir(module) if t.startswith("test_")]:
            start = time.monotonic()
            try:
                test()
            except Exception:
                failed += 1
                print(f"FAILED {name}.{test.__name__}")
                traceback.print_exc()
            else:
                passed += 1
                print(f"ok     {name}.{test.__name__} ({time.monotonic() - start:.1f} s)")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.exit(main(sys.argv[1:]))
