"""`python -m pegbatch` is the `pegbatch` command."""

from pegbatch.cli.main import main

if __name__ == "__main__":
    main()
