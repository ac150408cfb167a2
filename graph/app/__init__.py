"""The process edge: settings, wiring, commands. The only place with environment, sockets, signals and sleep."""
