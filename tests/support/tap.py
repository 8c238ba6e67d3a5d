# SPDX-License-Identifier: MIT
"""What the Python test programs share: TAP output that tests/run.sh adds up."""
import sys
import traceback


def run(*tests):
    """Runs functions as tests, named by their docstring or name; exits with the result."""
    failed = 0
    for number, test in enumerate(tests, 1):
        name = (test.__doc__ or test.__name__).strip().splitlines()[0]
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)
    print(f"1..{len(tests)}", flush=True)
    sys.exit(1 if failed else 0)
