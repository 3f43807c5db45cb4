"""How it runs: the command line, the roles it starts, the sample district and the simulator. The top floor."""
