"""Container engines that can run children: one file for each kind of command line."""
