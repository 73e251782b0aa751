"""`python -m crdtnotes`: the command line."""

from crdtnotes.cli import main

if __name__ == "__main__":
    main()
