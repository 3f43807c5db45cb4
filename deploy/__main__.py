"""`python -m deploy` is `pingliu`, for processes that start others without knowing where the script lies."""

from deploy.cli import main

main()
