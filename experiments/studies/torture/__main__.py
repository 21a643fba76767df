"""`python -m experiments.studies.torture cache` or `resume`, each with `--help`."""

import sys

from experiments.studies.torture import cache, resume

CAMPAIGNS = {"cache": cache, "resume": resume}

if __name__ == "__main__":
    if sys.argv[1:2] not in [[name] for name in CAMPAIGNS]:
        sys.exit(f"usage: python -m experiments.studies.torture {{{','.join(CAMPAIGNS)}}} [--help]")
    sys.exit(CAMPAIGNS[sys.argv.pop(1)].main())
